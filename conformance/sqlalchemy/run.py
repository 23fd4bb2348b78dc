"""Runs SQLAlchemy's suite for dialects on PhantomDB, in the Python that has `phantomdb` and `sqlalchemy` installed.

    python conformance/sqlalchemy/run.py --on memory http postgres --reference SOURCE

`SOURCE` is the unpacked source distribution of the same version of SQLAlchemy, whose own requirements then decide what its
pysqlite dialect runs. The run fails when a test fails that `expected.txt` does not list, when a listed test passes, or
when fewer tests pass than 95 % of the reference. The last line counts.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import sqlalchemy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from suites import PLACES, Outcome, read, report, run_on  # noqa: E402

#: The share of the reference's passes that must pass.
SHARE = 0.95


def suite(url: str, dialect: str, folder: pathlib.Path) -> Outcome:
    """Runs the suite of a folder on a database."""
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch, "report.xml")
        # The directory that a file database of the reference is made in.
        command = [sys.executable, "-m", "pytest", "test_suite.py", "-q", "-p", "no:cacheprovider"]
        command += ["--dburi", url.format(scratch=scratch), "--maxfail=1000000", f"--junitxml={report}"]
        environment = {**os.environ, "PHANTOMDB_SUITE_DIALECT": dialect}
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if not report.exists():
            sys.exit(f"the suite did not run:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")
        return read(report)


def reference(source: pathlib.Path) -> Outcome:
    """Runs the suite with SQLAlchemy's own pysqlite dialect and requirements."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name in ("conftest.py", "test_suite.py"):
            shutil.copy(HERE / "suite" / name, folder)
        shutil.copy(source / "test" / "requirements.py", folder / "stock_requirements.py")
        settings = (HERE / "suite" / "setup.cfg").read_text(encoding="utf-8")
        settings = settings.replace("requirements:Requirements", "stock_requirements:DefaultRequirements")
        (folder / "setup.cfg").write_text(settings, encoding="utf-8")
        return suite("sqlite:///{scratch}/reference.db", "sqlite", folder)


def main() -> int:
    """Runs what the arguments say. Returns the code to exit with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", nargs="+", choices=PLACES, default=["memory"], help="the databases (memory)")
    parser.add_argument("--reference", type=pathlib.Path, metavar="SOURCE", help="compare with pysqlite")
    arguments = parser.parse_args()
    first = []
    least = 0
    if arguments.reference:
        stock = reference(arguments.reference)
        least = round(SHARE * len(stock.passed))
        first.append(f"pysqlite: {stock}")
    counts, wrong = run_on(
        arguments.on, HERE / "expected.txt", lambda url: suite(url, "phantomdb", HERE / "suite"), least
    )
    return report(f"SQLAlchemy {sqlalchemy.__version__}", first + counts, wrong)


if __name__ == "__main__":
    sys.exit(main())
