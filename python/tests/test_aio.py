"""The interface for asyncio."""

from __future__ import annotations

import asyncio
import gc
import os
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
import gc
import os
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


def test_reads_of_one_turn_travel_in_one_request(url: str) -> None:
    async def test() -> None:
        connections = [await aio.connect(url) for _ in range(20)]
        await connections[0].execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
        await connections[0].executemany("INSERT INTO t VALUES ($1)", [[n] for n in range(20)])
        await connections[0].commit()

        async def find(connection: aio.AsyncConnection, n: int) -> object:
            return await (await connection.execute("SELECT n FROM t WHERE n = $1", [n])).fetchone()

        for _ in range(3):
            found = await asyncio.gather(*(find(connection, n) for n, connection in enumerate(connections)))
            assert found == [(n,) for n in range(20)]
        # A statement that fails is the failure of its own task.
        wrong = connections[3].execute("SELECT nothing FROM t")
        found = await asyncio.gather(*(find(connections[n], n) for n in range(3)), wrong, return_exceptions=True)
        assert found[:3] == [(0,), (1,), (2,)]
        assert isinstance(found[3], phantomdb.ProgrammingError)
        # Those that are given up leave the others, and their connections, as they are.
        tasks = [asyncio.create_task(find(connection, n)) for n, connection in enumerate(connections)]
        await asyncio.sleep(0)
        for task in tasks[:10]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert outcomes[10:] == [(n,) for n in range(10, 20)]
        found = await asyncio.gather(*(find(connection, n) for n, connection in enumerate(connections)))
        assert found == [(n,) for n in range(20)]
        for connection in connections:
            await connection.close()

    run(test)


def test_a_loop_of_short_statements_lets_other_tasks_run(memory: str) -> None:
    async def test() -> None:
        async with await aio.connect(memory) as connection:
            steps = 0

            async def count() -> None:
                nonlocal steps
                while True:
                    steps += 1
                    await asyncio.sleep(0)

            counting = asyncio.create_task(count())
            for _ in range(5_000):
                await connection.execute("SELECT 1")
            counting.cancel()
            assert steps > 5

    run(test)


def test_the_mailbox_of_a_loop_ends_with_it() -> None:
    async def test() -> None:
        async with await aio.connect("phantomdb+memory:///app") as connection:
            await connection.execute("CREATE TABLE t (n INTEGER)")
            await connection.commit()

    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for _ in range(20):
        asyncio.run(test())
    gc.collect()
    assert not aio._mailboxes
    if before:
        assert len(os.listdir("/proc/self/fd")) < before + 10


def test_a_statement_is_described(url: str) -> None:
    async def test() -> None:
        async with await aio.connect(url) as connection:
            found = await connection.describe("SELECT $1 + 1 AS next")
            assert [column.name for column in found.columns] == ["next"]

    run(test)
