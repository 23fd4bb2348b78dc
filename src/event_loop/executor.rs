//! The executor: it runs the tasks of one thread, and owns the handles of libuv that wake it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

use async_task::Task;
use napi::sys;
use phantomdb_client::event_loop as seam;

use super::{
    queue::TaskQueue,
    uv::{self, Handle, HandleKind, Uv},
};

thread_local! {
    static CURRENT: RefCell<Option<Rc<EventLoop>>> = const { RefCell::new(None) };
}

/// Work that runs after a turn, outside of every future, so that it may call into JavaScript.
type Deferred = Box<dyn FnOnce()>;

/// The executor of one thread. See the documentation of the module above.
pub struct EventLoop {
    pub(super) uv: &'static Uv,
    pub(super) raw: *mut uv::Loop,
    queue: Arc<TaskQueue>,
    /// All running tasks; they are cancelled when the thread ends.
    tasks: RefCell<HashMap<u64, Task<()>>>,
    next_task: Cell<u64>,
    deferred: RefCell<Vec<Deferred>>,
    runs_deferred: Cell<bool>,
    /// The number of calls that keep the thread from ending.
    holds: Cell<usize>,
    /// The number of handles that libuv has not closed yet.
    handles: Cell<usize>,
    /// The hook to remove when all handles are closed; it is set once the thread ends.
    cleanup: Cell<Option<sys::napi_async_cleanup_hook_handle>>,
}

impl EventLoop {
    /// The loop of this thread, if one was started.
    pub fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Starts the loop of this thread. `raw` must be the running libuv loop of the thread.
    pub(super) fn start(uv: &'static Uv, raw: *mut uv::Loop) -> Option<Rc<Self>> {
        let handle = uv::allocate(uv, HandleKind::Async);
        // SAFETY: `raw` is the running loop of this thread, and `handle` has the size of a `uv_async_t`.
        if unsafe { (uv.async_init)(raw, handle, Some(on_wake)) } != 0 {
            // SAFETY: libuv did not initialise the handle, so nothing else refers to it.
            unsafe { uv::free(uv, HandleKind::Async, handle) };
            return None;
        }
        // SAFETY: the handle was just initialised on this thread.
        unsafe { (uv.unref)(handle) };
        let (tasks, next_task, deferred, runs_deferred, holds, cleanup) = Default::default();
        let started = Rc::new(Self {
            uv,
            raw,
            queue: Arc::new(TaskQueue::new(uv, handle)),
            tasks,
            next_task,
            deferred,
            runs_deferred,
            holds,
            // The handle of the queue.
            handles: Cell::new(1),
            cleanup,
        });
        CURRENT.set(Some(Rc::clone(&started)));
        Some(started)
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
        self.queue.push(runnable);
    }

    /// Runs every task that is ready, and then the deferred work.
    pub fn turn(&self) {
        self.turn_after(|| {});
    }

    /// Calls `wake`, which wakes tasks, and runs them. Inside a turn, that turn runs them.
    pub(super) fn turn_after(&self, wake: impl FnOnce()) {
        let is_nested = self.queue.set_turning(true);
        wake();
        if is_nested {
            return;
        }
        loop {
            let Some(runnable) = self.queue.pop() else { break };
            // A panic in one call must not end the others.
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
        self.queue.set_turning(false);
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
        let handle = self.queue.handle();
        match (before, holds) {
            _ if handle.is_null() => {}
            // SAFETY: the handle is open (else null), and this is the thread of its loop.
            (0, 1) => unsafe { (self.uv.hold)(handle) },
            // SAFETY: as above.
            (1, 0) => unsafe { (self.uv.unref)(handle) },
            _ => {}
        }
    }

    pub(super) fn is_ending(&self) -> bool {
        self.queue.handle().is_null()
    }

    /// Drops every task. No other thread wakes the loop any more.
    pub(super) fn cancel_tasks(&self) {
        let waker = self.queue.take_handle();
        drop(self.tasks.take());
        // A cancelled task is scheduled once more; running it drops its future.
        loop {
            let Some(runnable) = self.queue.pop() else { break };
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
        self.deferred.take();
        self.close(waker, on_waker_closed);
    }

    /// Removes the hook once all handles are closed, so that Node goes on to end the thread.
    pub(super) fn remove_when_closed(&self, cleanup: sys::napi_async_cleanup_hook_handle) {
        self.cleanup.set(Some(cleanup));
    }

    /// Counts a handle that was initialised.
    pub(super) fn opened(&self) {
        self.handles.set(self.handles.get() + 1);
    }

    /// Begins to close a handle. Its owner must not use it after this.
    pub(super) fn close(&self, handle: *mut Handle, closed: uv::Callback) {
        // SAFETY: each handle is closed once (its owner forgets it first), on the thread of its loop, and its memory is
        // freed only in the callback.
        unsafe { (self.uv.close)(handle, Some(closed)) };
    }

    /// Frees a handle. libuv has called back that it is closed.
    pub(super) fn closed(&self, kind: HandleKind, handle: *mut Handle) {
        // SAFETY: libuv has called back that it closed the handle, which `uv::allocate` made with the same kind.
        unsafe { uv::free(self.uv, kind, handle) };
        self.handles.set(self.handles.get() - 1);
        if self.handles.get() == 0
            && let Some(cleanup) = self.cleanup.take()
        {
            CURRENT.set(None);
            seam::set_current(None);
            // SAFETY: the hook was given by Node when the thread began to end, and it is removed once.
            unsafe { sys::napi_remove_async_cleanup_hook(cleanup) };
        }
    }
}

/// Passes a callback of libuv on to the loop of its thread.
pub(super) fn on_loop(work: impl FnOnce(&Rc<EventLoop>)) {
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
