//! Runs futures on the event loop of a Node thread, so that a call to a server is sent and its answer is read on the thread
//! that made the call. Waking a second thread in between would cost more than the call itself.
//!
//! An [`EventLoop`] is an executor for futures that libuv drives: it runs when a socket is ready, when a timer fires, or when
//! another thread calls a waker. Each thread that runs JavaScript has one.

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
use phantomdb_client::event_loop::{self as seam, AsyncStream};
use tokio::runtime::Handle as Tokio;

pub use self::{socket::Socket, timer::Sleep};
use self::{
    timer::Timer,
    uv::{Handle, HandleKind, UV, Uv},
};

thread_local! {
    static CURRENT: RefCell<Option<Rc<EventLoop>>> = const { RefCell::new(None) };
}

/// Work that runs after a turn, outside of every future, so that it may call into JavaScript.
type Deferred = Box<dyn FnOnce()>;

pub struct EventLoop {
    uv: &'static Uv,
    raw: *mut uv::Loop,
    queue: Arc<TaskQueue>,
    timer: Timer,
    /// All running tasks; they are cancelled when the thread ends.
    tasks: RefCell<HashMap<u64, Task<()>>>,
    next_task: Cell<u64>,
    sockets: RefCell<HashMap<*mut Handle, socket::SharedState>>,
    deferred: RefCell<Vec<Deferred>>,
    runs_deferred: Cell<bool>,
    /// The number of calls that keep the thread from ending.
    holds: Cell<usize>,
    /// The number of handles that libuv has not closed yet.
    handles: Cell<usize>,
    /// The hook to remove when all handles are closed; it is set once the thread ends.
    cleanup: Cell<Option<sys::napi_async_cleanup_hook_handle>>,
}

/// The tasks of a loop that are ready to run. Wakers share it, so any thread may add to it.
struct TaskQueue {
    thread: ThreadId,
    ready: Mutex<VecDeque<Runnable>>,
    waker: Mutex<LoopWaker>,
}

/// The `uv_async_t` that wakes the loop from other threads.
struct LoopWaker {
    uv: &'static Uv,
    /// Null once it is closed.
    handle: *mut Handle,
    /// True while the loop runs tasks. It looks into the queue again before it sleeps, so it need not be woken.
    is_turning: bool,
}

// SAFETY: other threads use the handle only in `LoopWaker::send`, for `uv_async_send`, the one function of libuv that may be
// called from any thread. The mutex around it and the null check keep that call from meeting a closed handle.
unsafe impl Send for LoopWaker {}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TaskQueue {
    fn schedule(&self, runnable: Runnable) {
        guard(&self.ready).push_back(runnable);
        let is_loop_thread = thread::current().id() == self.thread;
        let waker = guard(&self.waker);
        if !(is_loop_thread && waker.is_turning) {
            waker.send();
        }
    }
}

impl LoopWaker {
    fn send(&self) {
        if !self.handle.is_null() {
            // SAFETY: the handle is initialised and not closed (it would be null), and any thread may call this function.
            unsafe { (self.uv.async_send)(self.handle) };
        }
    }
}

