//! The functions of libuv that this addon uses. Node exports them to addons; they are looked up on first use, so that the
//! addon also loads in a runtime that does not have them.

use std::{
    ffi::{c_int, c_uint},
    sync::LazyLock,
};

/// A libuv handle of any kind. Its size comes from `uv_handle_size`; its fields are libuv's own.
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

/// Bits of a poll handle's events (`UV_READABLE`).
pub(super) const READABLE: c_int = 1;
/// `UV_WRITABLE`.
pub(super) const WRITABLE: c_int = 2;

/// The kinds of handles used here, with their numbers in `uv_handle_type`, which is part of libuv's stable ABI.
#[derive(Clone, Copy)]
#[repr(i32)]
pub(super) enum HandleKind {
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
                // SAFETY: the caller vouches that these are libuv's functions, and the types are those of the header
                // of libuv 1.
                unsafe { Some(Self { $($name: *process.get($symbol.as_bytes()).ok()?,)* }) }
            }
        }
    };
}

functions! {
    handle_size = "uv_handle_size": fn(c_int) -> usize;
    hold = "uv_ref": fn(*mut Handle);
    unref = "uv_unref": fn(*mut Handle);
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

/// The functions of the program that loaded the addon; `None` when it lacks one of them.
pub(super) static UV: LazyLock<Option<Uv>> = LazyLock::new(|| {
    #[cfg(unix)]
    let process = Process::this();
    #[cfg(windows)]
    let process = Process::this().ok()?;
    // SAFETY: a program that exports functions of all these names has libuv, or a replacement with the same interface.
    let uv = unsafe { Uv::find(&process) }?;
    // SAFETY: `uv_version` takes no arguments and may be called at any time.
    let major = unsafe { (uv.version)() } >> 16;
    (major == 1).then_some(uv)
});

/// The size of a handle in units of `u128`, whose alignment is enough for every handle.
fn units(uv: &Uv, kind: HandleKind) -> usize {
    // SAFETY: `uv_handle_size` only looks the number of the kind up.
    unsafe { (uv.handle_size)(kind as c_int) }.div_ceil(size_of::<u128>())
}

/// Allocates memory for a handle, which libuv then initialises.
pub(super) fn allocate(uv: &Uv, kind: HandleKind) -> *mut Handle {
    let units = units(uv, kind);
    Box::into_raw(vec![0_u128; units].into_boxed_slice()).cast()
}

/// Frees the memory of a handle.
///
/// # Safety
///
/// `handle` must come from [`allocate`] with the same kind, and libuv must have called back that it is closed, or must never
/// have initialised it.
pub(super) unsafe fn free(uv: &Uv, kind: HandleKind, handle: *mut Handle) {
    let units = units(uv, kind);
    // SAFETY: `allocate` made it of as many units, and nothing refers to it any more.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(handle.cast::<u128>(), units)) });
}
