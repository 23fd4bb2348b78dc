//! The functions of libuv that a loop of Node's is reached by. Node exports them to addons; they are looked up when first
//! needed, so that the addon can be loaded where there are none.

use std::{
    ffi::{c_int, c_uint},
    sync::LazyLock,
};

/// A handle of any kind: libuv says how large it is, and nobody else looks into it.
#[repr(C)]
pub(super) struct Handle {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(super) struct Loop {
    _opaque: [u8; 0],
}

pub(super) type Callback = unsafe extern "C" fn(*mut Handle);
pub(super) type PollCallback = unsafe extern "C" fn(*mut Handle, c_int, c_int);

#[cfg(unix)]
pub(super) type RawSocket = std::os::fd::RawFd;
#[cfg(windows)]
pub(super) type RawSocket = std::os::windows::io::RawSocket;

/// What a socket is ready for, as bits.
pub(super) const READABLE: c_int = 1;
pub(super) const WRITABLE: c_int = 2;

/// Kinds of handles, by their numbers in `uv_handle_type`, which is part of libuv's stable ABI.
#[derive(Clone, Copy)]
#[repr(i32)]
pub(super) enum Kind {
    Async = 1,
    Poll = 8,
    Timer = 13,
}

macro_rules! functions {
    ($($name:ident = $symbol:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        pub(super) struct Uv {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Uv {
            /// # Safety
            ///
            /// The functions of these names in this process must be libuv's.
            unsafe fn find(process: &Process) -> Option<Self> {
                // The types are those of libuv's header, version 1.
                unsafe { Some(Self { $($name: *process.get($symbol.as_bytes()).ok()?,)* }) }
            }
        }
    };
}

functions! {
    handle_size = "uv_handle_size": fn(c_int) -> usize;
    hold = "uv_ref": fn(*mut Handle);
    release = "uv_unref": fn(*mut Handle);
    close = "uv_close": fn(*mut Handle, Option<Callback>);
    async_init = "uv_async_init": fn(*mut Loop, *mut Handle, Option<Callback>) -> c_int;
    async_send = "uv_async_send": fn(*mut Handle) -> c_int;
    poll_init_socket = "uv_poll_init_socket": fn(*mut Loop, *mut Handle, RawSocket) -> c_int;
    poll_start = "uv_poll_start": fn(*mut Handle, c_int, Option<PollCallback>) -> c_int;
    poll_stop = "uv_poll_stop": fn(*mut Handle) -> c_int;
    timer_init = "uv_timer_init": fn(*mut Loop, *mut Handle) -> c_int;
    timer_start = "uv_timer_start": fn(*mut Handle, Option<Callback>, u64, u64) -> c_int;
    update_time = "uv_update_time": fn(*mut Loop);
    version = "uv_version": fn() -> c_uint;
}

#[cfg(unix)]
use libloading::os::unix::Library as Process;
#[cfg(windows)]
use libloading::os::windows::Library as Process;

/// Those of the program that this is loaded into, if it has all of them.
pub(super) static UV: LazyLock<Option<Uv>> = LazyLock::new(|| {
    #[cfg(unix)]
    let process = Process::this();
    #[cfg(windows)]
    let process = Process::this().ok()?;
    // Whoever exports functions of all these names is libuv, or stands in for it.
    let uv = unsafe { Uv::find(&process) }?;
    let major = unsafe { (uv.version)() } >> 16;
    (major == 1).then_some(uv)
});

/// Memory for a handle, which libuv initialises.
pub(super) fn allocate(uv: &Uv, kind: Kind) -> *mut Handle {
    let units = unsafe { (uv.handle_size)(kind as c_int) }.div_ceil(size_of::<u128>());
    Box::into_raw(vec![0_u128; units].into_boxed_slice()).cast()
}

/// Gives back what [`allocate`] gave.
///
/// # Safety
///
/// libuv must have called back that the handle is closed, or never have initialised it.
pub(super) unsafe fn free(uv: &Uv, kind: Kind, handle: *mut Handle) {
    let units = unsafe { (uv.handle_size)(kind as c_int) }.div_ceil(size_of::<u128>());
    // It was made of just so many.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(handle.cast::<u128>(), units)) });
}
