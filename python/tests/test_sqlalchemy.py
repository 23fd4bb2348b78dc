"""SQLAlchemy over every kind of URL: what its own suite does not cover."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import threading
import uuid
from collections.abc import Iterator
from typing import Optional

import pytest
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Computed,
    DateTime,
    Engine,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    column,
    create_engine,
    exc,
    func,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

import phantomdb


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    mood: Mapped[Optional[str]] = mapped_column(Enum("calm", "it's wild", name="mood"))
    books: Mapped[list[Book]] = relationship(back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "books"
    __table_args__ = (
        CheckConstraint("pages > 0", name="has_pages"),
        UniqueConstraint("author_id", "title", name="one_title"),
        Index("by_title", func.lower("title")),
    )
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(100))
    pages: Mapped[int] = mapped_column(Integer, server_default="1")
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))
    total: Mapped[decimal.Decimal] = mapped_column(Numeric(12, 2), Computed("price * pages"))
    printed: Mapped[Optional[datetime.datetime]] = mapped_column(DateTime(timezone=True))
    noted: Mapped[Optional[datetime.datetime]] = mapped_column(DateTime)
    cover: Mapped[Optional[bytes]] = mapped_column(LargeBinary)
    tags: Mapped[Optional[list[str]]] = mapped_column(JSON)
    author: Mapped[Author] = relationship(back_populates="books")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


def book(title: str, **values: object) -> Book:
    return Book(title=title, price=decimal.Decimal("9.50"), pages=2, **values)


def test_objects_are_stored_and_found(engine: Engine) -> None:
    printed = datetime.datetime(2026, 1, 31, 12, 0, 0, 123456, datetime.timezone.utc)
    noted = datetime.datetime(2026, 1, 31, 12, 0, 0, 654321)
    with Session(engine) as session:
        author = Author(name="Ann", mood="it's wild")
        author.books = [
            book("One", printed=printed, noted=noted, cover=b"\x00\xff", tags=["a", "b"]),
            book("Two"),
        ]
        session.add(author)
        session.commit()
        key = author.id
    with Session(engine) as session:
        found = session.scalars(select(Author).options(selectinload(Author.books))).one()
        assert (found.id, found.mood) == (key, "it's wild")
        one = min(found.books, key=lambda each: each.title)
        assert (one.printed, one.noted, one.cover, one.tags) == (printed, noted, b"\x00\xff", ["a", "b"])
        assert one.total == decimal.Decimal("19.00")
        total = session.scalar(select(func.sum(Book.price)).join(Author).where(Author.name == "Ann"))
        assert total == decimal.Decimal("19.00")
        session.delete(found)
        session.commit()
        assert session.scalar(select(func.count()).select_from(Book)) == 0


def test_many_objects_get_their_keys_in_order(engine: Engine) -> None:
    with Session(engine) as session:
        authors = [Author(name=f"n{number}") for number in range(2500)]
        session.add_all(authors)
        session.commit()
        assert [author.id for author in authors] == sorted(author.id for author in authors)
        found = session.scalars(select(Author).order_by(Author.id)).all()
        assert [author.name for author in found] == [f"n{number}" for number in range(2500)]


def test_values_have_the_class_of_their_type_whatever_their_column_is(engine: Engine) -> None:
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
    in_utc = at.replace(tzinfo=datetime.timezone.utc)
    cases: list[tuple[str, sqltypes.TypeEngine[object], object]] = [
        ("i", sqltypes.Integer(), 1),
        ("i", sqltypes.Float(), 1.0),
        ("i", sqltypes.Numeric(), decimal.Decimal(1)),
        ("f", sqltypes.Float(), 1.5),
        ("f", sqltypes.Float(asdecimal=True), decimal.Decimal("1.5")),
        ("f", sqltypes.Numeric(asdecimal=False), 1.5),
        ("d", sqltypes.Numeric(), decimal.Decimal("2.50")),
        ("d", sqltypes.Numeric(asdecimal=False), 2.5),
        ("d", sqltypes.Float(), 2.5),
        ("t", sqltypes.DateTime(), at),
        ("t", sqltypes.DateTime(timezone=True), in_utc),
        ("t", sqltypes.Date(), at.date()),
        ("day", sqltypes.Date(), at.date()),
    ]
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE mixed (i INTEGER, f DOUBLE PRECISION, d DECIMAL(10,2), t TIMESTAMP(6), day DATE)")
        )
        mixed = table("mixed", *(column(name) for name in ("i", "f", "d", "t", "day")))
        connection.execute(text("INSERT INTO mixed VALUES (1, 1.5, 2.50, :t, '2026-01-02')"), {"t": in_utc})
        connection.execute(text("INSERT INTO mixed (i) VALUES (NULL)"))
        for name, as_type, expected in cases:
            # Twice, with and without the description that is kept.
            for _ in range(2):
                value, null = connection.scalars(select(column(name, as_type)).select_from(mixed)).all()
                assert (value, type(value), null) == (expected, type(expected), None), (name, as_type)


def test_errors_are_those_of_sqlalchemy_with_the_code_below(engine: Engine) -> None:
    with Session(engine) as session:
        session.add_all([Author(name="Ann"), Author(name="Ann")])
        with pytest.raises(exc.IntegrityError) as error:
            session.commit()
        assert isinstance(error.value.orig, phantomdb.IntegrityError)
        assert error.value.orig.columns == ["name"]
        assert not error.value.connection_invalidated
    with engine.connect() as connection, pytest.raises(exc.ProgrammingError):
        connection.execute(text("SELECT * FROM nowhere"))


def test_a_conflict_updates(engine: Engine) -> None:
    with engine.begin() as connection:
        for mood in ("calm", "it's wild"):
            statement = insert(Author).values(name="Ann", mood=mood)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"mood": statement.excluded.mood})
            )
        assert connection.execute(select(Author.name, Author.mood)).all() == [("Ann", "it's wild")]


def test_reflection_reads_no_catalog_and_says_all(engine: Engine) -> None:
    inspector = inspect(engine)
    assert {"authors", "books"} <= set(inspector.get_table_names())
    columns = {column["name"]: column for column in inspector.get_columns("books")}
    assert isinstance(columns["price"]["type"], Numeric)
    assert (columns["price"]["type"].precision, columns["price"]["type"].scale) == (10, 2)
    assert columns["pages"]["default"].strip("'") == "1"
    assert "price" in columns["total"]["computed"]["sqltext"]
    assert [key["referred_table"] for key in inspector.get_foreign_keys("books")] == ["authors"]
    assert inspector.get_foreign_keys("books")[0]["options"] == {"ondelete": "CASCADE"}
    assert [check["name"] for check in inspector.get_check_constraints("books")] == ["has_pages"]
    assert [unique["name"] for unique in inspector.get_unique_constraints("books")] == ["one_title"]
    assert "by_title" in {index["name"] for index in inspector.get_indexes("books")}
    copy = MetaData()
    reflected = Table("books", copy, autoload_with=engine)
    assert {column.name for column in reflected.primary_key} == {"id"}
    kind = Table("authors", copy, autoload_with=engine).c.mood.type
    # PostgreSQL and SQLite both keep the values of an ENUM.
    assert isinstance(kind, Enum)
    assert kind.enums == ["calm", "it's wild"]


def test_threads_use_the_pool(engine: Engine) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            with Session(engine) as session:
                session.add(Author(name=f"n{number}"))
                session.commit()
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Author)) == 12


def test_savepoints_and_levels(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Author(name="Ann"))
        with pytest.raises(exc.IntegrityError), session.begin_nested():
            session.add(Author(name="Ann"))
            session.flush()
        session.commit()
        assert session.scalar(select(func.count()).select_from(Author)) == 1
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.get_isolation_level() == "AUTOCOMMIT"
        connection.execute(text("DELETE FROM authors"))
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        assert connection.get_isolation_level() == "SERIALIZABLE"
        assert connection.scalar(select(func.count()).select_from(Author)) == 0
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        with pytest.raises(exc.DatabaseError):
            connection.execute(text("DELETE FROM authors"))


def test_the_same_urls_work_on_asyncio(url: str) -> None:
    async def test() -> None:
        engine = create_async_engine(url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            make = async_sessionmaker(engine, expire_on_commit=False)

            async def add(number: int) -> None:
                async with make() as session:
                    session.add(Author(name=f"n{number}", books=[book("One")]))
                    await session.commit()

            await asyncio.gather(*(add(number) for number in range(10)))
            async with make() as session:
                authors = (await session.scalars(select(Author).options(selectinload(Author.books)))).all()
                assert {author.name for author in authors} == {f"n{number}" for number in range(10)}
                assert all(len(author.books) == 1 for author in authors)
                with pytest.raises(exc.IntegrityError):
                    session.add(Author(name="n1"))
                    await session.commit()
            async with engine.connect() as connection:
                stream = await connection.stream(select(Author.name).order_by(Author.name))
                assert [row[0] async for row in stream] == sorted(f"n{number}" for number in range(10))
                names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
                assert {"authors", "books"} <= set(names)
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
        finally:
            await engine.dispose()

    asyncio.run(test())


def test_two_engines_in_private_memory_are_apart() -> None:
    engines = [create_engine("phantomdb+memory:///app") for _ in range(2)]
    Base.metadata.create_all(engines[0])
    assert inspect(engines[0]).has_table("authors")
    assert not inspect(engines[1]).has_table("authors")
    # Another connection of the pool sees the same database.
    with engines[0].connect() as one, engines[0].connect() as other:
        assert one.scalar(select(func.count()).select_from(Author)) == 0
        assert other.scalar(select(func.count()).select_from(Author)) == 0
    for engine in engines:
        engine.dispose()


def test_the_query_of_a_url_has_options() -> None:
    engine = create_engine("phantomdb+memory:///app?statement_timeout=0.05")
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with engine.connect() as connection, pytest.raises(exc.OperationalError) as error:
        connection.execute(text(endless))
    assert error.value.orig is not None
    assert error.value.orig.code == "STATEMENT_TIMEOUT"  # type: ignore[attr-defined]
    with pytest.raises(phantomdb.ProgrammingError):
        create_engine("phantomdb+memory:///app?nonsense=1")


def test_the_entry_points_name_the_dialect() -> None:
    for name in ("phantomdb", "phantomdb.http", "phantomdb.https", "phantomdb.memory", "phantomdb.file"):
        assert registry.load(name).__name__ == "Dialect"
