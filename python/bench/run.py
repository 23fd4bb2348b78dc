"""Times of PhantomDB for Python beside sqlite3 and psycopg 3, in one process, whose contestants take turns.

    .venv/bin/python bench/run.py                       everything, in about fifteen minutes
    .venv/bin/python bench/run.py memory "one row"      a column, and the cases whose names hold the word
    .venv/bin/python bench/run.py memory --processor    in the processor time of this process, on a machine that others use

Measure a release build of the package and of the server: `pip install .`, and `npm run build` in the root of the repository.
It prints tables, and writes `bench/results/results.json`. Times are medians of rounds; a ratio above 1 says that PhantomDB is
faster. The peers are in the group `bench` of `pyproject.toml`: `pip install '.[bench]'`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
from typing import Any, Callable, Optional

from cases import CASES, LAYERS, Operation
from contestants import Contestant, fill, phantomdb_at, plain, psycopg_at, sqlite
from django_cases import CASES as DJANGO_CASES

ALL_LAYERS = (*LAYERS, "Django")
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Programs:
    """The servers, which end with the run."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str, **environment: str) -> str:
        """Starts a program and returns the URL at the end of its first line."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{' '.join(command)} did not start; build it in the root of the repository")
        return line.rsplit(" ", 1)[-1]

    def serve(self, *options: str, **environment: str) -> str:
        """Starts PhantomDB's server, and returns the URL of a database in it."""
        url = self.start("node", "bin/phantomdb.js", "serve", "--listen", "127.0.0.1:0", *options, **environment)
        return url.replace("http:", "phantomdb:") + "/bench"

    def stop(self) -> None:
        """Stops them, the last one first."""
        for process in reversed(self._processes):
            if "scripts/postgres.mjs" in process.args:  # type: ignore[operator]
                assert process.stdin is not None
                process.stdin.close()
            else:
                process.terminate()
            process.wait(timeout=60)


class Columns:
    """The columns of the tables: PhantomDB somewhere, and its peer. They are made when a run asks for them."""

    NAMES = {"memory": "`memory:`", "http": "HTTP (SQLite)", "postgres": "HTTP (PostgreSQL)"}

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._postgres: Optional[str] = None
        self._psycopg: Optional[Contestant] = None

    def pair(self, name: str) -> tuple[Contestant, Contestant]:
        """PhantomDB and its peer, with their tables filled."""
        if name == "memory":
            ours, peer = phantomdb_at("phantomdb memory", "phantomdb+memory://bench/bench"), sqlite()
            # A database in memory that is shared is gone with its last connection.
            self._kept = peer.connect()
        else:
            peer = self._peer()
            if name == "http":
                url = self._programs.serve("--memory")
            else:
                assert self._postgres is not None
                url = self._programs.serve("--allow-superuser", PHANTOMDB_ENGINE=self._postgres)
            ours = phantomdb_at(f"phantomdb {name}", url)
        for side in (ours, peer):
            fill(side)
        return ours, peer

    def _peer(self) -> Contestant:
        if self._psycopg is None:
            self._postgres = self._programs.start("node", "scripts/postgres.mjs")
            self._psycopg = psycopg_at(self._postgres)
        return self._psycopg


def answer_of(operation: Operation) -> Any:
    """The answer of one time. The first times of two contestants find the same rows."""
    operation.before()
    answer = operation.run()
    return answer() if callable(answer) else answer


def measured(operation: Operation, least: float, clock: Callable[[], float]) -> float:
    """The time of one call in seconds, over at least that many seconds."""
    count = 0
    spent = 0.0
    while spent < least:
        operation.before()
        start = clock()
        if operation.heavy:
            operation.run()
            count += 1
        else:
            # The look at the clock costs as much as a short call.
            for _ in range(10):
                operation.run()
            count += 10
        spent += clock() - start
        if operation.heavy:
            break
    return spent / count / operation.calls


def same(answers: list[Any]) -> bool:
    """True when the contestants gave the same answer."""
    first, second = (
        tuple(map(plain, answer)) if isinstance(answer, tuple) else answer for answer in answers
    )
    return bool(first == second)


def compare(
    make: Callable[[Contestant], Operation],
    pair: tuple[Contestant, Contestant],
    rounds: int,
    least: float,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """The medians of both contestants, which take turns."""
    operations = [make(side) for side in pair]
    times: list[list[float]] = [[], []]
    try:
        answers = [answer_of(operation) for operation in operations]
        if not same(answers):
            raise SystemExit(f"{make.__name__}: the answers differ: {answers}")
        for number in range(rounds + 1):
            for side, operation in enumerate(operations):
                gc.collect()
                spent = measured(operation, least, clock)
                # The first round warms up.
                if number > 0:
                    times[side].append(spent)
    finally:
        for operation in operations:
            operation.close()
    return statistics.median(times[0]), statistics.median(times[1])


def microseconds(seconds: float) -> str:
    """A time as a reader wants it."""
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.0f} ms"


def main() -> int:
    """Measures what the arguments choose."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="columns (memory, http, postgres), layers, and words of cases")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--round-ms", type=int, default=300, help="the least time of a round")
    parser.add_argument("--processor", action="store_true", help="measure processor time, for the column memory")
    arguments = parser.parse_args()
    words = [word.lower() for word in arguments.words]
    columns = [name for name in Columns.NAMES if name in words] or list(Columns.NAMES)
    if arguments.processor and columns != ["memory"]:
        parser.error("--processor is for the column memory: the servers of the others are processes of their own")
    clock = time.process_time if arguments.processor else time.perf_counter
    layers = [layer for layer in ALL_LAYERS if layer.lower() in words] or list(ALL_LAYERS)
    known = {*Columns.NAMES, *(layer.lower() for layer in ALL_LAYERS)}
    parts = [word for word in words if word not in known]
    cases = {name: made for name, made in CASES.items() if not parts or any(part in name for part in parts)}
    results: list[dict[str, Any]] = []
    programs = Programs()
    try:
        available = Columns(programs)
        for column in columns:
            pair = available.pair(column)
            print(f"\n{Columns.NAMES[column]} beside {pair[1].name}\n", flush=True)
            print(f"| {'case':28} | {'layer':6} | {'PhantomDB':>10} | {pair[1].name:>10} | {'ratio':>6} |")
            print(f"| {'-' * 28} | ------ | ---------: | ---------: | -----: |")
            for name, made in cases.items():
                by_layer = dict(zip(LAYERS, made))
                if name in DJANGO_CASES:
                    by_layer["Django"] = DJANGO_CASES[name]
                for layer, make in by_layer.items():
                    if layer not in layers:
                        continue
                    ours, theirs = compare(make, pair, arguments.rounds, arguments.round_ms / 1000, clock)
                    row = {"column": column, "case": name, "layer": layer, "phantomdb": ours, "peer": theirs}
                    results.append(row)
                    ratio = theirs / ours
                    times = f"{microseconds(ours):>10} | {microseconds(theirs):>10}"
                    print(f"| {name:28} | {layer:6} | {times} | {ratio:6.2f} |", flush=True)
    finally:
        programs.stop()
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    report = {"python": platform.python_version(), "unit": "seconds", "clock": clock.__name__, "rounds": arguments.rounds, "results": results}
    (folder / "results.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
