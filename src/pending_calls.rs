//! The calls of one `NativeDialect` that are not done at once. JavaScript gives each call a number, and gives the addon
//! one function, `settle`, that takes the number and the outcome of a call.
//!
//! A call to a server runs on Node's event loop, so that no other thread has to wake up for it. Every other call runs on
//! the addon's tokio runtime: a call to an engine in this process, and all calls where there is no libuv (Bun, Deno).

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    ptr,
    rc::Rc,
    sync::{Arc, Weak},
};

use napi::{
    Either, Env, Status,
    bindgen_prelude::{FnArgs, Function, FunctionRef, JsValue as _, ToNapiValue, spawn},
    sys,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use phantomdb_protocol::{Error, Result};

use crate::{
    error::{Failure, outcome},
    event_loop::EventLoop,
};

/// The name under which Node's tools show the calls on the event loop.
const RESOURCE: &str = "phantomdb";

/// The number of a call, and the JSON text of its answer or the failure.
type SettleArgs = FnArgs<(u32, Either<String, Failure>)>;

/// A call that is under way.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

pub(crate) type Settle<'scope> = Function<'scope, SettleArgs, ()>;

/// Where the calls of a `NativeDialect` run.
pub(crate) enum PendingCalls {
    OnLoop(Rc<LoopCalls>),
    OnRuntime(RuntimeCalls),
}

/// The end of a call that is under way, which fails when its ticket is dropped.
pub(crate) trait Ticket: 'static {
    fn settle(self, answer: Result<String>);
}

impl PendingCalls {
    /// `event_loop` is the loop to run on; without it the calls run on the tokio runtime.
    pub(crate) fn new(
        env: &Env,
        settle: &Settle<'_>,
        event_loop: Option<Rc<EventLoop>>,
    ) -> napi::Result<Self> {
        let on_loop = match event_loop {
            // SAFETY: `settle` is a function of `env`, and N-API calls this on the thread of `env`.
            Some(event_loop) => unsafe { LoopCalls::new(event_loop, env.raw(), settle.raw()) },
            None => None,
        };
        Ok(match on_loop {
            Some(calls) => Self::OnLoop(calls),
            None => Self::OnRuntime(RuntimeCalls { settle: settle.create_ref()?, open: RefCell::default() }),
        })
    }

    /// Runs a call to its end and settles it. The work is on the heap because it is some 10 kB, which would be copied with each
    /// step on the way to its executor.
    pub(crate) fn run(&self, env: &Env, number: u32, work: Work) -> napi::Result<()> {
        match self {
            Self::OnLoop(calls) => {
                let ticket = calls.ticket(number);
                calls.event_loop.spawn(async move { ticket.settle(work.await) });
            }
            Self::OnRuntime(calls) => {
                let ticket = calls.ticket(env, number)?;
                spawn(async move { ticket.settle(work.await) });
            }
        }
        Ok(())
    }
}

/// Calls on the tokio runtime.
pub(crate) struct RuntimeCalls {
    settle: FunctionRef<SettleArgs, ()>,
    /// The way back to JavaScript's thread, which keeps that thread alive. There is one while a call is under way.
    open: RefCell<Weak<Return>>,
}

type Return = ThreadsafeFunction<(u32, Result<String>), (), SettleArgs, Status, false>;

pub(crate) struct RuntimeTicket {
    number: u32,
    /// Taken when the call is settled.
    back: Option<Arc<Return>>,
}

impl RuntimeCalls {
    pub(crate) fn ticket(&self, env: &Env, number: u32) -> napi::Result<RuntimeTicket> {
        let open = self.open.borrow().upgrade();
        let back = match open {
            Some(back) => back,
            None => {
                let settle = self.settle.borrow_back(env)?;
                let builder = settle.build_threadsafe_function::<(u32, Result<String>)>();
                let back = Arc::new(builder.build_callback(|call| {
                    let (number, answer) = call.value;
                    Ok(FnArgs::from((number, outcome(answer))))
                })?);
                *self.open.borrow_mut() = Arc::downgrade(&back);
                back
            }
        };
        Ok(RuntimeTicket { number, back: Some(back) })
    }
}

