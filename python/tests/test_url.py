"""Connection strings."""

from __future__ import annotations

import pytest

import phantomdb
from phantomdb._url import Target, parse


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("phantomdb://host/app", Target("http://host:8080", "app", None)),
        ("phantomdb://host:9000/app", Target("http://host:9000", "app", None)),
        ("phantomdb://:secret@host/app", Target("http://host:8080", "app", "secret")),
        ("phantomdb://user:s%40cret@host/app", Target("http://host:8080", "app", "s@cret")),
        ("phantomdb+https://host/app", Target("https://host", "app", None)),
        ("phantomdb+https://[::1]:8443/app", Target("https://[::1]:8443", "app", None)),
        ("phantomdb+memory:///app", Target("memory:", "app", None)),
        ("phantomdb+memory://shared/app", Target("memory:shared", "app", None)),
        ("phantomdb+file:///var/data/app", Target("file:/var/data", "app", None)),
        ("phantomdb+file://./data/app", Target("file:./data", "app", None)),
        ("phantomdb+file:///C:/data/app", Target("file:C:/data", "app", None)),
        ("phantomdb://host/my%20app", Target("http://host:8080", "my app", None)),
        ("http://host:8080", Target("http://host:8080", None, None)),
        ("memory:", Target("memory:", None, None)),
    ],
)
def test_a_url_names_a_client_and_a_database(url: str, target: Target) -> None:
    assert parse(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "phantomdb:///app",
        "phantomdb://host/a/b",
        "phantomdb://host:port/app",
        "phantomdb://:secret@host/app?x=1",
        "phantomdb+memory://name:80/app",
        "phantomdb+file:///app/",
        "phantomdb+file://host/data/app",
        "phantomdb+ftp://host/app",
        "postgres://:secret@host/app",
        "nonsense",
    ],
)
def test_any_other_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises((phantomdb.ProgrammingError, phantomdb.OperationalError)) as error:
        phantomdb.connect(url, database="app")
    assert "secret" not in str(error.value)


def test_a_connection_needs_one_database() -> None:
    with pytest.raises(phantomdb.ProgrammingError):
        phantomdb.connect("memory:")
    with pytest.raises(phantomdb.ProgrammingError):
        phantomdb.connect("phantomdb+memory:///app", database="other")
    with phantomdb.connect("memory:", database="app") as connection:
        assert connection.database == "app"
        assert "app" in repr(connection)


def test_the_environment_names_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHANTOMDB_URL", "phantomdb+memory:///fromenv")
    with phantomdb.connect() as connection:
        assert connection.database == "fromenv"


def test_options_are_checked(tmp_path: object) -> None:
    for options in (
        {"ca": "/no/such/file"},
        {"ca": "-----BEGIN CERTIFICATE-----"},
        {"nonsense": 1},
    ):
        with pytest.raises((phantomdb.Error, TypeError)):
            phantomdb.connect("phantomdb+memory:///app", **options)
    with pytest.raises(phantomdb.ProgrammingError):
        phantomdb.connect("phantomdb://:one@host/app", token="two")


def test_a_server_that_is_not_there_is_an_operational_error() -> None:
    with (
        phantomdb.connect("phantomdb://127.0.0.1:9/app", retries=0) as connection,
        pytest.raises(phantomdb.OperationalError) as error,
    ):
        connection.execute("SELECT 1")
    assert error.value.code == "UNAVAILABLE"
    assert error.value.details["reason"] == "refused"


def test_a_database_is_not_made_when_that_is_unwanted(server: str) -> None:
    url = f"{server.replace('http', 'phantomdb')}/never_made"
    with phantomdb.connect(url, create_database=False) as connection:
        with pytest.raises(phantomdb.ProgrammingError) as error:
            connection.execute("SELECT 1")
        assert error.value.code == "UNKNOWN_DATABASE"


def test_connections_of_one_client_share_a_private_memory() -> None:
    client, database = phantomdb.open_client("phantomdb+memory:///app")
    assert database == "app"
    with phantomdb.connect(client=client, database="app") as one:
        one.execute("CREATE TABLE t (n INTEGER)")
        one.commit()
        with phantomdb.connect(client=client, database="app") as other:
            assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
    client.close()
    with phantomdb.connect("phantomdb+memory:///app") as apart, pytest.raises(phantomdb.ProgrammingError):
        apart.execute("SELECT * FROM t")
