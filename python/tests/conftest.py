"""The databases that the tests run on: in memory, in a directory, on a server, and on a server over PostgreSQL."""

from __future__ import annotations

import itertools
import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest

import phantomdb

ROOT = pathlib.Path(__file__).resolve().parents[2]

_numbers = itertools.count(1)


def start(command: list[str], environment: dict[str, str] | None = None, **options: object) -> tuple[subprocess.Popen[str], str]:
    """Starts a program and returns it with the URL at the end of its first line."""
    process: subprocess.Popen[str] = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        process.kill()
        pytest.fail(f"{' '.join(command)} did not start (npm install builds the server, in the root of the repository)")
    return process, line.rsplit(" ", 1)[-1]


def serve(*options: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """Starts a server and returns it with its URL."""
    return start(["node", "bin/phantomdb.js", "serve", "--listen", "127.0.0.1:0", *options], environment)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server with databases in memory."""
    process, url = serve("--memory")
    yield url
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server whose databases are in PostgreSQL."""
    postgres, engine = start(["node", "scripts/postgres.mjs"], stdin=subprocess.PIPE)
    process, url = serve("--allow-superuser", PHANTOMDB_ENGINE=engine)
    yield url
    process.terminate()
    process.wait(timeout=20)
    assert postgres.stdin is not None
    postgres.stdin.close()
    postgres.wait(timeout=60)


@pytest.fixture(params=["memory", "file", "http", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """The URL of a database that nobody has used."""
    name = f"test{next(_numbers)}"
    if request.param == "memory":
        return f"phantomdb+memory://{name}/app"
    if request.param == "file":
        return f"phantomdb+file://{tmp_path.as_posix()}/app"
    server = request.getfixturevalue("server" if request.param == "http" else "postgres_server")
    return f"{server.replace('http', 'phantomdb')}/py_{name}"


@pytest.fixture
def connection(url: str) -> Iterator[phantomdb.Connection]:
    """A connection to a database that nobody has used."""
    connection = phantomdb.connect(url)
    yield connection
    connection.close()


@pytest.fixture
def memory() -> str:
    """The URL of a database in memory that connections of this test share."""
    return f"phantomdb+memory://test{next(_numbers)}/app"
