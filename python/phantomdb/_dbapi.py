"""Connections and cursors of DB-API 2.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Optional

from ._connection import (
    BaseConnection,
    BaseSnapshot,
    Description,
    answer_of,
    check_isolation,
    description_of,
)
from ._cursor import Answer, BaseCursor, Parameters
from ._errors import check_open
from ._native import Client, numbered_statement


def connect(
    url: Optional[str] = None,
    *,
    database: Optional[str] = None,
    client: Optional[Client] = None,
    autocommit: bool = False,
    isolation_level: Optional[str] = None,
    read_only: bool = False,
    exact_types: bool = False,
    **options: Any,
) -> Connection:
    """Opens a connection.

    Args:
        url: a URL that names the database, such as ``phantomdb://host:8080/app``, ``phantomdb+memory:///app`` or
            ``phantomdb+file:///var/data/app``, or one of a server, with the argument ``database``. The default is the
            environment variable ``PHANTOMDB_URL``, and then ``http://localhost:8080``.
        database: the name of the database, where the URL has none. It is made when it does not exist, unless
            ``create_database`` is False.
        client: a client to share with other connections, in place of a URL. Connections that share one share its
            databases in memory.
        autocommit: True to commit each statement by itself.
        isolation_level: the level of the transactions: ``READ COMMITTED`` (the default), ``REPEATABLE READ`` or
            ``SERIALIZABLE``.
        read_only: True to refuse every write.
        exact_types: True to have the size, the precision, the scale and ``null_ok`` in ``cursor.description``, which
            takes the database some more time.
        options: ``token``, ``create_database``, ``connect_timeout``, ``request_timeout``, ``statement_timeout`` (in
            seconds), ``retries``, ``ca`` (trusted certificates in PEM, or the path of their file), and ``template`` (the file of
            a saved snapshot, in which state new databases in this process begin).

    Nothing is connected before the first statement. Raises ProgrammingError for arguments that cannot be used.
    """
    connection = Connection(url, database, client, autocommit, isolation_level, read_only, options)
    connection.exact_types = exact_types
    return connection


class Connection(BaseConnection):
    """A connection to one database. Threads may share it; their statements run one after the other.

    Leaving it as a context manager commits, or rolls back after an exception, and closes it.
    """

    _shown_as = "phantomdb.Connection"

    def __init__(
        self,
        url: Optional[str],
        database: Optional[str],
        client: Optional[Client],
        autocommit: bool,
        isolation_level: Optional[str],
        read_only: bool,
        options: dict[str, Any],
    ) -> None:
        super().__init__(url, database, client, autocommit, options)
        self._isolation_level = check_isolation(isolation_level)
        self._read_only = read_only
        if isolation_level is not None or read_only:
            self._set_mode()

    def _set_mode(self) -> None:
        check_open(self._closed, "connection")
        self._session.set_mode(self._autocommit, self._isolation_level, self._read_only)

    @property
    def autocommit(self) -> bool:
        """True when each statement commits by itself. It can be set while no transaction is open."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, autocommit: bool) -> None:
        before, self._autocommit = self._autocommit, autocommit
        self._set_or_restore("_autocommit", before)

    @property
    def isolation_level(self) -> Optional[str]:
        """The isolation level of the next transactions; None for READ COMMITTED. It can be set between transactions."""
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, level: Optional[str]) -> None:
        before, self._isolation_level = self._isolation_level, check_isolation(level)
        self._set_or_restore("_isolation_level", before)

    @property
    def read_only(self) -> bool:
        """True when the next transactions refuse every write. It can be set while no transaction is open."""
        return self._read_only

    @read_only.setter
    def read_only(self, read_only: bool) -> None:
        before, self._read_only = self._read_only, read_only
        self._set_or_restore("_read_only", before)

    def _set_or_restore(self, name: str, before: object) -> None:
        try:
            self._set_mode()
        except Exception:
            setattr(self, name, before)
            raise

    def cursor(self) -> Cursor:
        """A new cursor. Cursors are cheap; all those of a connection are in the same transaction."""
        check_open(self._closed, "connection")
        return Cursor(self)

    def execute(self, sql: str, parameters: Optional[Parameters] = None) -> Cursor:
        """Runs a statement on a new cursor, and returns the cursor."""
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Cursor:
        """Runs a statement for each list of parameters on a new cursor, and returns the cursor."""
        return self.cursor().executemany(sql, parameters)

    def begin(self) -> None:
        """Begins a transaction now, also with ``autocommit``. Raises ProgrammingError when one is open."""
        check_open(self._closed, "connection")
        self._session.begin()

    def commit(self) -> None:
        """Commits the open transaction, if there is one. An error means that it was rolled back."""
        check_open(self._closed, "connection")
        self._session.commit()

    def rollback(self) -> None:
        """Rolls back the open transaction, if there is one."""
        check_open(self._closed, "connection")
        self._session.rollback()

    def call(self, name: str, fields: Optional[dict[str, Any]] = None) -> Any:
        """Makes a call of the contract, such as ``describeTable``, and returns its answer.

        ``fields`` are those of the call; ``database`` is added to them. A call that changes something is part of the
        transaction.
        """
        return answer_of(self._session.call(self._call_text(name, fields)))

    def describe(self, sql: str) -> Description:
        """The parameters and the columns of a statement, which does not run.

        Its parameters are ``$1 … $n``, ``?`` or ``:name``. Raises a subclass of ``phantomdb.Error`` for a statement that cannot
        run.
        """
        text, names = numbered_statement(sql)
        return description_of(names, self.call("describeStatement", {"query": text}))

    def snapshot(self) -> Snapshot:
        """Keeps the state of the database as it was last committed. A server must allow snapshots."""
        return Snapshot(self, self.call("createSnapshot", {}))

    def restore(self, snapshot: Snapshot) -> None:
        """Brings the database to the state of a snapshot. Every open transaction in it is rolled back."""
        self.rollback()
        self.call("restoreSnapshot", {"id": snapshot.id})

    def close(self) -> None:
        """Rolls back and closes the connection. A second time it does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._session.close()
        finally:
            if self._owns_client:
                self._client.close()

    def __enter__(self) -> Connection:
        check_open(self._closed, "connection")
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            if not self._closed and kind is None:
                self.commit()
        finally:
            self.close()


class Cursor(BaseCursor[Connection]):
    """Runs statements and holds the rows of the last one."""

    def execute(self, sql: str, parameters: Optional[Parameters] = None) -> Cursor:
        """Runs a statement with its parameters, and returns this cursor.

        Parameters are a sequence for ``$1 … $n`` or ``?``, or a mapping for ``:name``. In a statement with ``?`` as
        parameters, ``??`` is the operator of documents. Raises a subclass of ``phantomdb.Error``.
        """
        self._begin()
        self._take(self.connection._session.execute(sql, parameters, None, self.connection.exact_types))
        return self

    def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Cursor:
        """Runs a statement for each list of parameters, all or nothing, and returns this cursor.

        An INSERT of one row is sent once, with all rows. The rows of RETURNING are in the order of the parameters.
        """
        lists = self._begin_many(parameters)
        if lists:
            self._take_many(self.connection._session.execute_many(sql, lists))
        return self

    def fetchone(self) -> Optional[tuple[Any, ...]]:
        """The next row, or None after the last one. Raises ProgrammingError when there is no result."""
        self._check()
        return self._one()

    def fetchmany(self, size: Optional[int] = None) -> list[tuple[Any, ...]]:
        """The next rows, ``arraysize`` of them unless ``size`` says otherwise."""
        self._check()
        return self._many(size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        self._check()
        return self._all()

    def setinputsizes(self, sizes: Any) -> None:
        """Does nothing: the database finds the types of parameters by itself."""

    def setoutputsize(self, size: int, column: Optional[int] = None) -> None:
        """Does nothing: values of any size are read whole."""

    def close(self) -> None:
        """Closes the cursor. A second time it does nothing."""
        self._end()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self

    def __next__(self) -> tuple[Any, ...]:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Cursor:
        self._check()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


class Snapshot(BaseSnapshot[Connection]):
    """A state of a database that was kept. ``drop`` lets go of it."""

    def clone(self, database: str) -> None:
        """Makes a database that begins in this state. Raises ProgrammingError when it exists."""
        self._connection._session.call(self._clone_text(database))

    def save(self, path: str) -> None:
        """Writes the state of a database in this process to a file, from which ``template`` makes databases."""
        self._connection._client.save_snapshot(self.id, path)

    def drop(self) -> None:
        """Lets go of the state."""
        self._check_drop()
        self._connection.call("dropSnapshot", {"id": self.id})


__all__ = ["Answer", "Connection", "Cursor", "Snapshot", "connect"]
