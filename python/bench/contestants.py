"""Who is measured: PhantomDB, and the drivers that it is compared with, behind one interface."""

from __future__ import annotations

import datetime
import decimal
import sqlite3
import urllib.parse
from dataclasses import dataclass
from typing import Any, Callable

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

#: The rows of the table that is read.
PEOPLE = 5_000
#: The threads, and the tasks, that find rows at the same time.
CALLERS = 64

BEGAN = datetime.datetime(2026, 1, 1, 12, 30, 15, 123456)


def person(number: int) -> tuple[Any, ...]:
    """The row with that number."""
    return (
        number,
        f"Person {number}",
        f"person{number}@example.com",
        18 + number % 60,
        number / 7,
        BEGAN + datetime.timedelta(minutes=number),
    )


COLUMNS = ("id", "name", "email", "age", "score", "born")


@dataclass
class Contestant:
    """A driver and a database that is ready: the tables exist, and ``people`` is filled."""

    name: str
    #: The text of the parameter with that number, from 1.
    parameter: Callable[[int], str]
    #: A connection of DB-API 2.0.
    connect: Callable[[], Any]
    #: The URL of SQLAlchemy, and the arguments of its engine.
    url: str
    engine_options: dict[str, Any]
    #: The URL for asyncio, and a coroutine function that opens a connection of the driver itself.
    async_url: str
    async_connect: Callable[[], Any]
    #: What a DB-API program reads a time as.
    as_time: Callable[[Any], datetime.datetime]
    #: The database in Django's settings.
    django: dict[str, Any]

    def sql(self, text: str) -> str:
        """A statement with this driver's parameters in the place of ``{1}``, ``{2}``, …"""
        return text.format(None, *(self.parameter(number) for number in range(1, 10)))

    def engine(self, connections: int = 5) -> sqlalchemy.Engine:
        """An engine with that many connections."""
        return sqlalchemy.create_engine(
            self.url, pool_size=connections, max_overflow=0, poolclass=sqlalchemy.QueuePool, **self.engine_options
        )

    def async_engine(self, connections: int = 5) -> AsyncEngine:
        """An engine for asyncio with that many connections."""
        return create_async_engine(
            self.async_url,
            pool_size=connections,
            max_overflow=0,
            poolclass=sqlalchemy.AsyncAdaptedQueuePool,
            **self.engine_options,
        )


def phantomdb_at(name: str, url: str) -> Contestant:
    """PhantomDB at a URL. All connections share a client, as those of an engine of SQLAlchemy do."""
    import phantomdb
    from phantomdb import _connection, aio

    client, database = _connection.open_client(url)
    return Contestant(
        name=name,
        parameter="${}".format,
        connect=lambda: phantomdb.connect(client=client, database=database),
        url=url,
        engine_options={},
        async_url=url,
        async_connect=lambda: aio.connect(client=client, database=database),
        as_time=lambda value: value.replace(tzinfo=None),
        django={"ENGINE": "phantomdb.django", "NAME": url},
    )


def sqlite() -> Contestant:
    """The module ``sqlite3``, on a database in memory that its connections share; asyncio through aiosqlite."""
    import aiosqlite

    # As the module's documentation registers them for a program that wants times.
    sqlite3.register_adapter(datetime.datetime, lambda value: value.isoformat(" "))
    sqlite3.register_converter("TIMESTAMP", lambda text: datetime.datetime.fromisoformat(text.decode()))
    place = "file:bench?mode=memory&cache=shared"
    options: dict[str, Any] = {"uri": True, "detect_types": sqlite3.PARSE_DECLTYPES, "check_same_thread": False}
    return Contestant(
        name="sqlite3",
        parameter=lambda number: "?",
        connect=lambda: sqlite3.connect(place, **options),
        url=f"sqlite:///{place}&uri=true",
        engine_options={"connect_args": {"check_same_thread": False}},
        async_url=f"sqlite+aiosqlite:///{place}&uri=true",
        async_connect=lambda: aiosqlite.connect(place, **options),
        as_time=lambda value: value,
        django={"ENGINE": "django.db.backends.sqlite3", "NAME": place},
    )


def psycopg_at(url: str) -> Contestant:
    """psycopg 3, with its part in C."""
    import psycopg

    if psycopg.pq.__impl__ == "python":
        raise SystemExit("install psycopg[binary]: without its part in C psycopg is slower than its users know it")
    target, parts = url.replace("postgres://", "postgresql+psycopg://"), urllib.parse.urlsplit(url)
    return Contestant(
        name="psycopg",
        parameter=lambda number: "%s",
        connect=lambda: psycopg.connect(url),
        url=target,
        engine_options={},
        async_url=target,
        async_connect=lambda: psycopg.AsyncConnection.connect(url),
        as_time=lambda value: value,
        django={
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.removeprefix("/"),
            "USER": parts.username,
            "PASSWORD": parts.password,
            "HOST": parts.hostname,
            "PORT": parts.port,
        },
    )


def fill(contestant: Contestant) -> None:
    """Makes the tables, and fills ``people``."""
    connection = contestant.connect()
    cursor = connection.cursor()
    times = "TIMESTAMP(6)" if contestant.name.startswith("phantomdb") else "TIMESTAMP"
    for name in ("people", "copies"):
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, email VARCHAR(100), age INTEGER,"
            f" score DOUBLE PRECISION, born {times})"
        )
    text = contestant.sql("INSERT INTO people (id, name, email, age, score, born) VALUES ({1}, {2}, {3}, {4}, {5}, {6})")
    cursor.executemany(text, [person(number) for number in range(1, PEOPLE + 1)])
    connection.commit()
    cursor.close()
    connection.close()


def plain(value: Any) -> Any:
    """A value as all contestants are to give it."""
    return float(value) if isinstance(value, decimal.Decimal) else value
