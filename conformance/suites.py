"""What the suites of other projects for pytest have in common: the databases they run on, their outcomes, and what is expected."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Callable
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLACES = ("memory", "http", "postgres")


@dataclass
class Outcome:
    """The outcomes of one run, by the name of the test without its dialect."""

    passed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    #: How many of the failed tests expected.txt lists.
    known: int = 0

    def __str__(self) -> str:
        known = f", {self.known} failures expected" if self.known else ""
        return f"{len(self.passed)} passed, {len(self.failed) - self.known} failed, {sum(self.skipped.values())} skipped{known}"


def read(report: pathlib.Path) -> Outcome:
    """Reads a report of pytest."""
    outcome = Outcome()
    cases = list(ElementTree.parse(report).iter("testcase"))
    in_one_file = len({case.attrib["classname"].rpartition(".")[0] for case in cases}) == 1
    for case in cases:
        module, _, kind = case.attrib["classname"].rpartition(".")
        # SQLAlchemy's plugin adds the dialect to the name of the class.
        name = f"{kind.split('_', 1)[0]}::{case.attrib['name']}"
        if not in_one_file:
            name = f"{module.rpartition('.')[2]}::{name}"
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if trouble is not None:
            outcome.failed[name] = trouble.attrib.get("message", "").splitlines()[0][:300]
            outcome.passed.discard(name)
        elif skipped is not None:
            outcome.skipped[skipped.attrib.get("message", "").rsplit(" : ", 1)[-1]] += 1
        elif name not in outcome.failed:
            outcome.passed.add(name)
    return outcome


def expectations(path: pathlib.Path, place: str) -> dict[str, str]:
    """The tests that a file lists as failing on a database, with their reasons."""
    expected = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            where, rest = line.split(" ", 1)
            name, separator, reason = rest.partition("  ")
            if where not in PLACES or not separator or not reason.strip():
                sys.exit(f"expected.txt has a line without a database, a test and a reason: {line}")
            if where == place:
                expected[name] = reason.strip()
    return expected


class Server:
    """A server, and the PostgreSQL under it where there is one."""

    def __init__(self, place: str) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        environment, options = {}, ["--memory"]
        if place == "postgres":
            environment = {"PHANTOMDB_ENGINE": self._start(["node", "scripts/postgres.mjs"], {})}
            options = ["--allow-superuser"]
        serve = ["node", "bin/phantomdb.js", "serve", "--listen", "127.0.0.1:0", *options]
        self.address = self._start(serve, environment).rsplit("/", 1)[-1]

    def _start(self, command: list[str], environment: dict[str, str]) -> str:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            self.stop()
            sys.exit(f"{' '.join(command)} did not start; npm install builds the server")
        return line.rsplit(" ", 1)[-1]

    def stop(self) -> None:
        """Stops the server, and then what is under it."""
        for process in reversed(self.processes):
            if process.args[1] == "scripts/postgres.mjs":
                process.stdin.close()
            else:
                process.terminate()
            process.wait(timeout=60)


def check(place: str, expected_in: pathlib.Path, suite: Callable[[str], Outcome]) -> tuple[Outcome, list[str]]:
    """Runs a suite on a database, whose URL it takes, and returns what is not as expected."""
    if place == "memory":
        outcome = suite("phantomdb+memory://suite/test")
    else:
        server = Server(place)
        try:
            outcome = suite(f"phantomdb://{server.address}/suite")
        finally:
            server.stop()
    expected = expectations(expected_in, place)
    outcome.known = sum(name in expected for name in outcome.failed)
    wrong = [f"{place} {name} failed: {why}" for name, why in outcome.failed.items() if name not in expected]
    wrong += [f"{place} {name} passed, which expected.txt does not expect" for name in expected if name in outcome.passed]
    known = outcome.passed | outcome.failed.keys()
    wrong += [f"{place} {name} did not run; remove it from expected.txt" for name in expected if name not in known]
    return outcome, wrong


def run_on(places: list[str], expected_in: pathlib.Path, suite: Callable[[str], Outcome], least: int = 0) -> tuple[list[str], list[str]]:
    """Runs a suite on databases, of which each must pass at least so many tests. Returns the counts, and what is wrong."""
    counts, wrong = [], []
    for place in places:
        outcome, problems = check(place, expected_in, suite)
        wrong += problems
        if len(outcome.passed) < least:
            wrong.append(f"{place}: {len(outcome.passed)} passed, fewer than {least}")
        counts.append(f"{place}: {outcome}")
        print(f"skipped on {place}:")
        for reason, number in sorted(outcome.skipped.items()):
            print(f"  {number:4} {reason}")
    return counts, wrong


def report(name: str, counts: list[str], wrong: list[str]) -> int:
    """Prints the last lines of a run, and returns the code to exit with."""
    for problem in wrong:
        print(problem)
    print(f"{name}: {'; '.join(counts)}; {len(wrong)} not as expected")
    return 1 if wrong else 0
