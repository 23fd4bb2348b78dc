//! Runs futures on the event loop of a Node thread, so that a call to a server is sent and its answer is read on the thread
//! that made the call. Waking a second thread in between would cost more than the call itself.
//!
//! An [`EventLoop`] is an executor for futures that libuv drives: it runs when a socket is ready, when a timer fires, or when
//! another thread calls a waker. Each thread that runs JavaScript has one.

mod executor;
mod queue;
mod socket;
mod timer;
mod uv;

use std::{ffi::c_void, io, net::TcpStream, ptr, rc::Rc, time::Instant};

use napi::{bindgen_prelude::within_runtime_if_available, sys};
use phantomdb_client::event_loop::{self as seam, AsyncStream};
use tokio::runtime::Handle;

pub use self::executor::EventLoop;
use self::{executor::on_loop, socket::Socket, timer::Sleep, uv::UV};

impl EventLoop {
    /// The loop of this thread, started on first use. `None` where JavaScript does not run on libuv. `env` must be the
    /// environment of this thread.
    pub fn of(env: sys::napi_env) -> Option<Rc<Self>> {
        if let Some(current) = Self::current() {
            return Some(current);
        }
        let uv = UV.as_ref()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `env` is the environment of this thread, and `raw` is a valid place for the pointer.
        if unsafe { sys::napi_get_uv_event_loop(env, &raw mut raw) } != sys::Status::napi_ok {
            return None;
        }
        let started = Self::start(uv, raw.cast())?;
        let mut handle = ptr::null_mut();
        // SAFETY: `env` is the environment of this thread, and the hook needs no data of its own.
        unsafe {
            sys::napi_add_async_cleanup_hook(env, Some(on_thread_end), ptr::null_mut(), &raw mut handle);
        }
        seam::set_current(Some(Rc::clone(&started) as Rc<dyn seam::EventLoop>));
        Some(started)
    }
}

impl seam::EventLoop for EventLoop {
    fn spawn(&self, task: seam::Task) {
        Self::spawn(self, task);
    }

    fn adopt(&self, stream: TcpStream) -> io::Result<Box<dyn AsyncStream>> {
        Ok(Box::new(Socket::new(stream)?))
    }

    fn sleep_until(&self, time: Instant) -> seam::Task {
        Box::pin(Sleep::until(time).wait())
    }

    fn tokio_runtime(&self) -> Handle {
        within_runtime_if_available(Handle::current)
    }
}

/// Called by Node when the thread is about to end. Drops every task and closes every handle.
unsafe extern "C" fn on_thread_end(hook: sys::napi_async_cleanup_hook_handle, _: *mut c_void) {
    on_loop(|current| {
        current.remove_when_closed(hook);
        current.cancel_tasks();
        socket::close_all(current);
        timer::close(current);
    });
}
