"""PhantomDB for asyncio: the names of DB-API 2.0, with ``await``.

.. code-block:: python

    async with await phantomdb.aio.connect("phantomdb+memory:///app") as connection:
        cursor = await connection.execute("SELECT 1 + $1", [1])
        print(await cursor.fetchone())
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Optional
from weakref import WeakKeyDictionary, ref

from ._connection import (
    BaseConnection,
    BaseSnapshot,
    Description,
    answer_of,
    check_isolation,
    description_of,
)
from ._cursor import BaseCursor, Parameters
from ._errors import check_open
from ._native import Client, Mailbox, Running, numbered_statement

#: The mailbox of each event loop, in which the outcomes of its calls arrive.
_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()


def _mailbox_of(loop: asyncio.AbstractEventLoop) -> Mailbox:
    mailbox = _mailboxes.get(loop)
    if mailbox is None:
        mailbox = _mailboxes[loop] = _open_mailbox(loop)
    return mailbox


def _open_mailbox(loop: asyncio.AbstractEventLoop) -> Mailbox:
    try:
        mailbox = Mailbox()
        loop.add_reader(mailbox.fileno(), mailbox.deliver)
        return mailbox
    except (NotImplementedError, OSError):
        # The loop of Windows watches no sockets, so a thread calls it.
        return Mailbox(partial(_wake, ref(loop)))


def _wake(weak: ref[asyncio.AbstractEventLoop]) -> None:
    loop = weak()
    if loop is not None:
        loop.call_soon_threadsafe(_deliver)


def _deliver() -> None:
    _mailbox_of(asyncio.get_running_loop()).deliver()


async def _outcome(start: Callable[[Mailbox], Any]) -> Any:
    """Starts a call and waits for its outcome. A cancelled task gives the call up."""
    loop = asyncio.get_running_loop()
    mailbox = _mailbox_of(loop)
    begun = start(mailbox)
    if not isinstance(begun, Running):
        return begun
    future: asyncio.Future[Any] = loop.create_future()
    if begun.settles(future):
        loop.call_soon(mailbox.flush)
    try:
        return await future
    except asyncio.CancelledError:
        begun.cancel()
        raise


async def connect(
    url: Optional[str] = None,
    *,
    database: Optional[str] = None,
    client: Optional[Client] = None,
    autocommit: bool = False,
    isolation_level: Optional[str] = None,
    read_only: bool = False,
    exact_types: bool = False,
    **options: Any,
) -> AsyncConnection:
    """Opens a connection: see :func:`phantomdb.connect`."""
    connection = AsyncConnection(url, database, client, autocommit, options)
    connection.exact_types = exact_types
    return await _open(connection, isolation_level, read_only)


async def _open(connection: AsyncConnection, isolation_level: Optional[str], read_only: bool) -> AsyncConnection:
    if isolation_level is not None or read_only:
        await connection.set_mode(isolation_level=isolation_level, read_only=read_only)
    return connection


class AsyncConnection(BaseConnection):
    """A connection to one database. Tasks may share it; their statements run one after the other.

    Leaving it as a context manager commits, or rolls back after an exception, and closes it.
    """

    _shown_as = "phantomdb.aio.AsyncConnection"

    @property
    def autocommit(self) -> bool:
        """True when each statement commits by itself; ``set_mode`` changes it."""
        return self._autocommit

    @property
    def isolation_level(self) -> Optional[str]:
        """The isolation level of the next transactions; None for READ COMMITTED; ``set_mode`` changes it."""
        return self._isolation_level

    async def set_mode(
        self,
        *,
        autocommit: Optional[bool] = None,
        isolation_level: Optional[str] = None,
        read_only: Optional[bool] = None,
    ) -> None:
        """Sets how the next transactions begin. What is left out stays, except the level, whose default returns.

        Raises ProgrammingError while a transaction is open.
        """
        check_open(self._closed, "connection")
        chosen = self._autocommit if autocommit is None else autocommit
        level = check_isolation(isolation_level)
        reads = self._read_only if read_only is None else read_only
        await _outcome(lambda mailbox: self._session.set_mode(chosen, level, reads, mailbox))
        self._autocommit, self._isolation_level, self._read_only = chosen, level, reads

    def cursor(self) -> AsyncCursor:
        """A new cursor."""
        check_open(self._closed, "connection")
        return AsyncCursor(self)

    async def execute(self, sql: str, parameters: Optional[Parameters] = None) -> AsyncCursor:
        """Runs a statement on a new cursor, and returns the cursor."""
        return await self.cursor().execute(sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Parameters]) -> AsyncCursor:
        """Runs a statement for each list of parameters on a new cursor, and returns the cursor."""
        return await self.cursor().executemany(sql, parameters)

    async def begin(self) -> None:
        """Begins a transaction now, also with ``autocommit``. Raises ProgrammingError when one is open."""
        check_open(self._closed, "connection")
        await _outcome(self._session.begin)

    async def commit(self) -> None:
        """Commits the open transaction, if there is one. An error means that it was rolled back."""
        check_open(self._closed, "connection")
        await _outcome(self._session.commit)

    async def rollback(self) -> None:
        """Rolls back the open transaction, if there is one."""
        check_open(self._closed, "connection")
        await _outcome(self._session.rollback)

    async def call(self, name: str, fields: Optional[dict[str, Any]] = None) -> Any:
        """Makes a call of the contract: see :meth:`phantomdb.Connection.call`."""
        text = self._call_text(name, fields)
        return answer_of(await _outcome(lambda mailbox: self._session.call(text, mailbox)))

    async def describe(self, sql: str) -> Description:
        """The parameters and the columns of a statement, which does not run: see :meth:`phantomdb.Connection.describe`."""
        text, names = numbered_statement(sql)
        return description_of(names, await self.call("describeStatement", {"query": text}))

    async def snapshot(self) -> AsyncSnapshot:
        """Keeps the state of the database as it was last committed. A server must allow snapshots."""
        return AsyncSnapshot(self, await self.call("createSnapshot", {}))

    async def restore(self, snapshot: AsyncSnapshot) -> None:
        """Brings the database to the state of a snapshot. Every open transaction in it is rolled back."""
        await self.rollback()
        await self.call("restoreSnapshot", {"id": snapshot.id})

    async def close(self) -> None:
        """Rolls back and closes the connection. A second time it does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            await _outcome(self._session.close)
        finally:
            if self._owns_client:
                await asyncio.to_thread(self._client.close)

    def terminate(self) -> None:
        """Closes the connection without waiting. The database rolls its transaction back."""
        if not self._closed:
            self._closed = True
            self._session.terminate()

    async def __aenter__(self) -> AsyncConnection:
        check_open(self._closed, "connection")
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            if not self._closed and kind is None:
                await self.commit()
        finally:
            await self.close()


