//! Times that futures wait for.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    EventLoop, on_loop,
    uv::{self, Handle, Kind, Uv},
};

/// Much after every time that anybody waits for.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// One timer of libuv for all that wait. Most wait in vain: their answers come before. So the timer is not set anew
/// when the first of them stops waiting, and is when it goes off.
pub(super) struct Timer {
    uv: &'static Uv,
    raw: *mut uv::Loop,
    handle: *mut Handle,
    waiting: RefCell<BTreeMap<(Instant, u64), Waker>>,
    next: Cell<u64>,
    set_for: Cell<Option<Instant>>,
}

impl Timer {
    pub(super) fn new(uv: &'static Uv, raw: *mut uv::Loop) -> Self {
        let handle = uv::allocate(uv, Kind::Timer);
        // It cannot fail.
        unsafe {
            (uv.timer_init)(raw, handle);
            (uv.release)(handle);
        }
        let (waiting, next, set_for) = Default::default();
        Self { uv, raw, handle, waiting, next, set_for }
    }

    pub(super) fn handle(&self) -> *mut Handle {
        self.handle
    }

    fn wait(&self, key: (Instant, u64), waker: Waker) {
        self.waiting.borrow_mut().insert(key, waker);
        if self.set_for.get().is_none_or(|set| key.0 < set) {
            self.set(key.0);
        }
    }

    fn set(&self, when: Instant) {
        let left = when.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
        self.set_for.set(Some(when));
        // libuv counts from when it last looked at the clock.
        unsafe {
            (self.uv.update_time)(self.raw);
            (self.uv.timer_start)(self.handle, Some(on_time), u64::try_from(left).unwrap_or(u64::MAX), 0);
        }
    }

    fn go_off(&self) {
        let late = {
            let mut waiting = self.waiting.borrow_mut();
            let rest = waiting.split_off(&(Instant::now(), u64::MAX));
            std::mem::replace(&mut *waiting, rest)
        };
        late.into_values().for_each(Waker::wake);
        self.set_for.set(None);
        let first = self.waiting.borrow().keys().next().copied();
        if let Some((when, _)) = first {
            self.set(when);
        }
    }
}

unsafe extern "C" fn on_time(_: *mut Handle) {
    on_loop(|current| current.turn_after(|| current.timer.go_off()));
}

pub(super) unsafe extern "C" fn on_closed(handle: *mut Handle) {
    on_loop(|current| current.closed(Kind::Timer, handle));
}

/// Ends at its time. To be polled on the thread of a loop only.
pub struct Expiry {
    at: Instant,
    key: Option<(Instant, u64)>,
}

impl Expiry {
    pub fn new(at: Instant) -> Self {
        Self { at: at.min(Instant::now() + FAR), key: None }
    }

    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.at <= Instant::now() {
            return Poll::Ready(());
        }
        if let Some(current) = EventLoop::current().filter(|current| !current.is_ending()) {
            let timer = &current.timer;
            let key = *self.key.get_or_insert_with(|| (self.at, timer.next.replace(timer.next.get() + 1)));
            timer.wait(key, cx.waker().clone());
        }
        Poll::Pending
    }

    pub async fn wait(mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let gone =
            EventLoop::current().and_then(|current: Rc<_>| current.timer.waiting.borrow_mut().remove(&key));
        drop(gone);
    }
}
