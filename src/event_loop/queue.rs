//! The queue of tasks that are ready, which wakers on any thread add to.

use std::{
    collections::VecDeque,
    ptr,
    thread::{self, ThreadId},
};

use async_task::Runnable;
use parking_lot::Mutex;

use super::uv::{Handle, Uv};

/// The tasks of a loop that are ready to run. Wakers share it, so any thread may add to it.
pub(super) struct TaskQueue {
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

impl TaskQueue {
    /// `handle` is an open `uv_async_t` of this thread's loop.
    pub(super) fn new(uv: &'static Uv, handle: *mut Handle) -> Self {
        let waker = LoopWaker { uv, handle, is_turning: false };
        Self { thread: thread::current().id(), ready: Mutex::default(), waker: waker.into() }
    }

    /// Adds a task, without waking the loop.
    pub(super) fn push(&self, runnable: Runnable) {
        self.ready.lock().push_back(runnable);
    }

    pub(super) fn pop(&self) -> Option<Runnable> {
        self.ready.lock().pop_front()
    }

    /// Notes whether the loop runs tasks, and returns what was noted before.
    pub(super) fn set_turning(&self, is_turning: bool) -> bool {
        std::mem::replace(&mut self.waker.lock().is_turning, is_turning)
    }

    /// The handle that wakes the loop; null once it is closed.
    pub(super) fn handle(&self) -> *mut Handle {
        self.waker.lock().handle
    }

    /// Takes the handle out, so that no thread wakes the loop any more.
    pub(super) fn take_handle(&self) -> *mut Handle {
        std::mem::replace(&mut self.waker.lock().handle, ptr::null_mut())
    }

    /// Adds a task and wakes the loop. Any thread may call this.
    pub(super) fn schedule(&self, runnable: Runnable) {
        self.push(runnable);
        let is_loop_thread = thread::current().id() == self.thread;
        let waker = self.waker.lock();
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
