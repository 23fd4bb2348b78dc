"""The suite of `examples/fastapi_tasks` with a new SQLite database for each test, and on PhantomDB with a snapshot.

    .venv/bin/python bench/pytest_suite.py [ROUNDS]

The ways take turns. It prints the medians of a whole run of pytest, from the start of its process to its end: the time, and
the processor time, which others who use the machine change less.
"""

from __future__ import annotations

import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time

EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "examples" / "fastapi_tasks"

#: The ways, by the URL of the tests.
WAYS = {
    "a new SQLite file for each test": "sqlite+aiosqlite:///{tmp_path}/tasks.db",
    "a new SQLite in memory for each test": "sqlite+aiosqlite://",
    "PhantomDB in memory, restored from a snapshot": "phantomdb+memory://tests/tasks",
}


def processor() -> float:
    """The processor time of all runs so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(url: str) -> tuple[float, float, int]:
    """The time and the processor time of a run in seconds, and the number of its tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "TEST_DATABASE_URL": url}
    start, used = time.perf_counter(), processor()
    ran = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
    spent, used = time.perf_counter() - start, processor() - used
    passed = re.search(r"(\d+) passed", ran.stdout)
    if ran.returncode != 0 or passed is None:
        raise SystemExit(ran.stdout[-4000:] + ran.stderr[-4000:])
    return spent, used, int(passed[1])


def main() -> None:
    """Runs every way, once to warm up and then in rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    tests = 0
    for number in range(rounds + 1):
        for way, url in WAYS.items():
            spent, used, tests = run(url)
            if number > 0:
                times[way].append((spent, used))
    print(f"{tests} tests, {rounds} rounds\n")
    medians = {way: [statistics.median(column) for column in zip(*taken)] for way, taken in times.items()}
    slowest = [max(column) for column in zip(*medians.values())]
    for way, median in medians.items():
        for what, seconds, most in zip(("time", "processor time"), median, slowest):
            each = seconds / tests * 1000
            print(f"{way:46} {what:14} {seconds:6.2f} s  {each:6.1f} ms for each test  {most / seconds:5.1f} times as fast")


if __name__ == "__main__":
    main()
