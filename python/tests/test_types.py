"""Values both ways, on every kind of database."""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import phantomdb

UTC = datetime.timezone.utc
EAST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))

#: A type of a column, a value that is written, and the value that is read; the same one when it is left out.
VALUES: list[tuple[Any, ...]] = [
    ("SMALLINT", -32768),
    ("INTEGER", 2**31 - 1),
    ("BIGINT", 2**63 - 1),
    ("BIGINT", -(2**63)),
    ("BIGINT", 2**53 + 1),
    ("DOUBLE PRECISION", 0.1),
    ("DOUBLE PRECISION", 1.0),
    ("DOUBLE PRECISION", 3, 3.0),
    ("DOUBLE PRECISION", math.inf),
    ("DOUBLE PRECISION", -math.inf),
    ("DECIMAL(30,10)", decimal.Decimal("12345678901234567890.0123456789")),
    ("DECIMAL(10,2)", decimal.Decimal("-0.10")),
    ("DECIMAL", 2**70, decimal.Decimal(2**70)),
    ("VARCHAR(20)", "it's \"quoted\" \\ ä 🎉"),
    ("TEXT", ""),
    ("TEXT", "a\nb\tc\r\n"),
    ("BOOLEAN", True),
    ("BOOLEAN", False),
    ("TIMESTAMP(6)", datetime.datetime(2026, 1, 31, 12, 30, 1, 123456, UTC)),
    ("TIMESTAMP(6)", datetime.datetime(2026, 1, 31, 12, 30, tzinfo=EAST), datetime.datetime(2026, 1, 31, 7, 0, tzinfo=UTC)),
    ("TIMESTAMP(6)", datetime.datetime(2026, 1, 31), datetime.datetime(2026, 1, 31, tzinfo=UTC)),
    ("TIMESTAMP(6)", datetime.datetime(1, 1, 1, tzinfo=UTC)),
    ("TIMESTAMP(6)", datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ("TIMESTAMP", datetime.datetime(2026, 1, 31, 0, 0, 0, 123456, UTC), datetime.datetime(2026, 1, 31, 0, 0, 0, 123000, UTC)),
    ("TIMESTAMP(6)", datetime.datetime(2026, 1, 31, 12, 30, 1, 123000, UTC)),
    ("TIMESTAMP(6)", datetime.datetime(2024, 2, 29, 0, 0, 0, 1, UTC)),
    ("TIMESTAMP", datetime.datetime(2026, 12, 31, 23, 59, 59, 999600, UTC), datetime.datetime(2027, 1, 1, tzinfo=UTC)),
    (
        "TIMESTAMP(4)",
        datetime.datetime(2026, 1, 31, 0, 0, 0, 123456, UTC),
        datetime.datetime(2026, 1, 31, 0, 0, 0, 123500, UTC),
    ),
    ("DATE", datetime.date(2026, 2, 28)),
    ("DATE", datetime.date(1, 1, 1)),
    ("TIME(6)", datetime.time(23, 59, 59, 999999)),
    ("UUID", uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")),
    ("BLOB", b"\x00\xff\x80"),
    ("BLOB", b""),
    ("BLOB", bytearray(b"abc"), b"abc"),
    ("BLOB", memoryview(b"abc"), b"abc"),
    ("JSONB", {"a": [1, 2.5, None, True, "x"], "b": {}}),
    ("JSONB", [1, 2]),
    ("JSONB", phantomdb.Json("text"), "text"),
    ("JSONB", phantomdb.Json(5), 5),
    ("JSONB", {"at": datetime.date(2026, 1, 1)}, {"at": "2026-01-01"}),
    ("INTEGER[]", [1, 2, None]),
    ("TEXT[]", ["a", "b,c", 'd"']),
    ("ENUM('small','large')", "small"),
]


def test_values_come_back_as_they_were(connection: phantomdb.Connection) -> None:
    for number, (kind, value, *expected) in enumerate(VALUES):
        table = f"t{number}"
        connection.execute(f"CREATE TABLE {table} (v {kind})")
        connection.execute(f"INSERT INTO {table} VALUES ($1)", [value])
        connection.executemany(f"INSERT INTO {table} VALUES ($1)", [[value], [None]])
        read = connection.execute(f"SELECT v FROM {table}").fetchall()
        wanted = expected[0] if expected else value
        assert read == [(wanted,), (wanted,), (None,)], kind
        assert type(read[0][0]) is type(wanted), kind
        if not isinstance(value, (dict, list, phantomdb.Json)):
            found = connection.execute(f"SELECT count(*) FROM {table} WHERE v = $1", [read[0][0]]).fetchone()
            assert found == (2,), kind


def test_not_a_number_comes_back(connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (f DOUBLE PRECISION, d DECIMAL)")
    connection.execute("INSERT INTO t VALUES ($1, $2)", [math.nan, decimal.Decimal("NaN")])
    row = connection.execute("SELECT f, d FROM t").fetchone()
    assert row is not None
    assert math.isnan(row[0])
    assert row[1].is_nan()


def test_values_without_a_form_are_refused(connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (v TEXT)")
    connection.commit()
    for value, kind in (
        (datetime.time(12, tzinfo=UTC), phantomdb.DataError),
        (datetime.datetime(1, 1, 1, tzinfo=EAST), phantomdb.DataError),
        (datetime.datetime(9999, 12, 31, 23, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))), phantomdb.DataError),
        ("half \ud83c of a pair", phantomdb.DataError),
        (object(), phantomdb.ProgrammingError),
        ({1, 2}, phantomdb.ProgrammingError),
    ):
        with pytest.raises(kind):
            connection.execute("INSERT INTO t VALUES ($1)", [value])
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_times_beyond_those_of_python_are_errors_and_no_other_values(connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (v TIMESTAMP(6))")
    connection.execute("INSERT INTO t VALUES ('infinity')")
    with pytest.raises(phantomdb.DataError):
        connection.execute("SELECT v FROM t")
    assert connection.execute("SELECT CAST(v AS TEXT) FROM t").fetchone() == ("infinity",)


def test_a_duration_is_an_interval(connection: phantomdb.Connection) -> None:
    later = connection.execute(
        "SELECT CAST('2026-01-01' AS TIMESTAMPTZ) + CAST($1 AS INTERVAL)",
        [datetime.timedelta(days=1, hours=2, microseconds=5)],
    ).fetchone()
    assert later == (datetime.datetime(2026, 1, 2, 2, 0, 0, 5, UTC),)


def test_a_list_is_the_list_of_any(connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (id INTEGER)")
    connection.executemany("INSERT INTO t VALUES ($1)", [(number,) for number in range(10)])
    found = connection.execute("SELECT id FROM t WHERE id = ANY($1) ORDER BY id", [[3, 5, 99]])
    assert found.fetchall() == [(3,), (5,)]


TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=40)
# A number in a document is exact to its last digit, so that a large float comes back as the integer that its text is.
NUMBER = st.integers(-(2**53), 2**53) | st.integers(-(10**9), 10**9).map(lambda number: number / 8)
DOCUMENT = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
ROW = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False).map(lambda number: number + 0.0),
    st.none() | TEXT,
    st.none() | st.binary(max_size=40),
    st.none() | st.booleans(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.dates(),
    st.none() | st.times(),
    st.none() | st.uuids(),
    st.none() | st.decimals(min_value=-(10**15), max_value=10**15, places=4),
    st.none() | st.lists(DOCUMENT, max_size=3) | st.dictionaries(TEXT, DOCUMENT, max_size=3),
)
COLUMNS = (
    "a BIGINT, b DOUBLE PRECISION, c TEXT, d BLOB, e BOOLEAN, f TIMESTAMP(6), g DATE, h TIME(6), i UUID, "
    "j DECIMAL(30,4), k JSONB"
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_any_row_comes_back(connection: phantomdb.Connection, rows: list[tuple[Any, ...]]) -> None:
    connection.execute(f"CREATE TABLE rows_ (n SERIAL PRIMARY KEY, {COLUMNS})")
    try:
        marks = ", ".join(f"${number}" for number in range(1, 12))
        connection.executemany(f"INSERT INTO rows_ (a, b, c, d, e, f, g, h, i, j, k) VALUES ({marks})", rows)
        read = connection.execute("SELECT a, b, c, d, e, f, g, h, i, j, k FROM rows_ ORDER BY n").fetchall()
        assert read == rows
    finally:
        connection.rollback()
