"""What a change of the package has to pass. Closes with one line of counts: `N passed, N failed`.

A stage without tests of its own (the build, the tour, the types) counts as one. SQLAlchemy's suite on a server and the rest of Django's tests run by hand:

    .venv/bin/python ../conformance/sqlalchemy/run.py --on memory http postgres
    .venv/bin/python ../conformance/django/run.py --on memory http postgres
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = str(HERE / ".venv" / "bin" / "python")
COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")

#: The applications of Django's tests that take little time.
DJANGO = ["basic", "bulk_create", "composite_pk", "expressions", "lookup", "timezones", "transactions"]

#: The name of a stage, its command, and whether its last line counts tests.
STAGES: list[tuple[str, list[str], bool]] = [
    ("Virtual environment", [sys.executable, "-m", "venv", ".venv"], False),
    (
        "Build and install",
        [PYTHON, "-m", "pip", "install", "--quiet", "-C", "build-args=--profile dev", "-e", ".[test]"],
        False,
    ),
    ("Tour", [PYTHON, "examples/tour.py"], False),
    ("Tests", [PYTHON, "-m", "pytest", "-q"], True),
    ("Types", [PYTHON, "-m", "mypy"], False),
    ("SQLAlchemy's suite", [PYTHON, "../conformance/sqlalchemy/run.py", "--on", "memory"], True),
    ("Django's tests", [PYTHON, "../conformance/django/run.py", "--on", "memory", "--apps", *DJANGO], True),
    ("Alembic's suite", [PYTHON, "../conformance/alembic/run.py", "--on", "memory"], True),
]


def run(command: list[str]) -> tuple[int, str]:
    """Runs a command, shows what it writes, and returns its exit code and its last line."""
    last = ""
    with subprocess.Popen(
        command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if line.strip() else last
    return process.returncode, last


def main() -> int:
    """Runs every stage. The first two are needed by all others."""
    passed = failed = 0
    for number, (name, command, has_tests) in enumerate(STAGES):
        print(f"\n== {name}", flush=True)
        code, last = run(command)
        counts = {"passed": 0, "failed": 0}
        if has_tests:
            for count, what in COUNT.findall(last):
                counts["passed" if what == "passed" else "failed"] += int(count)
        else:
            counts["passed"] = int(code == 0)
        # A stage that failed without a failed test, or that ran none, is a failure of its own.
        broken = code != 0 or not any(counts.values())
        passed += counts["passed"]
        failed += counts["failed"] or int(broken)
        if broken and number < 2:
            break
    print(f"\n{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
