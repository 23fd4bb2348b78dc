"""Runs Django's own tests about the ORM on PhantomDB, in the Python that has `phantomdb` and `django` installed.

    python conformance/django/run.py --on memory http postgres --reference

The tests are those of the source distribution of the installed Django, which `--source` names or which pip downloads.
`--reference` runs them on Django's back end for SQLite too, and `--apps` names some of the applications. What Django writes
is appended to the file of `PHANTOMDB_SUITE_LOG`. The run fails when
a test fails that `expected.txt` does not list, or when a listed test passes. The last line counts.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from dataclasses import dataclass, field

import django

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from suites import PLACES, Server  # noqa: E402

#: The applications whose tables are in one database.
TOGETHER = 12
APPS = (HERE / "apps.txt").read_text(encoding="utf-8").split()


@dataclass
class Outcome:
    """The outcomes of one run, by the name of the test."""

    passed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{len(self.passed)} passed, {len(self.failed)} failures, {len(self.skipped)} skipped"


def suite(source: pathlib.Path, apps: list[str], environment: dict[str, str]) -> Outcome:
    """Runs the applications' tests, some applications at a time, so that a database has few tables to empty."""
    outcome = Outcome()
    for start in range(0, len(apps), TOGETHER):
        part = apps[start : start + TOGETHER]
        found = run(source, part, environment)
        print(f"{' '.join(part)}: {found}", flush=True)
        outcome.passed |= found.passed
        outcome.failed.update(found.failed)
        outcome.skipped.update(found.skipped)
    return outcome


def run(source: pathlib.Path, apps: list[str], environment: dict[str, str]) -> Outcome:
    """Runs the tests in one process, and reads the report that `suite/suite_runner.py` writes."""
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch, "report.json")
        paths = [str(HERE / "suite"), os.environ.get("PYTHONPATH", "")]
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "runtests.py", "--settings=phantomdb_settings", "--parallel=1", *apps],
            cwd=source / "tests",
            env={
                **os.environ,
                **environment,
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                "PHANTOMDB_SUITE_REPORT": str(report),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if log := os.environ.get("PHANTOMDB_SUITE_LOG"):
            with open(log, "a", encoding="utf-8") as file:
                file.write(ran.stdout)
        if not report.exists():
            sys.exit(f"the tests did not run:\n{ran.stdout[-4000:]}")
        outcome = Outcome()
        for name, (kind, detail) in json.loads(report.read_text(encoding="utf-8")).items():
            if kind == "passed":
                outcome.passed.add(name)
            else:
                (outcome.failed if kind == "failed" else outcome.skipped)[name] = detail
        return outcome


def expectations(place: str) -> dict[str, str]:
    """The tests that fail on a database, with the first column of their lines.

    In the first column `any` stands for every database, `sqlite` for those on SQLite, and `slow` for a test that fails on
    a slow machine and passes on another.
    """
    stands = {place, "any", "slow"} | ({"sqlite"} if place != "postgres" else set())
    expected = {}
    for line in (HERE / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            where, _, rest = line.partition(" ")
            name, _, reason = rest.strip().partition("  ")
            if where not in (*PLACES, "any", "slow", "sqlite") or not reason.strip():
                sys.exit(f"expected.txt has a line without a database, a test and a reason: {line}")
            if where in stands:
                expected[name] = where
    return expected


def check(source: pathlib.Path, apps: list[str], place: str) -> tuple[Outcome, list[str]]:
    """Runs the tests on a database, and returns what is not as expected."""
    if place == "memory":
        outcome = suite(source, apps, {"PHANTOMDB_SUITE_URL": "phantomdb+memory://suite"})
    else:
        server = Server(place)
        try:
            outcome = suite(source, apps, {"PHANTOMDB_SUITE_URL": f"phantomdb://{server.address}"})
        finally:
            server.stop()
    # A run of some applications says nothing about the others.
    expected = {name: where for name, where in expectations(place).items() if name.split(".")[0] in apps}
    wrong = [f"{place} {name} failed: {why}" for name, why in sorted(outcome.failed.items()) if name not in expected]
    wrong += [
        f"{place} {name} passed, which expected.txt does not expect"
        for name, where in expected.items()
        if name in outcome.passed and where != "slow"
    ]
    known = outcome.passed | outcome.failed.keys()
    wrong += [f"{place} {name} did not run; remove it from expected.txt" for name in expected if name not in known]
    return outcome, wrong


def source_of_django(given: pathlib.Path | None, folder: pathlib.Path) -> pathlib.Path:
    """The unpacked source distribution of the installed version."""
    if given is not None:
        return given
    version = django.get_version()
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "django"]
        + ["--dest", str(folder), f"django=={version}"],
        check=True,
    )
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def main() -> int:
    """Runs what the arguments say. Returns the code to exit with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", nargs="+", choices=PLACES, default=["memory"], help="the databases (memory)")
    parser.add_argument("--apps", nargs="+", metavar="APP", default=APPS, help="the applications (those of apps.txt)")
    parser.add_argument("--source", type=pathlib.Path, metavar="FOLDER", help="Django's source distribution, unpacked")
    parser.add_argument("--reference", action="store_true", help="run Django's back end for SQLite, too")
    arguments = parser.parse_args()
    wrong: list[str] = []
    counts = []
    with tempfile.TemporaryDirectory() as scratch:
        source = source_of_django(arguments.source, pathlib.Path(scratch))
        if arguments.reference:
            stock = {"PHANTOMDB_SUITE_ENGINE": "django.db.backends.sqlite3"}
            counts.append(f"SQLite's back end: {suite(source, arguments.apps, stock)}")
        for place in arguments.on:
            outcome, problems = check(source, arguments.apps, place)
            wrong += problems
            expected = len(outcome.failed.keys() & expectations(place).keys())
            counts.append(f"{place}: {outcome}, {expected} of the failures expected")
            print(f"skipped on {place}:")
            for reason, number in sorted(Counter(outcome.skipped.values()).items()):
                print(f"  {number:4} {reason}")
    for problem in wrong:
        print(problem)
    print(f"Django {django.get_version()}: {'; '.join(counts)}; {len(wrong)} failed unexpectedly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
