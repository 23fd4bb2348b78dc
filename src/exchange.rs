//! The calls of one `NativeDialect` that are answered on the event loop: JavaScript knows each by a number, and has a function
//! that is told what came of it.

use std::{
    cell::{Cell, RefCell},
    ptr,
    rc::Rc,
};

use napi::{bindgen_prelude::ToNapiValue, sys};
use phantomdb_protocol::{Error, Result};

use crate::{error::Failure, event_loop::EventLoop};

/// The name under which Node's tools show these calls.
const RESOURCE: &str = "phantomdb";

pub(crate) struct Exchange {
    event_loop: Rc<EventLoop>,
    env: sys::napi_env,
    /// Keeps JavaScript's function from being collected while calls are under way, and not longer: it belongs to the object
    /// that this one belongs to.
    settle: sys::napi_ref,
    context: sys::napi_async_context,
    next: Cell<u32>,
    under_way: Cell<usize>,
    answered: RefCell<Vec<(u32, Result<String>)>>,
}

/// One call that is to be answered. When nothing is heard of it any more, that is the answer.
pub(crate) struct Ticket {
    exchange: Rc<Exchange>,
    number: u32,
    is_answered: bool,
}

/// What Node refuses while its thread ends, nobody waits for any more.
fn is_done(status: sys::napi_status) -> bool {
    status == sys::Status::napi_ok
}

impl Exchange {
    /// `settle` is called with a number and either the JSON text of an answer or a failure.
    ///
    /// # Safety
    ///
    /// `settle` must be a function of `env`, and this the thread of `env`.
    pub(crate) unsafe fn new(
        event_loop: Rc<EventLoop>,
        env: sys::napi_env,
        settle: sys::napi_value,
    ) -> Option<Rc<Self>> {
        let (mut reference, mut name, mut context) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let length = RESOURCE.len().cast_signed();
        let is_made = unsafe {
            is_done(sys::napi_create_string_utf8(env, RESOURCE.as_ptr().cast(), length, &raw mut name))
                && is_done(sys::napi_async_init(env, ptr::null_mut(), name, &raw mut context))
                && is_done(sys::napi_create_reference(env, settle, 0, &raw mut reference))
        };
        let (next, under_way, answered) = Default::default();
        let exchange = Self { event_loop, env, settle: reference, context, next, under_way, answered };
        is_made.then(|| Rc::new(exchange))
    }

    /// Begins a call.
    pub(crate) fn ticket(self: &Rc<Self>) -> Ticket {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        if self.under_way.replace(self.under_way.get() + 1) == 0 {
            unsafe { sys::napi_reference_ref(self.env, self.settle, ptr::null_mut()) };
            self.event_loop.hold();
        }
        Ticket { exchange: Rc::clone(self), number, is_answered: false }
    }

    pub(crate) fn event_loop(&self) -> &Rc<EventLoop> {
        &self.event_loop
    }

    fn answer(self: &Rc<Self>, number: u32, answer: Result<String>) {
        let mut answered = self.answered.borrow_mut();
        answered.push((number, answer));
        if answered.len() == 1 {
            let exchange = Rc::clone(self);
            self.event_loop.afterwards(Box::new(move || exchange.deliver()));
        }
    }

    /// Tells JavaScript all that was answered. What it does then, to the last of its microtasks, is done when this ends.
    fn deliver(&self) {
        let answered = self.answered.take();
        let (mut handles, mut scope) = (ptr::null_mut(), ptr::null_mut());
        unsafe {
            if !is_done(sys::napi_open_handle_scope(self.env, &raw mut handles)) {
                return;
            }
            if is_done(sys::napi_open_callback_scope(self.env, ptr::null_mut(), self.context, &raw mut scope))
            {
                let count = answered.len();
                self.tell(answered);
                self.end(count);
                sys::napi_close_callback_scope(self.env, scope);
            }
            sys::napi_close_handle_scope(self.env, handles);
        }
    }

    unsafe fn tell(&self, answered: Vec<(u32, Result<String>)>) {
        let (mut settle, mut nothing) = (ptr::null_mut(), ptr::null_mut());
        unsafe {
            sys::napi_get_reference_value(self.env, self.settle, &raw mut settle);
            sys::napi_get_undefined(self.env, &raw mut nothing);
        }
        if settle.is_null() {
            return;
        }
        for (number, answer) in answered {
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
            unsafe {
                let mut result = ptr::null_mut();
                let called = sys::napi_call_function(
                    self.env,
                    nothing,
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

    /// So many calls are answered.
    fn end(&self, count: usize) {
        let left = self.under_way.get().saturating_sub(count);
        self.under_way.set(left);
        if left == 0 {
            unsafe { sys::napi_reference_unref(self.env, self.settle, ptr::null_mut()) };
            self.event_loop.release();
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        unsafe {
            sys::napi_delete_reference(self.env, self.settle);
            sys::napi_async_destroy(self.env, self.context);
        }
    }
}

impl Ticket {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn answer(mut self, answer: Result<String>) {
        self.is_answered = true;
        self.exchange.answer(self.number, answer);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_answered {
            self.exchange.answer(self.number, Err(Error::internal("the call broke off inside the addon")));
        }
    }
}