impl EventLoop {
    /// The loop of this thread, if one was started.
    pub fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

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
        let raw: *mut uv::Loop = raw.cast();
        let started = Rc::new(Self::start(uv, raw)?);
        let mut handle = ptr::null_mut();
        // SAFETY: `env` is the environment of this thread, and the hook needs no data of its own.
        unsafe {
            sys::napi_add_async_cleanup_hook(env, Some(on_thread_end), ptr::null_mut(), &raw mut handle);
        }
        CURRENT.set(Some(Rc::clone(&started)));
        seam::set_current(Some(Rc::clone(&started) as Rc<dyn seam::EventLoop>));
        Some(started)
    }

    fn start(uv: &'static Uv, raw: *mut uv::Loop) -> Option<Self> {
        let handle = uv::allocate(uv, HandleKind::Async);
        // SAFETY: `raw` is the running loop of this thread, and `handle` has the size of a `uv_async_t`.
        if unsafe { (uv.async_init)(raw, handle, Some(on_wake)) } != 0 {
            // SAFETY: libuv did not initialise the handle, so nothing else refers to it.
            unsafe { uv::free(uv, HandleKind::Async, handle) };
            return None;
        }
        // SAFETY: the handle was just initialised on this thread.
        unsafe { (uv.unref)(handle) };
        let waker = LoopWaker { uv, handle, is_turning: false };
        let queue =
            TaskQueue { thread: thread::current().id(), ready: Mutex::default(), waker: waker.into() };
        Some(Self {
            uv,
            raw,
            queue: Arc::new(queue),
            timer: Timer::new(uv, raw),
            tasks: RefCell::default(),
            next_task: Cell::default(),
            sockets: RefCell::default(),
            deferred: RefCell::default(),
            runs_deferred: Cell::default(),
            holds: Cell::default(),
            // The waker's and the timer's.
            handles: Cell::new(2),
            cleanup: Cell::default(),
        })
    }

    /// Runs a future until it completes. When the thread ends first, the future is dropped. It is first polled in the
    /// current turn or, outside a turn, in the next one, which the caller has to start.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let id = self.next_task.replace(self.next_task.get() + 1);
        let queue = Arc::clone(&self.queue);
        let run = async move {
            future.await;
            let task = Self::current().and_then(|current| current.tasks.borrow_mut().remove(&id));
            if let Some(task) = task {
                task.detach();
            }
        };
        let (runnable, task) = async_task::spawn_local(run, move |runnable| queue.schedule(runnable));
        self.tasks.borrow_mut().insert(id, task);
        guard(&self.queue.ready).push_back(runnable);
    }

    /// Runs every task that is ready, and then the deferred work.
    pub fn turn(&self) {
        self.turn_after(|| {});
    }

    /// Calls `wake`, which wakes tasks, and runs them. Inside a turn, that turn runs them.
    fn turn_after(&self, wake: impl FnOnce()) {
        let is_nested = std::mem::replace(&mut guard(&self.queue.waker).is_turning, true);
        wake();
        if is_nested {
            return;
        }
        loop {
            let next = guard(&self.queue.ready).pop_front();
            let Some(runnable) = next else { break };
            // A panic in one call must not end the others.
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
        guard(&self.queue.waker).is_turning = false;
        self.run_deferred();
    }

    /// Keeps work until the current turn is over.
    pub fn afterwards(&self, work: Deferred) {
        self.deferred.borrow_mut().push(work);
    }

    /// Deferred work may start another turn, and that turn may defer more work; the outermost call runs all of it.
    fn run_deferred(&self) {
        if self.runs_deferred.replace(true) {
            return;
        }
        loop {
            let deferred = self.deferred.take();
            if deferred.is_empty() {
                break;
            }
            deferred.into_iter().for_each(|work| work());
        }
        self.runs_deferred.set(false);
    }

    /// Keeps the thread from ending until [`Self::release`] was called as often as this.
    pub fn hold(&self) {
        self.set_holds(self.holds.get() + 1);
    }

    /// Takes one [`Self::hold`] back.
    pub fn release(&self) {
        self.set_holds(self.holds.get().saturating_sub(1));
    }

    fn set_holds(&self, holds: usize) {
        let before = self.holds.replace(holds);
        let handle = guard(&self.queue.waker).handle;
        match (before, holds) {
            _ if handle.is_null() => {}
            // SAFETY: the handle is open (else null), and this is the thread of its loop.
            (0, 1) => unsafe { (self.uv.hold)(handle) },
            // SAFETY: as above.
            (1, 0) => unsafe { (self.uv.unref)(handle) },
            _ => {}
        }
    }

    fn is_ending(&self) -> bool {
        guard(&self.queue.waker).handle.is_null()
    }

    /// Drops every task and closes every handle.
    fn shut_down(&self) {
        let waker = std::mem::replace(&mut guard(&self.queue.waker).handle, ptr::null_mut());
        drop(self.tasks.take());
        // A cancelled task is scheduled once more; running it drops its future.
        loop {
            let next = guard(&self.queue.ready).pop_front();
            let Some(runnable) = next else { break };
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
        self.deferred.take();
        for (handle, socket) in self.sockets.take() {
            socket.close();
            self.close(handle, socket::on_closed);
        }
        self.close(self.timer.handle(), timer::on_closed);
        self.close(waker, on_waker_closed);
    }

    fn close(&self, handle: *mut Handle, closed: uv::Callback) {
        // SAFETY: each handle is closed once (its owner forgets it first), on the thread of its loop, and its memory is
        // freed only in the callback.
        unsafe { (self.uv.close)(handle, Some(closed)) };
    }

    /// Called when libuv has closed a handle.
    fn closed(&self, kind: HandleKind, handle: *mut Handle) {
        // SAFETY: libuv has called back that it closed the handle, which `uv::allocate` made with the same kind.
        unsafe { uv::free(self.uv, kind, handle) };
        self.handles.set(self.handles.get() - 1);
        if self.handles.get() == 0
            && let Some(cleanup) = self.cleanup.take()
        {
            CURRENT.set(None);
            seam::set_current(None);
            // SAFETY: the hook was given by `on_thread_end`, and it is removed once. Node then ends the thread.
            unsafe { sys::napi_remove_async_cleanup_hook(cleanup) };
        }
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

    fn tokio_runtime(&self) -> Tokio {
        within_runtime_if_available(Tokio::current)
    }
}

/// Passes a callback of libuv on to the loop of its thread.
fn on_loop(work: impl FnOnce(&Rc<EventLoop>)) {
    if let Some(current) = EventLoop::current() {
        work(&current);
    }
}

unsafe extern "C" fn on_wake(_: *mut Handle) {
    on_loop(|current| current.turn());
}

unsafe extern "C" fn on_waker_closed(handle: *mut Handle) {
    on_loop(|current| current.closed(HandleKind::Async, handle));
}

/// Called by Node when the thread is about to end.
unsafe extern "C" fn on_thread_end(handle: sys::napi_async_cleanup_hook_handle, _: *mut c_void) {
    on_loop(|current| {
        current.cleanup.set(Some(handle));
        current.shut_down();
    });
}
