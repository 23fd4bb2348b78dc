"""Whether the memory of the process stays flat over a million finds, in memory and over HTTP. Exits with 1 when it grew by more.

    .venv/bin/python bench/leak.py [FINDS]
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Callable

from contestants import PEOPLE, fill, phantomdb_at
from run import Programs

import phantomdb
from phantomdb import aio

#: What may be added, in bytes: the caches of statements and of connections fill up.
MOST = 16 << 20

TEXT = "SELECT id, name, email, age, score, born FROM people WHERE id = $1"


def resident() -> int:
    """The resident size of this process in bytes."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def finds(url: str, count: int) -> None:
    """Finds rows, one after the other."""
    with phantomdb.connect(url) as connection:
        for number in range(count):
            connection.execute(TEXT, [1 + number % PEOPLE]).fetchone()


def finds_in_tasks(url: str, count: int) -> None:
    """Finds rows from 64 tasks."""

    async def work(connection: aio.AsyncConnection, share: int) -> None:
        for number in range(share):
            await (await connection.execute(TEXT, [1 + number % PEOPLE])).fetchone()

    async def everything() -> None:
        connections = [await aio.connect(url) for _ in range(64)]
        await asyncio.gather(*(work(connection, count // 64) for connection in connections))
        for connection in connections:
            await connection.close()

    asyncio.run(everything())


def texts(url: str, count: int) -> None:
    """Finds rows with statements that are all different."""
    with phantomdb.connect(url) as connection:
        for number in range(count):
            connection.execute(f"SELECT name, {number} AS number FROM people WHERE id = $1", [1]).fetchone()


def main() -> int:
    """Measures each way of finding, after a tenth of it to warm up."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    programs = Programs()
    worst = 0
    try:
        for place, url in (("memory", "phantomdb+memory://leak/app"), ("http", programs.serve("--memory"))):
            contestant = phantomdb_at("phantomdb", url)
            fill(contestant)
            ways: list[tuple[str, Callable[[str, int], None], int]] = [
                ("finds", finds, count),
                ("finds from tasks", finds_in_tasks, count),
                ("different statements", texts, count // 10),
            ]
            for name, way, number in ways:
                way(url, number // 10)
                before = resident()
                way(url, number)
                grown = resident() - before
                worst = max(worst, grown)
                print(f"{place:7} {number:9,} {name:22} {before / 2**20:7.1f} MB, and {grown / 2**20:+6.1f} MB", flush=True)
    finally:
        programs.stop()
    return 1 if worst > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
