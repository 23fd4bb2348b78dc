"""The interface for asyncio."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

import phantomdb
from phantomdb import aio

SLOW = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await test()

    asyncio.run(main())


def test_the_names_are_those_of_the_synchronous_interface() -> None:
    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_") and not name.endswith(("Error", "Warning"))}

    assert names(phantomdb.Cursor) - names(aio.AsyncCursor) == {"setinputsizes", "setoutputsize"}
    assert names(phantomdb.Connection) - names(aio.AsyncConnection) == {"read_only"}


def test_statements_rows_and_transactions(url: str) -> None:
    async def test() -> None:
        async with await aio.connect(url) as connection:
            cursor = await connection.execute("CREATE TABLE t (id SERIAL PRIMARY KEY, name TEXT)")
            await cursor.executemany("INSERT INTO t (name) VALUES (?) RETURNING id", [["a"], ["b"], ["c"]])
            assert await cursor.fetchall() == [(1,), (2,), (3,)]
            await connection.commit()
            await cursor.execute("SELECT name FROM t ORDER BY id")
            assert await cursor.fetchone() == ("a",)
            assert await cursor.fetchmany(1) == [("b",)]
            assert [row async for row in cursor] == [("c",)]
            await connection.execute("DELETE FROM t")
            assert connection.in_transaction
            await connection.rollback()
            row = await (await connection.execute("SELECT count(*) FROM t")).fetchone()
            assert row == (3,)
            with pytest.raises(phantomdb.IntegrityError) as error:
                await connection.execute("INSERT INTO t (id) VALUES (1)")
            assert error.value.columns == ["id"]
            await connection.rollback()
            await connection.set_mode(autocommit=True)
            await connection.execute("INSERT INTO t (name) VALUES ('d')")
            assert not connection.in_transaction
        assert connection.closed
        with pytest.raises(phantomdb.InterfaceError):
            await connection.execute("SELECT 1")

    run(test)


def test_tasks_run_while_a_statement_does(url: str) -> None:
    async def test() -> None:
        async with await aio.connect(url) as connection:
            slow = asyncio.create_task(connection.execute(SLOW))
            steps = 0
            while not slow.done():
                steps += 1
                await asyncio.sleep(0.0005)
            assert await (await slow).fetchone() == (300000,)
            assert steps > 5

    run(test)


def test_many_tasks_share_a_connection(url: str) -> None:
    async def test() -> None:
        async with await aio.connect(url) as connection:
            await connection.execute("CREATE TABLE t (n INTEGER)")
            await asyncio.gather(*(connection.execute("INSERT INTO t VALUES ($1)", [n]) for n in range(50)))
            row = await (await connection.execute("SELECT count(*), sum(n) FROM t")).fetchone()
            assert row == (50, 1225)

    run(test)


def test_a_cancelled_task_gives_its_statement_up(memory: str) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    async def test() -> None:
        async with await aio.connect(memory) as connection:
            task = asyncio.create_task(connection.execute(endless))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            row = await (await connection.execute("SELECT 1")).fetchone()
            assert row == (1,)

    run(test)


def test_snapshots(memory: str) -> None:
    async def test() -> None:
        async with await aio.connect(memory) as connection:
            await connection.execute("CREATE TABLE t (n INTEGER)")
            await connection.commit()
            kept = await connection.snapshot()
            await connection.execute("INSERT INTO t VALUES (1)")
            await connection.commit()
            await connection.restore(kept)
            assert await (await connection.execute("SELECT count(*) FROM t")).fetchone() == (0,)
            await kept.drop()

    run(test)


#: A program that ends as soon as its last call has come back.
ENDS_AT_ONCE = """
import asyncio
from phantomdb import aio

async def main():
    async with await aio.connect("phantomdb+memory:///app") as connection:
        await asyncio.gather(*((connection.execute("SELECT 1")) for _ in range(5)))

asyncio.run(main())
"""


def test_a_program_can_end_while_the_last_callback_still_runs() -> None:
    for _ in range(20):
        ran = subprocess.run([sys.executable, "-c", ENDS_AT_ONCE], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