impl RuntimeTicket {
    fn send(&mut self, answer: Result<String>) {
        if let Some(back) = self.back.take() {
            // It fails only while the thread ends, when nobody waits any more.
            back.call((self.number, answer), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

impl Ticket for RuntimeTicket {
    fn settle(mut self, answer: Result<String>) {
        self.send(answer);
    }
}

impl Drop for RuntimeTicket {
    fn drop(&mut self) {
        if self.back.is_some() {
            self.send(Err(broken_off()));
        }
    }
}

fn broken_off() -> Error {
    Error::internal("the call broke off inside the addon")
}

/// Calls on the event loop of JavaScript's thread.
pub(crate) struct LoopCalls {
    event_loop: Rc<EventLoop>,
    env: sys::napi_env,
    /// Keeps JavaScript's function from being collected while calls are under way, and not longer.
    settle: sys::napi_ref,
    context: sys::napi_async_context,
    under_way: Cell<usize>,
    settled: RefCell<Vec<(u32, Result<String>)>>,
}

pub(crate) struct LoopTicket {
    calls: Rc<LoopCalls>,
    number: u32,
    is_settled: bool,
}

/// True when Node has done what it was asked for. It refuses while its thread ends, when nobody waits any more.
fn is_done(status: sys::napi_status) -> bool {
    status == sys::Status::napi_ok
}

impl LoopCalls {
    /// # Safety
    ///
    /// `settle` must be a function of `env`, and this the thread of `env`.
    unsafe fn new(
        event_loop: Rc<EventLoop>,
        env: sys::napi_env,
        settle: sys::napi_value,
    ) -> Option<Rc<Self>> {
        let (mut reference, mut name, mut context) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let length = RESOURCE.len().cast_signed();
        // SAFETY: the caller vouches for `env` and `settle`; the pointers lead to variables that outlive the calls.
        let is_made = unsafe {
            is_done(sys::napi_create_string_utf8(env, RESOURCE.as_ptr().cast(), length, &raw mut name))
                && is_done(sys::napi_async_init(env, ptr::null_mut(), name, &raw mut context))
                && is_done(sys::napi_create_reference(env, settle, 0, &raw mut reference))
        };
        let (under_way, settled) = Default::default();
        let calls = Self { event_loop, env, settle: reference, context, under_way, settled };
        is_made.then(|| Rc::new(calls))
    }

    /// Begins a call.
    pub(crate) fn ticket(self: &Rc<Self>, number: u32) -> LoopTicket {
        if self.under_way.replace(self.under_way.get() + 1) == 0 {
            // SAFETY: this is the thread of `env`, since the calls are not `Send`; the reference lives as long as they do.
            unsafe { sys::napi_reference_ref(self.env, self.settle, ptr::null_mut()) };
            self.event_loop.hold();
        }
        LoopTicket { calls: Rc::clone(self), number, is_settled: false }
    }

    pub(crate) fn event_loop(&self) -> &Rc<EventLoop> {
        &self.event_loop
    }

    fn settle(self: &Rc<Self>, number: u32, answer: Result<String>) {
        let mut settled = self.settled.borrow_mut();
        settled.push((number, answer));
        if settled.len() == 1 {
            let calls = Rc::clone(self);
            self.event_loop.afterwards(Box::new(move || calls.deliver()));
        }
    }

    /// Tells JavaScript of all calls that are settled. What JavaScript does then, to the last of its microtasks, is done
    /// when this ends.
    fn deliver(&self) {
        let settled = self.settled.take();
        let (mut handles, mut scope, mut resource) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the event loop does this on the thread of `env`, outside of every other call into it. Both scopes are
        // closed in the reverse order of their opening.
        unsafe {
            if !is_done(sys::napi_open_handle_scope(self.env, &raw mut handles)) {
                return;
            }
            // Node 12 opens no scope without an object; later versions ignore it.
            sys::napi_get_global(self.env, &raw mut resource);
            if is_done(sys::napi_open_callback_scope(self.env, resource, self.context, &raw mut scope)) {
                let count = settled.len();
                self.call_settle(settled);
                self.end(count);
                sys::napi_close_callback_scope(self.env, scope);
            }
            sys::napi_close_handle_scope(self.env, handles);
        }
    }

    /// # Safety
    ///
    /// This must be the thread of `env`, with a handle scope and a callback scope open.
    unsafe fn call_settle(&self, settled: Vec<(u32, Result<String>)>) {
        let (mut settle, mut undefined) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the caller vouches for the thread and the scopes; the reference lives as long as the calls.
        unsafe {
            sys::napi_get_reference_value(self.env, self.settle, &raw mut settle);
            sys::napi_get_undefined(self.env, &raw mut undefined);
        }
        if settle.is_null() {
            return;
        }
        for (number, answer) in settled {
            // SAFETY: as above.
            let arguments = unsafe {
                let answer = match answer {
                    Ok(text) => String::to_napi_value(self.env, text),
                    Err(error) => Failure::to_napi_value(self.env, error.into()),
                };
                match (u32::to_napi_value(self.env, number), answer) {
                    (Ok(number), Ok(answer)) => [number, answer],
                    _ => continue,
                }
            };
            // SAFETY: as above; `settle` is a function, and the arguments are values of `env` in the open scope.
            unsafe {
                let mut result = ptr::null_mut();
                let called = sys::napi_call_function(
                    self.env,
                    undefined,
                    settle,
                    arguments.len(),
                    arguments.as_ptr(),
                    &raw mut result,
                );
                if called == sys::Status::napi_pending_exception {
                    let mut thrown = ptr::null_mut();
                    sys::napi_get_and_clear_last_exception(self.env, &raw mut thrown);
                    sys::napi_fatal_exception(self.env, thrown);
                }
            }
        }
    }

    /// Notes that so many calls are over.
    fn end(&self, count: usize) {
        let left = self.under_way.get().saturating_sub(count);
        self.under_way.set(left);
        if left == 0 {
            // SAFETY: as in `ticket`, which has counted the reference up.
            unsafe { sys::napi_reference_unref(self.env, self.settle, ptr::null_mut()) };
            self.event_loop.release();
        }
    }
}

impl Drop for LoopCalls {
    fn drop(&mut self) {
        // SAFETY: this is the thread of `env`, since the calls are not `Send`, and nothing uses the two after this.
        unsafe {
            sys::napi_delete_reference(self.env, self.settle);
            sys::napi_async_destroy(self.env, self.context);
        }
    }
}

impl Ticket for LoopTicket {
    fn settle(mut self, answer: Result<String>) {
        self.is_settled = true;
        self.calls.settle(self.number, answer);
    }
}

impl Drop for LoopTicket {
    fn drop(&mut self) {
        if !self.is_settled {
            self.calls.settle(self.number, Err(broken_off()));
        }
    }
}
