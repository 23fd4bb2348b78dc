"""Runs Alembic's suite on PhantomDB, in the Python that has `phantomdb`, `sqlalchemy` and `alembic` installed.

    python conformance/alembic/run.py --on memory http postgres
    pip download --no-deps --no-binary :all: alembic && tar xf alembic-*.tar.gz
    python conformance/alembic/run.py --on memory --source alembic-1.20.1

The first runs the suite for dialects that is installed with Alembic. With `SOURCE`, the unpacked source distribution of the same
version, it runs all tests of Alembic, and before them the same tests on SQLAlchemy's own pysqlite dialect. The run fails when
a test fails that `expected.txt` does not list, or when a listed test passes. The last line counts.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Optional

import alembic

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from suites import PLACES, Outcome, read, report, run_on  # noqa: E402

#: The requirements of Alembic's own tests, with what PhantomDB has.
REQUIREMENTS = """
from phantomdb_requirements import with_phantomdb

from tests.requirements import DefaultRequirements

Requirements = with_phantomdb(DefaultRequirements)
"""


def suite(url: str, dialect: str, source: Optional[pathlib.Path]) -> Outcome:
    """Runs the suite on a database: that of the wheel, or with a source distribution all tests."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        junit = folder / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--maxfail=1000000"]
        command += ["--dburi", url, f"--junitxml={junit}"]
        environment = {**os.environ, "PHANTOMDB_SUITE_DIALECT": dialect, "PYTHONPATH": str(HERE / "suite")}
        if source is None:
            shutil.copytree(HERE / "suite", folder, dirs_exist_ok=True)
            command.append("test_suite.py")
        else:
            shutil.copytree(source / "tests", folder / "tests")
            shutil.copy(source / "setup.cfg", folder)
            # The tests read files of the package beside them.
            (folder / "alembic").symlink_to(pathlib.Path(alembic.__file__).parent)
            command.append("tests")
            if dialect == "phantomdb":
                (folder / "own_requirements.py").write_text(REQUIREMENTS, encoding="utf-8")
                command += ["--requirements", "own_requirements:Requirements", "-p", "phantomdb_provision"]
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if not junit.exists():
            sys.exit(f"the suite did not run:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")
        return read(junit)


def main() -> int:
    """Runs what the arguments say. Returns the code to exit with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", nargs="+", choices=PLACES, default=["memory"], help="the databases (memory)")
    parser.add_argument("--source", type=pathlib.Path, help="the unpacked source distribution of Alembic")
    arguments = parser.parse_args()
    first = []
    if arguments.source:
        first.append(f"pysqlite: {suite('sqlite:///:memory:', 'sqlite', arguments.source)}")
    counts, wrong = run_on(
        arguments.on, HERE / "expected.txt", lambda url: suite(url, "phantomdb", arguments.source)
    )
    return report(f"Alembic {alembic.__version__}", first + counts, wrong)


if __name__ == "__main__":
    sys.exit(main())
