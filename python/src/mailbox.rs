//! The way back to an event loop of asyncio. Outcomes of calls wait in the mailbox of the loop, and a byte in a socket wakes the
//! loop, whose thread makes Python's objects of them. So no other thread waits for the GIL.

use std::{
    io,
    sync::{Arc, Mutex, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use pyo3::{exceptions::PyOSError, prelude::*};

use super::state::Work;
use crate::{operation::convert, reads::Reads, runtime::runtime};

use super::letters::{Letters, Ticket, Wake, guard};

/// The time that the loop gives to calls which are done at once, until it has come to other work.
const AT_ONCE: Duration = Duration::from_millis(5);

/// The mailbox of one event loop. Its methods are called on the thread of the loop.
///
/// `wake` is called on another thread when the mailbox is no longer empty. Without it a socket becomes readable, whose number
/// is `fileno()`; `deliver` is to be called then.
#[pyclass(frozen, module = "phantomdb._native")]
pub(crate) struct Mailbox {
    pub(crate) letters: Arc<Letters>,
    pub(crate) reads: Reads,
    /// What calls that are done at once have taken since the loop last came here.
    spent: Mutex<Duration>,
}

/// A call that runs in the background.
#[pyclass(frozen, module = "phantomdb._native")]
pub(crate) struct Running {
    pub(crate) ticket: Arc<Ticket>,
    /// True for a call that `Mailbox.flush` sends, and that is the first of those.
    pub(crate) is_first: bool,
}

#[pymethods]
impl Running {
    /// Says which future of asyncio the outcome settles. Returns True when `flush` of the mailbox is to be called in the next
    /// turn of the loop.
    fn settles(&self, future: Py<PyAny>) -> bool {
        *guard(&self.ticket.future) = Some(future);
        self.is_first
    }

    /// Gives the call up.
    fn cancel(&self) {
        self.ticket.is_given_up.store(true, Ordering::SeqCst);
        guard(&self.ticket.future).take();
        if let Some(task) = self.ticket.task.get() {
            task.abort();
        }
        let held = guard(&self.ticket.held).take();
        if let Some(held) = held {
            held.end(true);
        }
    }
}

#[pymethods]
impl Mailbox {
    #[new]
    #[pyo3(signature = (wake=None))]
    fn new(wake: Option<Py<PyAny>>) -> PyResult<Self> {
        let wake = match wake {
            Some(callback) => Wake::Callback(callback),
            None => Wake::socket().map_err(|error| PyOSError::new_err(error.to_string()))?,
        };
        let letters = Arc::new(Letters { waiting: Mutex::default(), wake });
        Ok(Self { reads: Reads::new(Arc::clone(&letters)), letters, spent: Mutex::default() })
    }

    /// The number of the socket that becomes readable.
    #[cfg(unix)]
    fn fileno(&self) -> PyResult<i32> {
        match &self.letters.wake {
            Wake::Socket { reader, .. } => Ok(std::os::fd::AsRawFd::as_raw_fd(reader)),
            Wake::Callback(_) => Err(PyOSError::new_err("the mailbox has no socket")),
        }
    }

    /// Settles the futures of the calls that have come back.
    fn deliver(&self, py: Python<'_>) {
        #[cfg(unix)]
        if let Wake::Socket { reader, .. } = &self.letters.wake {
            // First, so that the byte of a later outcome stays.
            let _ = io::Read::read(&mut &*reader, &mut [0; 64]);
        }
        *guard(&self.spent) = Duration::ZERO;
        let waiting = std::mem::take(&mut *guard(&self.letters.waiting));
        for (ticket, outcome) in waiting {
            let Some(future) = guard(&ticket.future).take() else { continue };
            let future = future.bind(py);
            if let Err(error) = settle(future, convert(py, outcome)) {
                error.write_unraisable(py, Some(future));
            }
        }
    }

    /// Sends the reads that the tasks of the last turn have made.
    fn flush(&self) -> PyResult<()> {
        self.reads.flush(runtime()?);
        Ok(())
    }
}

fn settle(future: &Bound<'_, PyAny>, outcome: PyResult<Py<PyAny>>) -> PyResult<()> {
    if future.call_method0("done")?.is_truthy()? {
        return Ok(());
    }
    match outcome {
        Ok(value) => future.call_method1("set_result", (value,)),
        Err(error) => future.call_method1("set_exception", (error.into_value(future.py()),)),
    }
    .map(drop)
}

impl Mailbox {
    /// Begins work. Returns its outcome when it is known at once, and a [`Running`] otherwise. With `at_once` the work begins on
    /// this thread.
    pub(crate) fn begin(&self, py: Python<'_>, mut work: Work, at_once: bool) -> PyResult<Py<PyAny>> {
        let runtime = runtime()?;
        if at_once && *guard(&self.spent) < AT_ONCE {
            let _within = runtime.enter();
            let start = Instant::now();
            let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            *guard(&self.spent) += start.elapsed();
            if let Poll::Ready(outcome) = polled {
                return convert(py, outcome);
            }
            // The runtime polls it again, with a waker of its own.
        }
        let ticket = Arc::<Ticket>::default();
        let (letters, answered) = (Arc::clone(&self.letters), Arc::clone(&ticket));
        let task = runtime.spawn(async move { letters.push(answered, work.await) });
        let _ = ticket.task.set(task.abort_handle());
        Ok(Py::new(py, Running { ticket, is_first: false })?.into_any())
    }
}
