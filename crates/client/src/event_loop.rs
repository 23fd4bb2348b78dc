//! The seam between the client and an event loop that it runs on instead of tokio.
//!
//! A host program that has an event loop (Node has libuv) hands it in: it makes the loop current on its thread with
//! [`set_current`], and every call of that thread connects, waits and reads on that loop. Without a current loop the
//! client runs on tokio.

use std::{cell::RefCell, io, net::TcpStream, pin::Pin, rc::Rc, time::Instant};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
};

/// A byte stream that reads and writes without blocking.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A task or a timer of an event loop.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the client needs of an event loop. All of it is called on the thread of the loop.
pub trait EventLoop {
    /// Runs a future until it ends.
    fn spawn(&self, work: Work);
    /// Takes over a connected stream that does not block.
    fn stream(&self, stream: TcpStream) -> io::Result<Box<dyn Io>>;
    /// A future that ends at that time.
    fn sleep_until(&self, at: Instant) -> Work;
    /// The tokio runtime that looks up names and connects.
    fn tokio(&self) -> Handle;
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn EventLoop>>> = const { RefCell::new(None) };
}

/// Makes a loop the one that the calls of this thread run on; `None` gives them back to tokio.
pub fn set_current(event_loop: Option<Rc<dyn EventLoop>>) {
    CURRENT.set(event_loop);
}

/// The loop of this thread, if it has one.
pub(crate) fn current() -> Option<Rc<dyn EventLoop>> {
    CURRENT.with_borrow(Clone::clone)
}
