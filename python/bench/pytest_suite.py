"""The suite of `examples/fastapi_tasks` with a new SQLite database for each test, and on PhantomDB with a snapshot.

    .venv/bin/python bench/pytest_suite.py [ROUNDS]

The ways take turns. It prints the median time of a whole run of pytest, from the start of its process to its end.
"""

from __future__ import annotations

import os
import pathlib
import re
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


def run(url: str) -> tuple[float, int]:
    """The time of a run in seconds, and the number of its tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "TEST_DATABASE_URL": url}
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
    spent = time.perf_counter() - start
    passed = re.search(r"(\d+) passed", ran.stdout)
    if ran.returncode != 0 or passed is None:
        raise SystemExit(ran.stdout[-4000:] + ran.stderr[-4000:])
    return spent, int(passed[1])


def main() -> None:
    """Runs every way, once to warm up and then in rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    tests = 0
    for number in range(rounds + 1):
        for way, url in WAYS.items():
            spent, tests = run(url)
            if number > 0:
                times[way].append(spent)
    slowest = max(statistics.median(taken) for taken in times.values())
    print(f"{tests} tests, {rounds} rounds\n")
    for way, taken in times.items():
        median = statistics.median(taken)
        print(f"{way:46} {median:6.2f} s  {median / tests * 1000:6.1f} ms for each test  {slowest / median:5.1f} times as fast")


if __name__ == "__main__":
    main()
