//! A TCP connection on the loop.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ffi::c_int,
    io::{self, ErrorKind, IoSlice, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    executor::{EventLoop, on_loop},
    uv::{self, Handle, HandleKind, READABLE, WRITABLE},
};

thread_local! {
    /// The open sockets of this thread's loop, by their handles.
    static SOCKETS: RefCell<HashMap<*mut Handle, Rc<SocketState>>> = RefCell::default();
}

/// The state that a socket shares with the callbacks of libuv.
struct SocketState {
    handle: *mut Handle,
    /// `None` once it is closed.
    stream: RefCell<Option<TcpStream>>,
    /// The events that libuv watches for.
    watched: Cell<c_int>,
    /// True when a read found nothing more and libuv has not reported new data since.
    is_drained: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
}

/// A TCP stream that reads and writes without blocking. It belongs to the loop of the thread that created it.
pub struct Socket(Rc<SocketState>);

// SAFETY: the client creates, uses and drops a socket only inside tasks of one loop. `EventLoop::spawn` uses
// `async_task::spawn_local`, which polls and drops its future on the thread that spawned it, so the `Rc` never leaves that
// thread. The type has to be `Send` because the same code of the client also runs on tokio, with other streams.
unsafe impl Send for Socket {}

impl Socket {
    /// `stream` must be in non-blocking mode. Fails when this thread has no loop, or is ending.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        let current = EventLoop::current().filter(|current| !current.is_ending()).ok_or_else(closed)?;
        let uv = current.uv;
        let handle = uv::allocate(uv, HandleKind::Poll);
        // SAFETY: the loop is the running loop of this thread, `handle` has the size of a `uv_poll_t`, and the socket is
        // open for as long as the handle is watched.
        let code = unsafe { (uv.poll_init_socket)(current.raw, handle, raw(&stream)) };
        if code != 0 {
            // SAFETY: libuv did not initialise the handle, so nothing else refers to it.
            unsafe { uv::free(uv, HandleKind::Poll, handle) };
            return Err(io::Error::other("the socket cannot be watched"));
        }
        // An idle connection must not keep the process alive.
        // SAFETY: the handle was just initialised on this thread.
        unsafe { (uv.unref)(handle) };
        let (watched, is_drained, reader, writer) = Default::default();
        let state =
            Rc::new(SocketState { handle, stream: Some(stream).into(), watched, is_drained, reader, writer });
        current.opened();
        SOCKETS.with_borrow_mut(|sockets| sockets.insert(handle, Rc::clone(&state)));
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
    io::Error::new(ErrorKind::NotConnected, "the connection was closed because its thread is ending")
}

impl SocketState {
    fn close(&self) {
        self.stream.take();
        self.reader.take();
        self.writer.take();
    }

    /// Tries the operation. When it would block, the task is woken once the socket is ready for it.
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
        // SAFETY: this is the thread of the loop, and the handle is open: it is closed together with the stream, `attempt`
        // only comes here with an open stream, and libuv does not call `on_ready` for a closed handle.
        let code = unsafe {
            match events {
                0 => (current.uv.poll_stop)(self.handle),
                _ => (current.uv.poll_start)(self.handle, events, Some(on_ready)),
            }
        };
        if code == 0 { Ok(()) } else { Err(io::Error::other("the socket cannot be watched")) }
    }

    /// Wakes the tasks that wait for these events. An event that no task waits for is watched no longer, or libuv would
    /// report it in every turn.
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
            // The next read or write gets the error from the system.
            self.watched.set(0);
            self.is_drained.set(false);
        }
    }
}

unsafe extern "C" fn on_ready(handle: *mut Handle, status: c_int, events: c_int) {
    on_loop(|current| {
        let socket = SOCKETS.with_borrow(|sockets| sockets.get(&handle).cloned());
        let Some(socket) = socket else { return };
        // On an error, the next read or write reports it.
        let events = if status < 0 { READABLE | WRITABLE } else { events };
        current.turn_after(|| socket.ready(events));
    });
}

/// Closes all sockets of the loop, which is ending.
pub(super) fn close_all(current: &EventLoop) {
    for (handle, socket) in SOCKETS.take() {
        socket.close();
        current.close(handle, on_closed);
    }
}

unsafe extern "C" fn on_closed(handle: *mut Handle) {
    on_loop(|current| current.closed(HandleKind::Poll, handle));
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(current) = EventLoop::current() else { return };
        let state = SOCKETS.with_borrow_mut(|sockets| sockets.remove(&self.0.handle));
        // A loop that is ending has closed it already.
        if state.is_some() {
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
            // A read that did not fill the buffer has emptied the socket. A read of 0 bytes is the end of the stream, which
            // the next read has to report again.
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
