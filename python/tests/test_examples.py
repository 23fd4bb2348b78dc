"""The examples: the tests of the service run on each database, and only the URL differs."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "examples" / "fastapi_tasks"


def run(url: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "TEST_DATABASE_URL": url}
    ran = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None and int(passed[1]) > 80
    assert "failed" not in ran.stdout and "skipped" not in ran.stdout


def test_the_service_runs_on_the_database_that_it_was_written_for() -> None:
    run("sqlite+aiosqlite:///{tmp_path}/tasks.db")


def test_the_service_runs_in_memory() -> None:
    run("phantomdb+memory://tests/tasks")


def test_the_service_runs_in_a_directory(tmp_path: pathlib.Path) -> None:
    run(f"phantomdb+file://{tmp_path.as_posix()}/tasks")


@pytest.mark.parametrize("fixture", ["server", "postgres_server"])
def test_the_service_runs_on_a_server(fixture: str, request: pytest.FixtureRequest) -> None:
    server: str = request.getfixturevalue(fixture)
    run(f"{server.replace('http', 'phantomdb')}/service")
