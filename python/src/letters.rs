//! The outcomes that an event loop has not seen yet.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use phantomdb_protocol::Result;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::held::Held;
use crate::{operation::Outcome, runtime::call_python};

pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outcomes that the loop has not seen yet.
pub(crate) struct Letters {
    pub(crate) waiting: Mutex<Vec<(Arc<Ticket>, Result<Outcome>)>>,
    pub(crate) wake: Wake,
}

pub(crate) enum Wake {
    #[cfg(unix)]
    Socket {
        reader: std::os::unix::net::UnixStream,
        writer: std::os::unix::net::UnixStream,
    },
    Callback(Py<PyAny>),
}

impl Wake {
    #[cfg(unix)]
    pub(crate) fn socket() -> io::Result<Self> {
        let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self::Socket { reader, writer })
    }

    #[cfg(not(unix))]
    pub(crate) fn socket() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn wake(&self) {
        match self {
            #[cfg(unix)]
            Self::Socket { writer, .. } => {
                // It fails when the loop has so many bytes to read already that it wakes in any case.
                let _ = io::Write::write(&mut &*writer, &[1]);
            }
            Self::Callback(callback) => call_python(|py| {
                // The event loop may be closed, which nobody waits on either.
                drop(callback.call0(py));
            }),
        }
    }
}

impl Letters {
    pub(crate) fn push(&self, ticket: Arc<Ticket>, outcome: Result<Outcome>) {
        let mut waiting = guard(&self.waiting);
        waiting.push((ticket, outcome));
        let is_first = waiting.len() == 1;
        drop(waiting);
        if is_first {
            self.wake.wake();
        }
    }
}

/// A call that a task waits for.
#[derive(Default)]
pub(crate) struct Ticket {
    /// The future of asyncio that it settles.
    pub(crate) future: Mutex<Option<Py<PyAny>>>,
    pub(crate) is_given_up: AtomicBool,
    pub(crate) task: OnceLock<AbortHandle>,
    /// What a read has while it is one of several in a request.
    pub(crate) held: Mutex<Option<Held>>,
}

impl Ticket {
    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::SeqCst)
    }
}
