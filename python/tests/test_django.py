"""The back end for Django: its settings, its parameters, and a whole project on every kind of database."""

from __future__ import annotations

import datetime
import decimal
import os
import pathlib
import re
import subprocess
import sys
import uuid
from typing import Any

import pytest

django = pytest.importorskip("django")

from django.conf import settings  # noqa: E402

if not settings.configured:
    settings.configure(USE_TZ=True, DATABASES={})
    django.setup()

from django.core.exceptions import ImproperlyConfigured  # noqa: E402

import phantomdb  # noqa: E402
from phantomdb.django import _cursor, _literals, _settings, client  # noqa: E402

BOOKSHOP = pathlib.Path(__file__).resolve().parents[1] / "examples" / "bookshop"


def test_a_database_is_named_by_a_url_or_by_its_parts() -> None:
    for given, where in [
        ({"NAME": "phantomdb://db:9000/app"}, ("http://db:9000", "app", None)),
        ({"NAME": "phantomdb+https://:secret@db/app"}, ("https://db", "app", "secret")),
        ({"NAME": "phantomdb+memory://shared/app"}, ("memory:shared", "app", None)),
        ({"NAME": "phantomdb+file://./data/app"}, ("file:./data", "app", None)),
        ({"NAME": "app"}, ("http://localhost:8080", "app", None)),
        ({"NAME": "app", "HOST": "db", "PORT": "9000", "TOKEN": "t"}, ("http://db:9000", "app", "t")),
        ({"NAME": "app", "HOST": "https://db"}, ("https://db", "app", None)),
    ]:
        found = _settings.place(given)
        assert (found.connection_string, found.database, found.token) == where, given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "DATABASES needs NAME"),
        ({"NAME": "phantomdb://db"}, "without a database"),
        ({"NAME": "phantomdb+nothing://db/app"}, "phantomdb+nothing"),
        ({"NAME": "phantomdb://db/app", "HOST": "db"}, "leave out HOST"),
        ({"NAME": "phantomdb://:a@db/app", "TOKEN": "b"}, "two different tokens"),
        ({"NAME": "app", "PASSWORD": "x"}, "set TOKEN"),
        ({"NAME": "app", "HOST": "ftp://db"}, "HOST"),
        ({"NAME": "app", "PORT": "x"}, "PORT"),
    ],
)
def test_settings_that_cannot_be_used_are_explained(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(message)):
        _settings.place(given)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="'sslmode'"):
        _settings.connection_options({"OPTIONS": {"sslmode": "require"}})


def test_parameters_become_numbers_with_the_types_of_their_values() -> None:
    assert _cursor.numbered("SELECT %s, %s, '100%%'", [1, "a"]) == ("SELECT $1, $2, '100%'", [1, "a"])
    day = datetime.date(2026, 1, 2)
    assert _cursor.numbered("a = %(day)s OR b = %(day)s", {"day": day}) == ("a = $1::date OR b = $1::date", [day])
    text, _ = _cursor.numbered("%s %s %s", [decimal.Decimal("1.5"), uuid.uuid4(), True])
    assert text == "$1::numeric $2::uuid $3::boolean"
    # In two places of a query that groups rows an expression must be the same.
    grouped = "SELECT a + %s FROM t GROUP BY a + %s"
    assert _cursor.numbered(grouped, [1, 1]) == ("SELECT a + $1 FROM t GROUP BY a + $1", [1])
    assert _cursor.numbered(grouped, [1, True])[1] == [1, True]
    for sql, parameters in [("%s", []), ("%s", [1, 2]), ("%(a)s", {"b": 1}), ("%s", {"a": 1}), ("%d%", [1])]:
        with pytest.raises(phantomdb.ProgrammingError):
            _cursor.numbered(sql, parameters)


