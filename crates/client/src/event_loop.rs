//! The seam for an event loop that the client runs on instead of tokio.
//!
//! A host program that has an event loop (Node has libuv, Python has asyncio) implements [`EventLoop`] and makes the loop
//! current on its thread with [`set_current`]. Every future of a [`Client`](crate::Client) that is polled on that thread then
//! connects, reads, writes and waits on that loop, and no other thread wakes up for a call. The one exception is a new
//! connection: looking a name up may block, so it happens on the tokio runtime that the loop names.
//!
//! On a thread without a current loop the client runs on tokio. One client may be used from both kinds of threads, but a
//! future must stay on the thread that first polled it.
//!
//! This loop runs on a `LocalSet`. One for a real event loop has the same four methods:
//!
//! ```
//! use std::{io, net, rc::Rc, time::Instant};
//!
//! use phantomdb_client::event_loop::{AsyncStream, EventLoop, Task, set_current};
//! use tokio::{net::TcpStream, runtime::Handle, task, time};
//!
//! struct LocalLoop {
//!     runtime: Handle,
//! }
//!
//! impl EventLoop for LocalLoop {
//!     fn spawn(&self, task: Task) {
//!         task::spawn_local(task);
//!     }
//!
//!     fn adopt(&self, stream: net::TcpStream) -> io::Result<Box<dyn AsyncStream>> {
//!         Ok(Box::new(TcpStream::from_std(stream)?))
//!     }
//!
//!     fn sleep_until(&self, time: Instant) -> Task {
//!         Box::pin(time::sleep_until(time.into()))
//!     }
//!
//!     fn tokio_runtime(&self) -> Handle {
//!         self.runtime.clone()
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! set_current(Some(Rc::new(LocalLoop { runtime: runtime.handle().clone() })));
//! // The calls of this thread now run on the loop.
//! set_current(None);
//! ```

use std::{cell::RefCell, io, net::TcpStream, pin::Pin, rc::Rc, time::Instant};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
};

/// A byte stream that reads and writes without blocking.
pub trait AsyncStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> AsyncStream for T {}

/// A future without an output that runs on an event loop. It is `Send` because the same future may run on tokio.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An event loop. The client calls its methods on the thread of the loop only.
pub trait EventLoop {
    /// Runs a task in the background until it completes.
    fn spawn(&self, task: Task);
    /// Takes over a connected stream, which is in non-blocking mode.
    fn adopt(&self, stream: TcpStream) -> io::Result<Box<dyn AsyncStream>>;
    /// Returns a future that completes at the given time.
    fn sleep_until(&self, time: Instant) -> Task;
    /// The tokio runtime that looks up names and makes connections.
    fn tokio_runtime(&self) -> Handle;
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn EventLoop>>> = const { RefCell::new(None) };
}

/// Makes `event_loop` the loop of this thread. With `None` the calls of this thread run on tokio again.
pub fn set_current(event_loop: Option<Rc<dyn EventLoop>>) {
    CURRENT.set(event_loop);
}

/// The loop of this thread, if it has one.
pub(crate) fn current() -> Option<Rc<dyn EventLoop>> {
    CURRENT.with_borrow(Clone::clone)
}
