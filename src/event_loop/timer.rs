//! Futures that wait until a point in time.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    executor::{EventLoop, on_loop},
    uv::{self, Handle, HandleKind, Uv},
};

thread_local! {
    /// The timer of this thread's loop, made when it is first needed.
    static TIMER: RefCell<Option<Rc<Timer>>> = const { RefCell::new(None) };
}

/// The longest sleep; anything longer is as good as forever.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The one libuv timer that all sleeping futures share. Most of them are time-outs that never happen, as the answer comes
/// first. So the timer is left alone when the earliest of them is dropped, and is set for the next one when it fires.
struct Timer {
    uv: &'static Uv,
    raw: *mut uv::Loop,
    handle: *mut Handle,
    waiting: RefCell<BTreeMap<(Instant, u64), Waker>>,
    next: Cell<u64>,
    set_for: Cell<Option<Instant>>,
}

impl Timer {
    /// The timer of a loop, which is not ending.
    fn of(current: &EventLoop) -> Rc<Self> {
        TIMER.with_borrow_mut(|timer| Rc::clone(timer.get_or_insert_with(|| Rc::new(Self::new(current)))))
    }

    fn new(current: &EventLoop) -> Self {
        let (uv, raw) = (current.uv, current.raw);
        let handle = uv::allocate(uv, HandleKind::Timer);
        // SAFETY: `raw` is the running loop of this thread, and `handle` has the size of a `uv_timer_t`. `uv_timer_init`
        // cannot fail.
        unsafe {
            (uv.timer_init)(raw, handle);
            (uv.unref)(handle);
        }
        current.opened();
        let (waiting, next, set_for) = Default::default();
        Self { uv, raw, handle, waiting, next, set_for }
    }

    fn register(&self, key: (Instant, u64), waker: Waker) {
        self.waiting.borrow_mut().insert(key, waker);
        if self.set_for.get().is_none_or(|set| key.0 < set) {
            self.set(key.0);
        }
    }

    fn set(&self, when: Instant) {
        let left = when.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
        self.set_for.set(Some(when));
        // libuv counts from the last time it read the clock, so it has to read it now.
        // SAFETY: the loop and the handle belong to this thread, and the handle is open: futures register here only
        // while the loop is not ending, and a closed timer does not fire.
        unsafe {
            (self.uv.update_time)(self.raw);
            (self.uv.timer_start)(self.handle, Some(on_time), u64::try_from(left).unwrap_or(u64::MAX), 0);
        }
    }

    fn fire(&self) {
        let due = {
            let mut waiting = self.waiting.borrow_mut();
            let rest = waiting.split_off(&(Instant::now(), u64::MAX));
            std::mem::replace(&mut *waiting, rest)
        };
        due.into_values().for_each(Waker::wake);
        self.set_for.set(None);
        let first = self.waiting.borrow().keys().next().copied();
        if let Some((when, _)) = first {
            self.set(when);
        }
    }
}

/// Closes the timer of the loop, which is ending.
pub(super) fn close(current: &EventLoop) {
    if let Some(timer) = TIMER.take() {
        current.close(timer.handle, on_closed);
    }
}

unsafe extern "C" fn on_time(_: *mut Handle) {
    on_loop(|current| current.turn_after(|| Timer::of(current).fire()));
}

unsafe extern "C" fn on_closed(handle: *mut Handle) {
    on_loop(|current| current.closed(HandleKind::Timer, handle));
}

/// A future that completes at its time. It must be polled on a thread that has a loop.
pub struct Sleep {
    at: Instant,
    key: Option<(Instant, u64)>,
}

impl Sleep {
    pub fn until(at: Instant) -> Self {
        Self { at: at.min(Instant::now() + LONGEST), key: None }
    }

    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.at <= Instant::now() {
            return Poll::Ready(());
        }
        if let Some(current) = EventLoop::current().filter(|current| !current.is_ending()) {
            let timer = Timer::of(&current);
            let key = *self.key.get_or_insert_with(|| (self.at, timer.next.replace(timer.next.get() + 1)));
            timer.register(key, cx.waker().clone());
        }
        Poll::Pending
    }

    pub async fn wait(mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let timer = TIMER.with_borrow(Clone::clone);
        let waker = timer.and_then(|timer: Rc<Timer>| timer.waiting.borrow_mut().remove(&key));
        // It is dropped outside of the borrow: that may drop a task, and with it another sleep.
        drop(waker);
    }
}
