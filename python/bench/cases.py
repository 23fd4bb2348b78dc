"""What is measured. A case makes an operation, which does its work ``operation.calls`` times and returns an answer to check."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from contestants import CALLERS, COLUMNS, PEOPLE, Contestant, person

ROWS = 1_000
INSERTED = 10_000
#: The rows that each of the threads or tasks finds in one operation.
FINDS = 10

NAMES = ", ".join(COLUMNS)


class Base(DeclarativeBase):
    """The models' base."""


class Person(Base):
    """A row that is read."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(100))
    age: Mapped[int]
    score: Mapped[float]
    born: Mapped[Any] = mapped_column(sa.DateTime)


class Copy(Base):
    """A row that is written."""

    __tablename__ = "copies"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(100))
    age: Mapped[int]
    score: Mapped[float]
    born: Mapped[Any] = mapped_column(sa.DateTime)


PEOPLE_TABLE: Any = Person.__table__
COPIES_TABLE: Any = Copy.__table__


@dataclass
class Operation:
    """The work of one round, and what belongs to it."""

    run: Callable[[], Any]
    #: How many calls the work makes, by which its time is divided.
    calls: int = 1
    #: Runs before each time, and is not measured.
    before: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None
    #: True for work that takes so long that a round does it once.
    heavy: bool = False
    keys: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(1, PEOPLE + 1)))


def _tuple(item: Any) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in COLUMNS)


# One row by its key.


def row_dbapi(side: Contestant) -> Operation:
    connection = side.connect()
    cursor = connection.cursor()
    text = side.sql(f"SELECT {NAMES} FROM people WHERE id = {{1}}")

    def run() -> Any:
        cursor.execute(text, (next(operation.keys),))
        row = cursor.fetchone()
        return (*row[:5], side.as_time(row[5]))

    operation = Operation(run, close=connection.close)
    return operation


def row_core(side: Contestant) -> Operation:
    engine = side.engine()
    statement = sa.select(PEOPLE_TABLE).where(PEOPLE_TABLE.c.id == sa.bindparam("key"))

    def run() -> Any:
        with engine.connect() as connection:
            return tuple(connection.execute(statement, {"key": next(operation.keys)}).one())

    operation = Operation(run, close=engine.dispose)
    return operation


def row_orm(side: Contestant) -> Operation:
    engine = side.engine()

    def run() -> Any:
        with Session(engine) as session:
            return _tuple(session.get(Person, next(operation.keys)))

    operation = Operation(run, close=engine.dispose)
    return operation


# Many rows.


def rows_dbapi(side: Contestant) -> Operation:
    connection = side.connect()
    cursor = connection.cursor()
    text = side.sql(f"SELECT {NAMES} FROM people ORDER BY id LIMIT {{1}}")

    def run() -> Any:
        cursor.execute(text, (ROWS,))
        rows = cursor.fetchall()
        return len(rows), (*rows[-1][:5], side.as_time(rows[-1][5]))

    return Operation(run, close=connection.close)


def rows_core(side: Contestant) -> Operation:
    engine = side.engine()
    statement = sa.select(PEOPLE_TABLE).order_by(PEOPLE_TABLE.c.id).limit(ROWS)

    def run() -> Any:
        with engine.connect() as connection:
            rows = connection.execute(statement).all()
            return len(rows), tuple(rows[-1])

    return Operation(run, close=engine.dispose)


def rows_orm(side: Contestant) -> Operation:
    engine = side.engine()
    statement = sa.select(Person).order_by(Person.id).limit(ROWS)

    def run() -> Any:
        with Session(engine) as session:
            people = session.scalars(statement).all()
            return len(people), _tuple(people[-1])

    return Operation(run, close=engine.dispose)


# Many rows that are inserted.

NEW = [person(number) for number in range(1, INSERTED + 1)]
NEW_MAPPINGS = [dict(zip(COLUMNS, row)) for row in NEW]


def emptied(side: Contestant) -> tuple[Any, Callable[[], None]]:
    connection = side.connect()

    def empty() -> None:
        connection.cursor().execute("DELETE FROM copies")
        connection.commit()

    return connection, empty


def written(cursor: Any) -> Any:
    cursor.execute("SELECT count(*), sum(age), max(name) FROM copies")
    count, ages, name = cursor.fetchone()
    return count, int(ages), name


def insert_dbapi(side: Contestant) -> Operation:
    connection, empty = emptied(side)
    text = side.sql(f"INSERT INTO copies ({NAMES}) VALUES ({{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}})")

    def run() -> Any:
        cursor = connection.cursor()
        cursor.executemany(text, NEW)
        connection.commit()
        return lambda: written(cursor)

    return Operation(run, before=empty, close=connection.close, heavy=True)


def insert_core(side: Contestant) -> Operation:
    connection, empty = emptied(side)
    engine = side.engine()

    def run() -> Any:
        with engine.begin() as open_connection:
            open_connection.execute(sa.insert(COPIES_TABLE), NEW_MAPPINGS)
        return lambda: written(connection.cursor())

    return Operation(run, before=empty, close=lambda: (engine.dispose(), connection.close())[0], heavy=True)


def insert_orm(side: Contestant) -> Operation:
    connection, empty = emptied(side)
    engine = side.engine()

    def run() -> Any:
        with Session(engine) as session:
            session.add_all(Copy(**mapping) for mapping in NEW_MAPPINGS)
            session.commit()
        return lambda: written(connection.cursor())

    return Operation(run, before=empty, close=lambda: (engine.dispose(), connection.close())[0], heavy=True)


# A transaction.


def transaction_dbapi(side: Contestant) -> Operation:
    connection, empty = emptied(side)
    cursor = connection.cursor()
    insert = side.sql(f"INSERT INTO copies ({NAMES}) VALUES ({{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}})")
    update = side.sql("UPDATE copies SET age = age + {1} WHERE id = {2}")
    keys = itertools.count(1)

    def run() -> Any:
        key = next(keys)
        cursor.execute(insert, person(key))
        cursor.execute(update, (1, key))
        changed = cursor.rowcount
        connection.commit()
        return changed

    empty()
    return Operation(run, close=connection.close)


def transaction_core(side: Contestant) -> Operation:
    connection, empty = emptied(side)
    engine = side.engine()
    update = (
        sa.update(COPIES_TABLE)
        .where(COPIES_TABLE.c.id == sa.bindparam("key"))
        .values(age=COPIES_TABLE.c.age + sa.bindparam("by", type_=sa.Integer))
    )
    keys = itertools.count(1)

    def run() -> Any:
        key = next(keys)
        with engine.begin() as open_connection:
            open_connection.execute(sa.insert(COPIES_TABLE), dict(zip(COLUMNS, person(key))))
            return open_connection.execute(update, {"key": key, "by": 1}).rowcount

    empty()
    connection.close()
    return Operation(run, close=engine.dispose)


def transaction_orm(side: Contestant) -> Operation:
    connection, empty = emptied(side)
    engine = side.engine()
    keys = itertools.count(1)

    def run() -> Any:
        with Session(engine, expire_on_commit=False) as session:
            made = Copy(**dict(zip(COLUMNS, person(next(keys)))))
            session.add(made)
            session.flush()
            made.age += 1
            session.commit()
            return 1 if made.age > 18 else 0

    empty()
    connection.close()
    return Operation(run, close=engine.dispose)


# Finds at the same time.


def in_threads(find: Callable[[int, int], Any], close: Callable[[], None]) -> Operation:
    """``find`` gets the number of the thread and the key."""
    threads = concurrent.futures.ThreadPoolExecutor(CALLERS)

    def work(number: int) -> int:
        return sum(find(number, 1 + (number * FINDS + turn) % PEOPLE) for turn in range(FINDS))

    def end() -> None:
        threads.shutdown()
        close()

    return Operation(lambda: sum(threads.map(work, range(CALLERS))), calls=CALLERS * FINDS, close=end)


def threads_dbapi(side: Contestant) -> Operation:
    connections = [side.connect() for _ in range(CALLERS)]
    text = side.sql(f"SELECT {NAMES} FROM people WHERE id = {{1}}")

    def find(number: int, key: int) -> int:
        cursor = connections[number].cursor()
        cursor.execute(text, (key,))
        return cursor.fetchone()[3]

    return in_threads(find, lambda: [connection.close() for connection in connections] and None)


def threads_core(side: Contestant) -> Operation:
    engine = side.engine(CALLERS)
    statement = sa.select(PEOPLE_TABLE).where(PEOPLE_TABLE.c.id == sa.bindparam("key"))

    def find(number: int, key: int) -> int:
        with engine.connect() as connection:
            return connection.execute(statement, {"key": key}).one()[3]

    return in_threads(find, engine.dispose)


def threads_orm(side: Contestant) -> Operation:
    engine = side.engine(CALLERS)

    def find(number: int, key: int) -> int:
        with Session(engine) as session:
            return session.get_one(Person, key).age

    return in_threads(find, engine.dispose)


def _in_tasks(loop: asyncio.AbstractEventLoop, find: Callable[[int, int], Any], close: Callable[[], Any]) -> Operation:
    async def work(number: int) -> int:
        return sum([await find(number, 1 + (number * FINDS + turn) % PEOPLE) for turn in range(FINDS)])

    async def everything() -> int:
        return sum(await asyncio.gather(*(work(number) for number in range(CALLERS))))

    def end() -> None:
        loop.run_until_complete(close())
        loop.close()

    return Operation(lambda: loop.run_until_complete(everything()), calls=CALLERS * FINDS, close=end)


def tasks_dbapi(side: Contestant) -> Operation:
    loop = asyncio.new_event_loop()

    async def opened() -> list[Any]:
        return [await side.async_connect() for _ in range(CALLERS)]

    connections = loop.run_until_complete(opened())
    text = side.sql(f"SELECT {NAMES} FROM people WHERE id = {{1}}")

    async def find(number: int, key: int) -> int:
        cursor = await connections[number].execute(text, (key,))
        row = await cursor.fetchone()
        await cursor.close()
        return row[3]

    async def close() -> None:
        for connection in connections:
            await connection.close()

    return _in_tasks(loop, find, close)


def tasks_core(side: Contestant) -> Operation:
    loop = asyncio.new_event_loop()
    engine = side.async_engine(CALLERS)
    statement = sa.select(PEOPLE_TABLE).where(PEOPLE_TABLE.c.id == sa.bindparam("key"))

    async def find(number: int, key: int) -> int:
        async with engine.connect() as connection:
            return (await connection.execute(statement, {"key": key})).one()[3]

    return _in_tasks(loop, find, engine.dispose)


def tasks_orm(side: Contestant) -> Operation:
    loop = asyncio.new_event_loop()
    engine = side.async_engine(CALLERS)

    async def find(number: int, key: int) -> int:
        async with AsyncSession(engine) as session:
            return (await session.get_one(Person, key)).age

    return _in_tasks(loop, find, engine.dispose)


#: The cases by their names, each for DB-API, SQLAlchemy's Core and its ORM.
CASES: dict[str, tuple[Callable[[Contestant], Operation], ...]] = {
    "one row by its key": (row_dbapi, row_core, row_orm),
    f"{ROWS:,} rows": (rows_dbapi, rows_core, rows_orm),
    f"{INSERTED:,} rows inserted": (insert_dbapi, insert_core, insert_orm),
    "transaction: insert, update": (transaction_dbapi, transaction_core, transaction_orm),
    f"find from {CALLERS} threads": (threads_dbapi, threads_core, threads_orm),
    f"find from {CALLERS} tasks": (tasks_dbapi, tasks_core, tasks_orm),
}
LAYERS = ("DB-API", "Core", "ORM")
