"""The dialect for ``create_async_engine``: SQLAlchemy's own code waits on asyncio through greenlets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from sqlalchemy import pool
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.util import concurrency

from ..aio import AsyncConnection, AsyncCursor
from ._dialect import Dialect

# SQLAlchemy 2.0 has another name for it.
_wait: Any = getattr(concurrency, "await_", None) or concurrency.await_only


class AdaptedCursor:
    """A cursor whose methods wait. Rows are in memory once the statement has run."""

    server_side = False

    def __init__(self, connection: AdaptedAsyncConnection) -> None:
        self._cursor: AsyncCursor = connection._connection.cursor()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> None:
        return None

    @property
    def arraysize(self) -> int:
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, size: int) -> None:
        self._cursor.arraysize = size

    def execute(self, sql: str, parameters: Any = None) -> None:
        _wait(self._cursor.execute(sql, parameters))

    def executemany(self, sql: str, parameters: Any) -> None:
        _wait(self._cursor.executemany(sql, parameters))

    def fetchone(self) -> Optional[tuple[Any, ...]]:
        return self._cursor._one()

    def fetchmany(self, size: Optional[int] = None) -> list[tuple[Any, ...]]:
        return self._cursor._many(size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._cursor._all()

    def setinputsizes(self, *sizes: Any) -> None:
        """Does nothing."""

    async def _async_soft_close(self) -> None:
        """The rows stay."""

    def close(self) -> None:
        # Nothing is open that has to be waited for.
        self._cursor._end()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while (row := self._cursor._one()) is not None:
            yield row


class AdaptedAsyncConnection(AdaptedConnection):
    """A connection whose methods wait."""

    _connection: AsyncConnection
    __slots__ = ("dbapi",)

    def __init__(self, dbapi: Any, connection: AsyncConnection) -> None:
        self.dbapi = dbapi
        self._connection = connection

    def cursor(self, server_side: bool = False) -> AdaptedCursor:
        return AdaptedCursor(self)

    def execute(self, sql: str, parameters: Any = None) -> AdaptedCursor:
        cursor = self.cursor()
        cursor.execute(sql, parameters)
        return cursor

    def call(self, name: str, fields: Optional[dict[str, Any]] = None) -> Any:
        return _wait(self._connection.call(name, fields))

    @property
    def closed(self) -> bool:
        return self._connection.closed

    @property
    def autocommit(self) -> bool:
        return self._connection.autocommit

    @autocommit.setter
    def autocommit(self, autocommit: bool) -> None:
        self._set(autocommit=autocommit)

    @property
    def isolation_level(self) -> Optional[str]:
        return self._connection.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: Optional[str]) -> None:
        self._set(isolation_level=level)

    @property
    def read_only(self) -> bool:
        return self._connection._read_only

    @read_only.setter
    def read_only(self, read_only: bool) -> None:
        self._set(read_only=read_only)

    def _set(self, **changed: Any) -> None:
        mode: dict[str, Any] = {"isolation_level": self._connection.isolation_level, **changed}
        _wait(self._connection.set_mode(**mode))

    def commit(self) -> None:
        _wait(self._connection.commit())

    def rollback(self) -> None:
        _wait(self._connection.rollback())

    def close(self) -> None:
        _wait(self._connection.close())


class AsyncModule:
    """The module of DB-API 2.0 whose connections wait."""

    def __init__(self, module: Any) -> None:
        self.phantomdb = module
        self.paramstyle = module.paramstyle

    def __getattr__(self, name: str) -> Any:
        return getattr(self.phantomdb, name)

    def connect(self, *arguments: Any, **options: Any) -> AdaptedAsyncConnection:
        from .. import aio

        creator = options.pop("async_creator_fn", None)
        opened = creator(*arguments, **options) if creator else aio.connect(**options)
        return AdaptedAsyncConnection(self, _wait(opened))


class AsyncDialect(Dialect):
    """PhantomDB on asyncio."""

    is_async = True
    supports_statement_cache = True
    supports_server_side_cursors = True

    @classmethod
    def import_dbapi(cls) -> Any:
        import phantomdb

        return AsyncModule(phantomdb)

    @classmethod
    def get_pool_class(cls, url: Any) -> Any:
        return pool.AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: Any) -> Any:
        return connection._connection

    def do_terminate(self, dbapi_connection: Any) -> None:
        dbapi_connection._connection.terminate()

    has_terminate = True
