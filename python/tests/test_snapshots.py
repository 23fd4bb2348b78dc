"""States of a database that are kept and restored."""

from __future__ import annotations

import pathlib

import pytest

import phantomdb


@pytest.fixture(params=["memory", "file", "http"])
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path, memory: str) -> str:
    """The URL of a database that keeps snapshots. PostgreSQL keeps none."""
    if request.param == "memory":
        return memory
    if request.param == "file":
        return f"phantomdb+file://{tmp_path.as_posix()}/app"
    server: str = request.getfixturevalue("server")
    return f"{server.replace('http', 'phantomdb')}/snapshots"


def test_a_state_is_kept_restored_and_cloned(place: str) -> None:
    with phantomdb.connect(place) as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        kept = connection.snapshot()
        assert kept.size > 0
        connection.execute("DELETE FROM t")
        connection.commit()
        connection.execute("INSERT INTO t VALUES (5)")
        connection.restore(kept)
        assert not connection.in_transaction
        assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
        kept.clone("copy")
        with phantomdb.connect(client=connection._client, database="copy") as copy:
            copy.execute("INSERT INTO t VALUES (2)")
            copy.commit()
            assert copy.execute("SELECT count(*) FROM t").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
        kept.drop()
        with pytest.raises(phantomdb.ProgrammingError):
            connection.restore(kept)
        connection.call("dropTable", {"table": {"name": "t"}})


def test_a_saved_state_is_the_template_of_other_databases(tmp_path: pathlib.Path, server: str) -> None:
    path = str(tmp_path / "seed.db")
    with phantomdb.connect("phantomdb+memory:///app") as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        connection.execute("INSERT INTO t VALUES (7)")
        connection.commit()
        kept = connection.snapshot()
        kept.save(path)
        # It goes on to be known.
        connection.restore(kept)
        with pytest.raises(phantomdb.Error):
            kept.save(str(tmp_path / "missing" / "seed.db"))
    for url in ("phantomdb+memory:///copy", f"phantomdb+file://{tmp_path.as_posix()}/data/copy"):
        with phantomdb.connect(url, template=path) as copy:
            assert copy.execute("SELECT n FROM t").fetchall() == [(7,)]
    with pytest.raises(phantomdb.ProgrammingError, match="template"):
        phantomdb.connect(f"{server.replace('http', 'phantomdb')}/copy", template=path)
    with phantomdb.connect(f"{server.replace('http', 'phantomdb')}/kept") as remote:
        remote.execute("CREATE TABLE t (n INTEGER)")
        remote.commit()
        with pytest.raises(phantomdb.NotSupportedError):
            remote.snapshot().save(path)


def test_postgresql_says_that_it_keeps_none(postgres_server: str) -> None:
    with phantomdb.connect(f"{postgres_server.replace('http', 'phantomdb')}/py_snapshots") as connection:
        with pytest.raises(phantomdb.Error) as error:
            connection.snapshot()
        assert error.value.code in ("UNSUPPORTED", "FORBIDDEN")
