"""What a change of the package has to pass. Closes with one line of counts: `N passed, N failed`.

Before it stands a line for each stage and each test that failed (`FAILED …`).

A stage without tests of its own (the build, the tour, the types) counts as one. SQLAlchemy's suite on a server and the rest of Django's tests run by hand:

    .venv/bin/python ../conformance/sqlalchemy/run.py --on memory http postgres
    .venv/bin/python ../conformance/django/run.py --on memory http postgres
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = str(HERE / ".venv" / "bin" / "python")
#: How pytest names a test that failed.
FAILURE = re.compile(r"^FAILED .+$", re.MULTILINE)
COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")

#: The applications of Django's tests that take little time.
DJANGO = ["basic", "bulk_create", "composite_pk", "expressions", "lookup", "timezones", "transactions"]


@dataclass
class Stage:
    """A command that has to succeed."""

    name: str
    command: list[str]
    #: True when its last line counts tests.
    has_tests: bool = False


#: What all others need, one after the other.
FIRST = [
    Stage("Virtual environment", [sys.executable, "-m", "venv", ".venv"]),
    Stage(
        "Build and install",
        [PYTHON, "-m", "pip", "install", "--quiet", "-C", "build-args=--profile dev", "-e", ".[test]"],
    ),
]
#: The others, two at a time. Those that take long come first.
THEN = [
    Stage("Tests", [PYTHON, "-m", "pytest", "-q"], True),
    Stage("SQLAlchemy's suite", [PYTHON, "../conformance/sqlalchemy/run.py", "--on", "memory"], True),
    Stage("Django's tests", [PYTHON, "../conformance/django/run.py", "--on", "memory", "--apps", *DJANGO], True),
    Stage("Types", [PYTHON, "-m", "mypy"]),
    Stage("Alembic's suite", [PYTHON, "../conformance/alembic/run.py", "--on", "memory"], True),
    Stage("Tour", [PYTHON, "examples/tour.py"]),
]


@dataclass
class Outcome:
    """How a stage ended."""

    passed: int
    failed: int
    #: The stage and its tests, each as a line, when it failed.
    failures: list[str]


@functools.cache
def host() -> str:
    """The target for which cargo builds here."""
    said = subprocess.run(["rustc", "-vV"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return next(line.removeprefix("host: ") for line in said.splitlines() if line.startswith("host: "))


def run(stage: Stage) -> Outcome:
    """Runs a stage, and shows what it wrote and how long it took."""
    begun = time.monotonic()
    # What the tests of the repository's root have compiled serves here, too.
    shared = {"CARGO_TARGET_DIR": str(HERE.parent / "target"), "CARGO_BUILD_TARGET": host()}
    environment = {**shared, **os.environ}
    ran = subprocess.run(
        stage.command, cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(f"\n== {stage.name}: {time.monotonic() - begun:.0f} s\n{ran.stdout}", end="", flush=True)
    passed = failed = 0
    if stage.has_tests:
        lines = [line for line in ran.stdout.splitlines() if line.strip()]
        for count, what in COUNT.findall(lines[-1] if lines else ""):
            if what == "passed":
                passed += int(count)
            else:
                failed += int(count)
    else:
        passed = int(ran.returncode == 0)
    # A stage that failed without a failed test, or that ran none, is a failure of its own.
    if failed == 0 and (ran.returncode != 0 or passed == 0):
        failed = 1
    failures = [f"FAILED {stage.name}", *FAILURE.findall(ran.stdout)] if failed else []
    return Outcome(passed, failed, failures)


def main() -> int:
    """Runs every stage."""
    outcomes = []
    for stage in FIRST:
        outcomes.append(run(stage))
        if outcomes[-1].failed:
            break
    else:
        with ThreadPoolExecutor(2) as two:
            outcomes += two.map(run, THEN)
    print("", *(line for outcome in outcomes for line in outcome.failures), sep="\n")
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