class AsyncCursor(BaseCursor[AsyncConnection]):
    """Runs statements and holds the rows of the last one."""

    async def execute(self, sql: str, parameters: Optional[Parameters] = None) -> AsyncCursor:
        """Runs a statement with its parameters: see :meth:`phantomdb.Cursor.execute`."""
        self._begin()
        session, exact = self.connection._session, self.connection.exact_types
        self._take(await _outcome(lambda mailbox: session.execute(sql, parameters, mailbox, exact)))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Parameters]) -> AsyncCursor:
        """Runs a statement for each list of parameters: see :meth:`phantomdb.Cursor.executemany`."""
        lists = self._begin_many(parameters)
        if lists:
            session = self.connection._session
            self._take_many(await _outcome(lambda mailbox: session.execute_many(sql, lists, mailbox)))
        return self

    async def fetchone(self) -> Optional[tuple[Any, ...]]:
        """The next row, or None after the last one. Raises ProgrammingError when there is no result."""
        self._check()
        return self._one()

    async def fetchmany(self, size: Optional[int] = None) -> list[tuple[Any, ...]]:
        """The next rows, ``arraysize`` of them unless ``size`` says otherwise."""
        self._check()
        return self._many(size)

    async def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        self._check()
        return self._all()

    async def close(self) -> None:
        """Closes the cursor. A second time it does nothing."""
        self._end()

    def __aiter__(self) -> AsyncIterator[tuple[Any, ...]]:
        return self

    async def __anext__(self) -> tuple[Any, ...]:
        row = await self.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row

    async def __aenter__(self) -> AsyncCursor:
        self._check()
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.close()


class AsyncSnapshot(BaseSnapshot[AsyncConnection]):
    """A state of a database that was kept. ``drop`` lets go of it."""

    async def clone(self, database: str) -> None:
        """Makes a database that begins in this state. Raises ProgrammingError when it exists."""
        text = self._clone_text(database)
        await _outcome(lambda mailbox: self._connection._session.call(text, mailbox))

    async def save(self, path: str) -> None:
        """Writes the state to a file: see :meth:`phantomdb.Snapshot.save`."""
        await asyncio.to_thread(self._connection._client.save_snapshot, self.id, path)

    async def drop(self) -> None:
        """Lets go of the state."""
        self._check_drop()
        await self._connection.call("dropSnapshot", {"id": self.id})


__all__ = ["AsyncConnection", "AsyncCursor", "AsyncSnapshot", "connect"]
