//! The tokio runtime under every connection of the process, and how a thread waits for what runs on it without the GIL.

use std::{
    pin::{Pin, pin},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::runtime::Runtime;

/// How long a thread waits before it looks whether Ctrl-C was pressed.
const SIGNALS: Duration = Duration::from_millis(100);

/// The longest time that the end of the interpreter waits for callbacks that run.
const CALLBACKS: Duration = Duration::from_secs(5);

/// The number of threads of the runtime that call Python, or are about to.
static CALLING: AtomicUsize = AtomicUsize::new(0);

/// True once the interpreter ends, so that no thread may call Python any more.
static ENDING: AtomicBool = AtomicBool::new(false);

/// The runtime, and the process that it belongs to.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// The runtime of this process. A process that was forked gets one of its own, because the threads of the other one did not
/// come with it.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    let mut current = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((_, runtime)) = current.filter(|(owner, _)| *owner == process) {
        return Ok(runtime);
    }
    let made = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("phantomdb")
        .enable_all()
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("no threads for the client: {error}")))?;
    let runtime: &'static Runtime = Box::leak(Box::new(made));
    *current = Some((process, runtime));
    CALLING.store(0, Ordering::SeqCst);
    Ok(runtime)
}

/// Waits for the callbacks that run, and lets no other begin. Python calls this before it ends: a thread that still holds the
/// GIL when the interpreter is taken down ends the process with a fatal error.
#[pyfunction]
pub(crate) fn end_callbacks(py: Python<'_>) {
    ENDING.store(true, Ordering::SeqCst);
    let owner = RUNTIME.try_lock().ok().and_then(|current| current.map(|(owner, _)| owner));
    // The threads did not come along into a process that was forked.
    if owner != Some(std::process::id()) {
        return;
    }
    py.detach(|| {
        let end = Instant::now() + CALLBACKS;
        while CALLING.load(Ordering::SeqCst) > 0 && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Calls Python, unless the interpreter ends; then nobody waits for the outcome.
pub(crate) fn call_python(call: impl FnOnce(Python<'_>)) {
    CALLING.fetch_add(1, Ordering::SeqCst);
    if !ENDING.load(Ordering::SeqCst) {
        Python::try_attach(call);
    }
    CALLING.fetch_sub(1, Ordering::SeqCst);
}

/// Waits for the future without the GIL. Raises what a signal handler raises; the future is dropped then.
pub(crate) fn block_on<T: Send>(py: Python<'_>, future: impl Future<Output = T> + Send) -> PyResult<T> {
    block_on_runtime(py, runtime()?, future)
}

/// Does the same for work that is most often done at once, as a short statement in memory is: it needs no timer and no way to
/// wake this thread then.
pub(crate) fn poll_or_block_on<T: Send>(
    py: Python<'_>,
    mut work: Pin<Box<dyn Future<Output = T> + Send>>,
) -> PyResult<T> {
    let runtime = runtime()?;
    let polled = py.detach(|| {
        let _within = runtime.enter();
        work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    match polled {
        Poll::Ready(done) => Ok(done),
        // It is polled again, with a waker of this thread.
        Poll::Pending => block_on_runtime(py, runtime, work),
    }
}

/// Does the same on another runtime. Signal handlers run outside of the runtime, so that they may wait on it, too.
pub(crate) fn block_on_runtime<T: Send>(
    py: Python<'_>,
    runtime: &Runtime,
    future: impl Future<Output = T> + Send,
) -> PyResult<T> {
    let mut future = pin!(future);
    loop {
        let future = future.as_mut();
        let done = py.detach(|| runtime.block_on(async { tokio::time::timeout(SIGNALS, future).await }));
        match done {
            Ok(done) => return Ok(done),
            Err(_) => py.check_signals()?,
        }
    }
}
