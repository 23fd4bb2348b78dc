//! A TCP connection on the loop.

use std::{
    cell::{Cell, RefCell},
    ffi::c_int,
    io::{self, ErrorKind, IoSlice, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    EventLoop, on_loop,
    uv::{self, Handle, Kind, READABLE, WRITABLE},
};

pub(super) type Shared = Rc<State>;

/// What the socket and the loop both have.
pub(super) struct State {
    handle: *mut Handle,
    /// None once it is closed.
    stream: RefCell<Option<TcpStream>>,
    /// What libuv is asked to look for.
    watched: Cell<c_int>,
    /// There was nothing to read, and libuv has not told of more since.
    is_drained: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
}

/// Reads and writes without waiting. It belongs to the thread whose loop was current when it was made.
pub struct Socket(Shared);

// Made, used and dropped in tasks of one loop, which all run on its thread. They have to be `Send` since the same code runs on
// other runtimes where there is no such loop.
unsafe impl Send for Socket {}

impl Socket {
    /// `stream` must not block. Fails when this thread has no loop, or has ended.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        let current = EventLoop::current().filter(|current| !current.is_ending()).ok_or_else(closed)?;
        let uv = current.uv;
        let handle = uv::allocate(uv, Kind::Poll);
        let code = unsafe { (uv.poll_init_socket)(current.raw, handle, raw(&stream)) };
        if code != 0 {
            // It was not initialised.
            unsafe { uv::free(uv, Kind::Poll, handle) };
            return Err(io::Error::other("the socket cannot be watched"));
        }
        // A connection that waits for its next use is no reason to stay alive.
        unsafe { (uv.release)(handle) };
        let (watched, is_drained, reader, writer) = Default::default();
        let state =
            Rc::new(State { handle, stream: Some(stream).into(), watched, is_drained, reader, writer });
        current.handles.set(current.handles.get() + 1);
        current.sockets.borrow_mut().insert(handle, Rc::clone(&state));
        Ok(Self(state))
    }
}

#[cfg(unix)]
fn raw(stream: &TcpStream) -> uv::RawSocket {
    std::os::fd::AsRawFd::as_raw_fd(stream)
}

#[cfg(windows)]
fn raw(stream: &TcpStream) -> uv::RawSocket {
    std::os::windows::io::AsRawSocket::as_raw_socket(stream)
}

fn closed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the connection was closed since its thread ends")
}

impl State {
    pub(super) fn close(&self) {
        self.stream.take();
        self.reader.take();
        self.writer.take();
    }

    /// Does it at once, or wakes the task when it can be done.
    fn attempt<T>(
        &self,
        interest: c_int,
        cx: &Context<'_>,
        mut work: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let stream = self.stream.borrow();
        let Some(stream) = &*stream else { return Poll::Ready(Err(closed())) };
        while interest != READABLE || !self.is_drained.get() {
            match work(stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                done => return Poll::Ready(done),
            }
        }
        self.is_drained.set(self.is_drained.get() || interest == READABLE);
        let waiting = if interest == READABLE { &self.reader } else { &self.writer };
        *waiting.borrow_mut() = Some(cx.waker().clone());
        match self.watch(self.watched.get() | interest) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn watch(&self, events: c_int) -> io::Result<()> {
        if self.watched.replace(events) == events {
            return Ok(());
        }
        let current = EventLoop::current().ok_or_else(closed)?;
        let code = unsafe {
            match events {
                0 => (current.uv.poll_stop)(self.handle),
                _ => (current.uv.poll_start)(self.handle, events, Some(on_ready)),
            }
        };
        if code == 0 { Ok(()) } else { Err(io::Error::other("the socket cannot be watched")) }
    }

    /// What nobody waits for is not watched on, or libuv would tell it again and again.
    fn ready(&self, events: c_int) {
        let mut watched = self.watched.get() & !(events & WRITABLE);
        if events & READABLE != 0 {
            self.is_drained.set(false);
            match self.reader.take() {
                Some(waker) => waker.wake(),
                None => watched &= !READABLE,
            }
        }
        if events & WRITABLE != 0
            && let Some(waker) = self.writer.take()
        {
            waker.wake();
        }
        if self.watch(watched).is_err() {
            // Whoever reads or writes next is told by the system.
            self.watched.set(0);
            self.is_drained.set(false);
        }
    }
}

unsafe extern "C" fn on_ready(handle: *mut Handle, status: c_int, events: c_int) {
    on_loop(|current| {
        let socket = current.sockets.borrow().get(&handle).cloned();
        let Some(socket) = socket else { return };
        // What went wrong is told by the next read or write.
        let events = if status < 0 { READABLE | WRITABLE } else { events };
        current.turn_after(|| socket.ready(events));
    });
}

pub(super) unsafe extern "C" fn on_closed(handle: *mut Handle) {
    on_loop(|current| current.closed(Kind::Poll, handle));
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(current) = EventLoop::current() else { return };
        let known = current.sockets.borrow_mut().remove(&self.0.handle);
        // Else the loop has closed it already.
        if known.is_some() {
            current.close(self.0.handle, on_closed);
            self.0.close();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.initialize_unfilled();
        let size = room.len();
        let read = self.0.attempt(READABLE, cx, |mut stream| stream.read(room));
        read.map_ok(|count| {
            // Less than there was room for is all there was; at the end of the stream the next read tells so again.
            self.0.is_drained.set((1..size).contains(&count));
            buffer.advance(count);
        })
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.attempt(WRITABLE, cx, |mut stream| stream.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.attempt(WRITABLE, cx, |mut stream| stream.write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.attempt(WRITABLE, cx, |stream| stream.shutdown(Shutdown::Write))
    }
}
