//! Work on the event loop of the Node thread that an addon runs on. A call to a server begins where JavaScript makes it, and its
//! answer is read there, so that no other thread has to wake up in between: each of those costs more than the call.
//!
//! An [`EventLoop`] is an executor for futures, which libuv turns: a socket that is ready, a time that has come, or a
//! waker that another thread has called. There is one for each thread that runs JavaScript.

mod socket;
mod timer;
mod uv;

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    ffi::c_void,
    io,
    net::TcpStream,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Instant,
};

use async_task::{Runnable, Task};
use napi::{bindgen_prelude::within_runtime_if_available, sys};
use phantomdb_client::event_loop::{self as seam, Io, Work};
use tokio::runtime::Handle as Tokio;

pub use self::{socket::Socket, timer::Expiry};
use self::{
    timer::Timer,
    uv::{Handle, Kind, UV, Uv},
};

thread_local! {
    static CURRENT: RefCell<Option<Rc<EventLoop>>> = const { RefCell::new(None) };
}

/// Work that is to be done after a turn, outside of every future: to call into JavaScript.
type Afterwards = Box<dyn FnOnce()>;

pub struct EventLoop {
    uv: &'static Uv,
    raw: *mut uv::Loop,
    wake: Arc<Wake>,
    timer: Timer,
    /// All that run, to be let go of when the thread ends.
    tasks: RefCell<HashMap<u64, Task<()>>>,
    next_task: Cell<u64>,
    sockets: RefCell<HashMap<*mut Handle, socket::Shared>>,
    afterwards: RefCell<Vec<Afterwards>>,
    is_after: Cell<bool>,
    /// What keeps the thread from ending.
    holds: Cell<usize>,
    /// Handles that libuv has not let go of yet.
    handles: Cell<usize>,
    /// To be told when it has let go of all.
    cleanup: Cell<Option<sys::napi_async_cleanup_hook_handle>>,
}

/// What other threads have of a loop.
struct Wake {
    thread: ThreadId,
    ready: Mutex<VecDeque<Runnable>>,
    signal: Mutex<Signal>,
}

struct Signal {
    uv: &'static Uv,
    /// Null once it is closed.
    handle: *mut Handle,
    /// The loop looks for what is ready before it sleeps, so that it need not be woken.
    is_turning: bool,
}

// `uv_async_send` is the one function of libuv that may be called from any thread, and the handle is only used for it.
unsafe impl Send for Signal {}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wake {
    fn schedule(&self, runnable: Runnable) {
        guard(&self.ready).push_back(runnable);
        let is_here = thread::current().id() == self.thread;
        let signal = guard(&self.signal);
        if !(is_here && signal.is_turning) {
            signal.send();
        }
    }
}

impl Signal {
    fn send(&self) {
        if !self.handle.is_null() {
            unsafe { (self.uv.async_send)(self.handle) };
        }
    }
}

impl EventLoop {
    /// That of this thread, if it has one.
    pub fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// That of this thread, which is begun when there is none. None where JavaScript does not run on libuv.
    pub fn of(env: sys::napi_env) -> Option<Rc<Self>> {
        if let Some(current) = Self::current() {
            return Some(current);
        }
        let uv = UV.as_ref()?;
        let mut raw = ptr::null_mut();
        if unsafe { sys::napi_get_uv_event_loop(env, &raw mut raw) } != sys::Status::napi_ok {
            return None;
        }
        let raw: *mut uv::Loop = raw.cast();
        let begun = Rc::new(Self::begin(uv, raw)?);
        let mut handle = ptr::null_mut();
        unsafe { sys::napi_add_async_cleanup_hook(env, Some(end), ptr::null_mut(), &raw mut handle) };
        CURRENT.set(Some(Rc::clone(&begun)));
        seam::set_current(Some(Rc::clone(&begun) as Rc<dyn seam::EventLoop>));
        Some(begun)
    }

    fn begin(uv: &'static Uv, raw: *mut uv::Loop) -> Option<Self> {
        let handle = uv::allocate(uv, Kind::Async);
        if unsafe { (uv.async_init)(raw, handle, Some(on_signal)) } != 0 {
            // It was not initialised.
            unsafe { uv::free(uv, Kind::Async, handle) };
            return None;
        }
        unsafe { (uv.release)(handle) };
        let signal = Signal { uv, handle, is_turning: false };
        let wake = Wake { thread: thread::current().id(), ready: Mutex::default(), signal: signal.into() };
        Some(Self {
            uv,
            raw,
            wake: Arc::new(wake),
            timer: Timer::new(uv, raw),
            tasks: RefCell::default(),
            next_task: Cell::default(),
            sockets: RefCell::default(),
            afterwards: RefCell::default(),
            is_after: Cell::default(),
            holds: Cell::default(),
            handles: Cell::new(2),
            cleanup: Cell::default(),
        })
    }

