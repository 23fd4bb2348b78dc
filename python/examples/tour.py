"""A tour of the package on a database in this process. Nothing has to be started.

    python examples/tour.py
"""

import asyncio
import datetime
import decimal
from typing import Optional

from sqlalchemy import ForeignKey, Numeric, String, create_engine, func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

import phantomdb


def with_dbapi() -> None:
    """DB-API 2.0, as with any other database."""
    with phantomdb.connect("phantomdb+memory:///tour") as connection:
        connection.execute("CREATE TABLE notes (id SERIAL PRIMARY KEY, text TEXT NOT NULL, at TIMESTAMP(6), data JSONB)")
        now = datetime.datetime.now(datetime.timezone.utc)
        connection.executemany(
            "INSERT INTO notes (text, at, data) VALUES ($1, $2, $3)",
            [("first", now, {"tags": ["a"]}), ("second", now, None)],
        )
        connection.commit()
        for row in connection.execute("SELECT text, data FROM notes WHERE id <= :most ORDER BY id", {"most": 2}):
            print("dbapi:", row)
        # A state of the database that a test can go back to.
        kept = connection.snapshot()
        connection.execute("DELETE FROM notes")
        connection.commit()
        connection.restore(kept)
        print("dbapi: restored", connection.execute("SELECT count(*) FROM notes").fetchone())
        try:
            connection.execute("INSERT INTO notes (id, text) VALUES (1, 'again')")
        except phantomdb.IntegrityError as error:
            print("dbapi:", error.code, error.table, error.columns)


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))
    author_id: Mapped[Optional[int]] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Optional[Author]] = relationship(back_populates="books")


def with_sqlalchemy() -> None:
    """The ORM. Another URL is all that another database needs."""
    engine = create_engine("phantomdb+memory:///tour")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        ann = Author(name="Ann", books=[Book(title="One", price=decimal.Decimal("9.50"))])
        session.add(ann)
        session.commit()
        total = session.scalar(select(func.sum(Book.price)).join(Author).where(Author.name == "Ann"))
        print("sqlalchemy:", ann.id, total)
    engine.dispose()


async def with_asyncio() -> None:
    """The same models on asyncio."""
    engine = create_async_engine("phantomdb+memory:///tour")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = async_sessionmaker(engine)

    async def add(name: str) -> None:
        async with sessions.begin() as session:
            session.add(Author(name=name))

    await asyncio.gather(*(add(name) for name in ("Ann", "Bob", "Cid")))
    async with sessions() as session:
        print("asyncio:", sorted((await session.scalars(select(Author.name))).all()))
    await engine.dispose()


if __name__ == "__main__":
    with_dbapi()
    with_sqlalchemy()
    asyncio.run(with_asyncio())