def test_many_lists_of_parameters_are_one_statement() -> None:
    day = datetime.date(2026, 1, 2)
    assert _cursor.numbered_many("VALUES (%s, %s)", [(None, 1), (day, "x")]) == (
        "VALUES ($1::date, $2)",
        [[None, 1], [day, "x"]],
    )
    named = _cursor.numbered_many("VALUES (%(a)s, %(b)s, %(a)s)", [{"a": None, "b": 1}, {"b": True, "a": day}])
    assert named == ("VALUES ($1::date, $2, $1::date)", [[None, 1], [day, True]])
    # Each of these integers has a type by its size.
    sized = _cursor.numbered_many("VALUES (%s)", [[_literals.Integer(1 << 40)], [_literals.Integer(1)]])
    assert sized[0] == "VALUES ($1)"
    # Numbers of two classes have no type in common.
    mixed = _cursor.numbered_many("VALUES (%s)", [[1.5], [decimal.Decimal(1)]])
    assert mixed[0] == "VALUES ($1)"
    with pytest.raises(phantomdb.ProgrammingError, match="2"):
        _cursor.numbered_many("VALUES (%s)", [[1], [1, 2]])


def test_literals_are_read_as_the_values_they_stand_for(connection: phantomdb.Connection) -> None:
    values = [
        None,
        True,
        -5,
        "it's a \\ and a %",
        1.25,
        decimal.Decimal("-1E+3"),
        b"\x00\xff'",
        datetime.date(1, 1, 1),
        datetime.time(23, 59, 59, 999999),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.timezone.utc),
        uuid.UUID(int=7),
        {"a": ["'", None]},
    ]
    row = connection.execute("SELECT " + ", ".join(map(_literals.literal, values))).fetchone()
    assert row == tuple(values)
    for value in ("\0", object()):
        with pytest.raises(ValueError):
            _literals.literal(value)


def test_dbshell_starts_the_shell_without_the_token_in_its_command() -> None:
    found = client.DatabaseClient.settings_to_cmd_args_env({"NAME": "app", "HOST": "db", "TOKEN": "secret"}, ["-c", "SELECT 1"])
    assert found == (
        ["phantomdb", "sql", "http://db:8080", "--database", "app", "-c", "SELECT 1"],
        {"PHANTOMDB_TOKEN": "secret"},
    )
    with pytest.raises(ImproperlyConfigured, match="in memory"):
        client.DatabaseClient.settings_to_cmd_args_env({"NAME": "phantomdb+memory:///app"}, [])


def manage(url: str, *arguments: str) -> str:
    """Runs a command of the bookshop, and returns what it writes."""
    environment = {**os.environ, "BOOKSHOP_DATABASE": url, "DJANGO_SUPERUSER_PASSWORD": "only a test"}
    ran = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BOOKSHOP,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_the_bookshop_passes_its_tests(url: str) -> None:
    assert "OK" in manage(url, "test")


@pytest.mark.parametrize("place", ["memory", "file", "server"])
def test_the_bookshop_passes_its_tests_in_parallel(
    place: str, request: pytest.FixtureRequest, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    if place == "server":
        url = request.getfixturevalue("server").replace("http", "phantomdb") + "/parallel"
    else:
        url = "phantomdb+memory:///parallel" if place == "memory" else f"phantomdb+file://{tmp_path.as_posix()}/data/parallel"
    ran = manage(url, "test", "--parallel", "2", "-v", "2")
    assert "OK" in ran
    assert "Cloning test database" in ran
    # Nothing is left of the clones.
    assert not list(tmp_path.glob("phantomdb-test-*"))


def test_the_bookshop_migrates_up_and_down(url: str) -> None:
    if url.startswith("phantomdb+memory"):
        pytest.skip("a database in memory ends with its process")
    manage(url, "migrate")
    assert "No changes detected" in manage(url, "makemigrations", "--check", "--dry-run")
    manage(url, "createsuperuser", "--noinput", "--username", "admin", "--email", "admin@example.org")
    models = manage(url, "inspectdb", "catalogue_book")
    for expected in (
        "title = models.CharField(max_length=200)",
        "price = models.DecimalField(max_digits=10, decimal_places=2)",
        "details = models.JSONField()",
        "slug = models.CharField(unique=True, max_length=220, blank=True, null=True)",
    ):
        assert expected in models
    manage(url, "migrate", "catalogue", "0001")
    assert "[ ] 0002_slugs" in manage(url, "showmigrations", "catalogue")
    manage(url, "migrate", "catalogue", "zero")
    assert "catalogue_book" not in manage(url, "inspectdb")
    manage(url, "migrate")