    /// Runs a future until it ends, or the thread does: then it is dropped. It is first polled in the next turn, which is
    /// the caller's to begin, unless it is in one.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let id = self.next_task.replace(self.next_task.get() + 1);
        let wake = Arc::clone(&self.wake);
        let run = async move {
            future.await;
            let task = Self::current().and_then(|current| current.tasks.borrow_mut().remove(&id));
            if let Some(task) = task {
                task.detach();
            }
        };
        let (runnable, task) = async_task::spawn_local(run, move |runnable| wake.schedule(runnable));
        self.tasks.borrow_mut().insert(id, task);
        guard(&self.wake.ready).push_back(runnable);
    }

    /// Runs all that can go on, and then what is to be done afterwards.
    pub fn turn(&self) {
        self.turn_after(|| {});
    }

    /// Does a work that wakes tasks, and runs them.
    fn turn_after(&self, work: impl FnOnce()) {
        let is_within = std::mem::replace(&mut guard(&self.wake.signal).is_turning, true);
        work();
        if is_within {
            return;
        }
        loop {
            let next = guard(&self.wake.ready).pop_front();
            let Some(runnable) = next else { break };
            // A defect in one call is not to take the others along.
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
        guard(&self.wake.signal).is_turning = false;
        self.finish();
    }

    /// Keeps work for after the turn.
    pub fn afterwards(&self, work: Afterwards) {
        self.afterwards.borrow_mut().push(work);
    }

    /// What is done may lead to another turn, and that to more to be done, which comes after it.
    fn finish(&self) {
        if self.is_after.replace(true) {
            return;
        }
        loop {
            let work = self.afterwards.take();
            if work.is_empty() {
                break;
            }
            work.into_iter().for_each(|work| work());
        }
        self.is_after.set(false);
    }

    /// Keeps the thread from ending until [`Self::release`]. It counts.
    pub fn hold(&self) {
        self.count(self.holds.get() + 1);
    }

    pub fn release(&self) {
        self.count(self.holds.get().saturating_sub(1));
    }

    fn count(&self, holds: usize) {
        let before = self.holds.replace(holds);
        let handle = guard(&self.wake.signal).handle;
        match (before, holds) {
            _ if handle.is_null() => {}
            (0, 1) => unsafe { (self.uv.hold)(handle) },
            (1, 0) => unsafe { (self.uv.release)(handle) },
            _ => {}
        }
    }

    fn is_ending(&self) -> bool {
        guard(&self.wake.signal).handle.is_null()
    }

    /// Lets go of all that runs and of every handle.
    fn end(&self) {
        let signal = std::mem::replace(&mut guard(&self.wake.signal).handle, ptr::null_mut());
        drop(self.tasks.take());
        // Each of those is run once more, to be dropped.
        loop {
            let next = guard(&self.wake.ready).pop_front();
            let Some(runnable) = next else { break };
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
        self.afterwards.take();
        for (handle, socket) in self.sockets.take() {
            socket.close();
            self.close(handle, socket::on_closed);
        }
        self.close(self.timer.handle(), timer::on_closed);
        self.close(signal, on_signal_closed);
    }

    fn close(&self, handle: *mut Handle, closed: uv::Callback) {
        unsafe { (self.uv.close)(handle, Some(closed)) };
    }

    /// libuv has let go of a handle.
    fn closed(&self, kind: Kind, handle: *mut Handle) {
        unsafe { uv::free(self.uv, kind, handle) };
        self.handles.set(self.handles.get() - 1);
        if self.handles.get() == 0
            && let Some(cleanup) = self.cleanup.take()
        {
            CURRENT.set(None);
            seam::set_current(None);
            // Node goes on to end the thread.
            unsafe { sys::napi_remove_async_cleanup_hook(cleanup) };
        }
    }
}

impl seam::EventLoop for EventLoop {
    fn spawn(&self, work: Work) {
        Self::spawn(self, work);
    }

    fn stream(&self, stream: TcpStream) -> io::Result<Box<dyn Io>> {
        Ok(Box::new(Socket::new(stream)?))
    }

    fn sleep_until(&self, at: Instant) -> Work {
        Box::pin(Expiry::new(at).wait())
    }

    fn tokio(&self) -> Tokio {
        within_runtime_if_available(Tokio::current)
    }
}

/// Runs what libuv calls back for, on the loop it calls from.
fn on_loop(work: impl FnOnce(&Rc<EventLoop>)) {
    if let Some(current) = EventLoop::current() {
        work(&current);
    }
}

unsafe extern "C" fn on_signal(_: *mut Handle) {
    on_loop(|current| current.turn());
}

unsafe extern "C" fn on_signal_closed(handle: *mut Handle) {
    on_loop(|current| current.closed(Kind::Async, handle));
}

/// Node's thread ends.
unsafe extern "C" fn end(handle: sys::napi_async_cleanup_hook_handle, _: *mut c_void) {
    on_loop(|current| {
        current.cleanup.set(Some(handle));
        current.end();
    });
}
