"""A database in the same state for each test, on whichever database TEST_DATABASE_URL names.

On SQLite each test has a new database, with new tables and their rows. On PhantomDB they are made once, and each test goes
back to a snapshot of them.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator

import phantomdb
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from app import Base, create_app

URL = os.environ.get("TEST_DATABASE_URL", "phantomdb+memory://tests/tasks")


def seed(client: TestClient) -> None:
    """The rows that every test begins with."""
    for number in range(10):
        project = client.post("/projects", params={"name": f"project {number}"}).json()
        titles = [f"task {task} of project {number}" for task in range(20)]
        tasks = [{"title": title, "due": f"2026-01-{1 + index:02}", "labels": ["seed"]} for index, title in enumerate(titles)]
        assert client.post(f"/projects/{project}/tasks", json=tasks).status_code == 201


if URL.startswith("phantomdb"):

    @pytest.fixture(scope="session")
    def running() -> Iterator[TestClient]:
        """The service, on a database that was filled once."""
        with TestClient(create_app(URL)) as client:
            seed(client)
            yield client

    @pytest.fixture(scope="session")
    def go_back(running: TestClient) -> Iterator[Callable[[], None]]:
        """Brings the database back to the state that it has now."""
        with phantomdb.connect(URL) as connection:
            try:
                snapshot = connection.snapshot()
            except (phantomdb.NotSupportedError, phantomdb.OperationalError):
                # A server over PostgreSQL, or one without --allow-snapshots, keeps none: the tables are made anew.
                engine = create_engine(URL)

                def make_anew() -> None:
                    Base.metadata.drop_all(engine)
                    Base.metadata.create_all(engine)
                    seed(running)

                yield make_anew
                engine.dispose()
            else:
                yield lambda: connection.restore(snapshot)

    @pytest.fixture
    def client(running: TestClient, go_back: Callable[[], None]) -> Iterator[TestClient]:
        """The service, whose database goes back to its state after the test."""
        yield running
        go_back()

else:

    @pytest.fixture
    def client(tmp_path: pathlib.Path) -> Iterator[TestClient]:
        """The service, on a database that is made for the test."""
        with TestClient(create_app(URL.format(tmp_path=tmp_path))) as client:
            seed(client)
            yield client
