"""The interface of DB-API 2.0, on every kind of database."""

from __future__ import annotations

from collections import ChainMap, OrderedDict, UserDict, UserList
from types import MappingProxyType
from typing import NamedTuple

import pytest

import phantomdb

TABLE = "CREATE TABLE people (id SERIAL PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, age INTEGER CHECK (age >= 0))"


@pytest.fixture
def people(connection: phantomdb.Connection) -> phantomdb.Connection:
    connection.execute(TABLE)
    connection.executemany("INSERT INTO people (name, age) VALUES ($1, $2)", [("Ann", 34), ("Bob", None), ("Cid", 7)])
    connection.commit()
    return connection


def test_the_module_says_what_it_is() -> None:
    assert phantomdb.apilevel == "2.0"
    assert phantomdb.threadsafety == 2
    assert phantomdb.paramstyle == "numeric_dollar"


def test_the_exceptions_are_the_tree_of_pep_249() -> None:
    assert issubclass(phantomdb.Warning, Exception)
    assert issubclass(phantomdb.Error, Exception)
    assert issubclass(phantomdb.InterfaceError, phantomdb.Error)
    assert issubclass(phantomdb.DatabaseError, phantomdb.Error)
    for name in ("Data", "Operational", "Integrity", "Internal", "Programming", "NotSupported"):
        kind = getattr(phantomdb, f"{name}Error")
        assert issubclass(kind, phantomdb.DatabaseError)
        assert getattr(phantomdb.Connection, f"{name}Error") is kind


def test_the_constructors_make_values_of_python() -> None:
    assert phantomdb.Date(2026, 1, 31).isoformat() == "2026-01-31"
    assert phantomdb.Time(12, 30).isoformat() == "12:30:00"
    assert phantomdb.Timestamp(2026, 1, 31, 12).isoformat() == "2026-01-31T12:00:00"
    assert phantomdb.Binary(b"\x00\xff") == b"\x00\xff"
    ticks = 1_000_000_000.0
    assert phantomdb.TimestampFromTicks(ticks).timestamp() == ticks
    assert phantomdb.DateFromTicks(ticks) == phantomdb.TimestampFromTicks(ticks).date()
    assert phantomdb.TimeFromTicks(ticks) == phantomdb.TimestampFromTicks(ticks).time()


def test_a_result_is_described_and_fetched(people: phantomdb.Connection) -> None:
    cursor = people.cursor()
    cursor.execute("SELECT id, name, age FROM people ORDER BY id")
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == ["id", "name", "age"]
    assert [len(column) for column in cursor.description] == [7, 7, 7]
    assert cursor.description[0][1] == phantomdb.NUMBER
    assert cursor.description[1][1] == phantomdb.STRING
    assert cursor.description[1][1] != phantomdb.NUMBER
    assert cursor.rowcount == 3
    assert cursor.rownumber == 0
    assert cursor.fetchone() == (1, "Ann", 34)
    assert cursor.fetchmany() == [(2, "Bob", None)]
    assert cursor.rownumber == 2
    assert cursor.fetchall() == [(3, "Cid", 7)]
    assert cursor.fetchone() is None
    assert cursor.fetchmany(5) == []
    assert cursor.fetchall() == []
    cursor.execute("SELECT id FROM people ORDER BY id")
    assert list(cursor) == [(1,), (2,), (3,)]
    cursor.arraysize = 2
    cursor.execute("SELECT id FROM people ORDER BY id")
    assert cursor.fetchmany() == [(1,), (2,)]


def test_exact_types_are_described_on_demand(url: str, people: phantomdb.Connection) -> None:
    people.execute("CREATE TABLE exact (a DECIMAL(10,2) NOT NULL, b VARCHAR(7), c TIMESTAMP(6))")
    people.commit()
    with phantomdb.connect(url, exact_types=True) as exact:
        cursor = exact.execute("SELECT a, b, c FROM exact")
        assert cursor.description == [
            ("a", "decimal", None, None, 10, 2, False),
            ("b", "string", None, 7, None, None, True),
            ("c", "timestamp", None, None, 6, None, True),
        ]
        exact.execute("INSERT INTO exact (a) VALUES ($1)", [1])
        assert exact.execute("SELECT count(*), a FROM exact GROUP BY a").fetchall() == [(1, 1)]


def test_a_statement_is_described_without_running(people: phantomdb.Connection) -> None:
    found = people.describe("SELECT name, age FROM people WHERE id = $1 AND name = $2")
    assert found.parameters[0] == (None, "integer", "INTEGER")
    assert [parameter.type for parameter in found.parameters] == ["integer", "string"]
    assert found.columns == [("name", "string", "VARCHAR(40)", False), ("age", "integer", "INTEGER", True)]
    assert found.columns[0].sql_type == "VARCHAR(40)"
    named = people.describe("UPDATE people SET age = :age WHERE id = :id OR id = :id + 1")
    assert [parameter.name for parameter in named.parameters] == ["age", "id"]
    assert named.columns == []
    marked = people.describe("DELETE FROM people WHERE age > ?")
    assert marked.parameters == [(None, "integer", "INTEGER")]
    assert not people.in_transaction
    assert people.execute("SELECT count(*) FROM people").fetchone() == (3,)
    with pytest.raises(phantomdb.ProgrammingError) as error:
        people.describe("SELECT nothing FROM people")
    assert error.value.code == "UNKNOWN_COLUMN"


def test_there_is_nothing_to_fetch_without_rows(people: phantomdb.Connection) -> None:
    cursor = people.cursor()
    assert cursor.rowcount == -1
    assert cursor.description is None
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
        with pytest.raises(phantomdb.ProgrammingError):
            fetch()
    cursor.execute("UPDATE people SET age = 1 WHERE id < 3")
    assert cursor.rowcount == 2
    assert cursor.description is None
    with pytest.raises(phantomdb.ProgrammingError):
        cursor.fetchone()
    cursor.execute("SELECT id FROM people WHERE id > 100")
    assert cursor.rowcount == 0
    assert cursor.fetchall() == []


def test_parameters_are_written_in_three_ways(people: phantomdb.Connection) -> None:
    numbered = people.execute("SELECT name FROM people WHERE id = $1 OR name = $2 OR id = $1 ORDER BY id", [1, "Cid"])
    assert numbered.fetchall() == [("Ann",), ("Cid",)]
    marked = people.execute("SELECT name, '?' FROM people WHERE id = ? OR name = ? ORDER BY id", (1, "Cid"))
    assert marked.fetchall() == [("Ann", "?"), ("Cid", "?")]
    named = people.execute(
        "SELECT name, ':id' FROM people WHERE id = :id OR name = :name OR id = :id::integer ORDER BY id",
        {"id": 1, "name": "Cid", "unused": None},
    )
    assert named.fetchall() == [("Ann", ":id"), ("Cid", ":id")]
    operator = people.execute("SELECT CAST(? AS JSONB) ?? ?", [{"a": 1}, "a"])
    assert operator.fetchall() == [(True,)]


def test_parameters_may_be_of_any_class_of_sequences_and_mappings(people: phantomdb.Connection) -> None:
    class Pair(NamedTuple):
        first: int
        second: str

    marked = "SELECT name FROM people WHERE id = ? OR name = ? ORDER BY id"
    for sequence in ((1, "Cid"), [1, "Cid"], Pair(1, "Cid"), UserList([1, "Cid"]), {1: "", "Cid": ""}.keys()):
        assert people.execute(marked, sequence).fetchall() == [("Ann",), ("Cid",)]  # type: ignore[arg-type]
    values = {"id": 1, "name": "Cid"}
    for mapping in (values, OrderedDict(values), UserDict(values), MappingProxyType(values), ChainMap(values)):
        named = people.execute("SELECT name FROM people WHERE id = :id OR name = :name ORDER BY id", mapping)
        assert named.fetchall() == [("Ann",), ("Cid",)]


def test_the_same_statement_is_described_anew_when_its_columns_change(people: phantomdb.Connection) -> None:
    before = people.execute("SELECT age FROM people ORDER BY id").description
    people.execute("ALTER TABLE people DROP COLUMN age")
    people.execute("ALTER TABLE people ADD COLUMN age TEXT DEFAULT 'x'")
    after = people.execute("SELECT age FROM people ORDER BY id")
    assert before is not None and after.description is not None
    assert (before[0][1], after.description[0][1]) == ("integer", "string")
    assert after.fetchone() == ("x",)


def test_parameters_that_do_not_fit_are_refused(people: phantomdb.Connection) -> None:
    for sql, parameters in (
        ("SELECT $1, $2", [1]),
        ("SELECT ?, ?", [1]),
        ("SELECT ?", [1, 2]),
        ("SELECT :a", {"b": 1}),
        ("SELECT $1", [object()]),
    ):
        with pytest.raises(phantomdb.ProgrammingError):
            people.execute(sql, parameters)  # type: ignore[arg-type]
        people.rollback()


def test_many_rows_are_inserted_at_once_and_returned_in_order(people: phantomdb.Connection) -> None:
    cursor = people.cursor()
    names = [{"name": f"n{number}", "age": number} for number in range(500)]
    cursor.executemany("INSERT INTO people (name, age) VALUES (:name, :age) RETURNING id, name", names)
    assert cursor.rowcount == 500
    rows = cursor.fetchall()
    assert [row[1] for row in rows] == [row["name"] for row in names]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    cursor.executemany("INSERT INTO people (name) VALUES ($1)", [])
    assert cursor.rowcount == 0
    with pytest.raises(phantomdb.ProgrammingError):
        cursor.executemany("INSERT INTO people (name) VALUES ($1)", "no")  # type: ignore[arg-type]


def test_many_statements_take_effect_together(people: phantomdb.Connection) -> None:
    cursor = people.cursor()
    cursor.executemany("UPDATE people SET age = $1 WHERE id = $2", [(50, 1), (51, 2), (52, 99)])
    assert cursor.rowcount == 2
    people.commit()
    with pytest.raises(phantomdb.IntegrityError):
        cursor.executemany("UPDATE people SET age = $1 WHERE id = $2", [(1, 1), (-1, 2)])
    people.rollback()
    assert people.execute("SELECT age FROM people ORDER BY id").fetchall() == [(50,), (51,), (7,)]


def test_a_transaction_is_committed_or_rolled_back(url: str, people: phantomdb.Connection) -> None:
    with phantomdb.connect(url) as other:
        count = "SELECT count(*) FROM people"
        people.execute("INSERT INTO people (name) VALUES ('Dan')")
        assert people.in_transaction
        assert other.execute(count).fetchone() == (3,)
        people.rollback()
        assert not people.in_transaction
        assert people.execute(count).fetchone() == (3,)
        people.execute("INSERT INTO people (name) VALUES ('Dan')")
        people.commit()
        assert other.execute(count).fetchone() == (4,)
        people.commit()
        people.rollback()


def test_a_schema_change_is_rolled_back(people: phantomdb.Connection) -> None:
    people.execute("ALTER TABLE people ADD COLUMN note TEXT")
    people.execute("UPDATE people SET note = 'x'")
    people.rollback()
    with pytest.raises(phantomdb.ProgrammingError) as error:
        people.execute("SELECT note FROM people")
    assert error.value.code == "UNKNOWN_COLUMN"


def test_autocommit_commits_each_statement(url: str, people: phantomdb.Connection) -> None:
    people.autocommit = True
    people.execute("INSERT INTO people (name) VALUES ('Dan')")
    assert not people.in_transaction
    with phantomdb.connect(url, autocommit=True) as other:
        assert other.autocommit
        assert other.execute("SELECT count(*) FROM people").fetchone() == (4,)
        other.begin()
        other.execute("DELETE FROM people")
        with pytest.raises(phantomdb.ProgrammingError):
            other.begin()
        with pytest.raises(phantomdb.ProgrammingError):
            other.autocommit = False
        assert other.autocommit
        other.rollback()
    assert people.execute("SELECT count(*) FROM people").fetchone() == (4,)


def test_a_level_with_one_snapshot_reads_one_state(url: str, people: phantomdb.Connection) -> None:
    with phantomdb.connect(url, isolation_level="repeatable read") as reader:
        assert reader.isolation_level == "REPEATABLE READ"
        count = "SELECT count(*) FROM people"
        assert reader.execute(count).fetchone() == (3,)
        people.execute("DELETE FROM people WHERE id = 1")
        people.commit()
        assert reader.execute(count).fetchone() == (3,)
        reader.rollback()
        assert reader.execute(count).fetchone() == (2,)
        with pytest.raises(phantomdb.ProgrammingError):
            reader.isolation_level = "CHAOS"


def test_a_read_only_connection_refuses_writes(url: str, people: phantomdb.Connection) -> None:
    with phantomdb.connect(url, read_only=True) as reader:
        assert reader.read_only
        assert reader.execute("SELECT count(*) FROM people").fetchone() == (3,)
        with pytest.raises(phantomdb.DatabaseError):
            reader.execute("DELETE FROM people")


def test_savepoints_undo_a_part(people: phantomdb.Connection) -> None:
    people.execute("INSERT INTO people (name) VALUES ('Dan')")
    people.execute("SAVEPOINT one")
    people.execute("INSERT INTO people (name) VALUES ('Eve')")
    people.execute("ROLLBACK TO SAVEPOINT one")
    people.commit()
    assert people.execute("SELECT name FROM people WHERE id > 3").fetchall() == [("Dan",)]


def test_deferred_keys_are_checked_on_demand(people: phantomdb.Connection) -> None:
    people.execute("CREATE TABLE pets (owner INTEGER REFERENCES people (id) DEFERRABLE INITIALLY IMMEDIATE)")
    people.commit()
    people.execute("SET CONSTRAINTS ALL DEFERRED")
    people.execute("INSERT INTO pets VALUES (77)")
    with pytest.raises(phantomdb.IntegrityError) as error:
        people.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert error.value.code == "FOREIGN_KEY_VIOLATION"
    assert error.value.table == "pets"
    people.execute("INSERT INTO people (id, name) VALUES (77, 'Zoe')")
    people.execute("SET CONSTRAINTS ALL IMMEDIATE")
    people.commit()
    assert people.execute("SELECT owner FROM pets").fetchall() == [(77,)]


def test_a_statement_that_fails_leaves_the_transaction_open(people: phantomdb.Connection) -> None:
    people.execute("INSERT INTO people (name) VALUES ('Dan')")
    with pytest.raises(phantomdb.IntegrityError):
        people.execute("INSERT INTO people (name) VALUES ('Dan')")
    people.execute("INSERT INTO people (name) VALUES ('Eve')")
    people.commit()
    assert people.execute("SELECT count(*) FROM people").fetchone() == (5,)


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        ("INSERT INTO people (name) VALUES ('Ann')", phantomdb.IntegrityError, "UNIQUE_VIOLATION"),
        ("INSERT INTO people (name) VALUES (NULL)", phantomdb.IntegrityError, "NOT_NULL_VIOLATION"),
        ("UPDATE people SET age = -1", phantomdb.IntegrityError, "CHECK_VIOLATION"),
        ("SELEC 1", phantomdb.ProgrammingError, "SYNTAX_ERROR"),
        ("SELECT * FROM nowhere", phantomdb.ProgrammingError, "UNKNOWN_TABLE"),
        ("SELECT nothing FROM people", phantomdb.ProgrammingError, "UNKNOWN_COLUMN"),
        ("SELECT nothing()", phantomdb.ProgrammingError, "UNKNOWN_FUNCTION"),
        ("CREATE TABLE people (id INTEGER)", phantomdb.ProgrammingError, "ALREADY_EXISTS"),
        ("UPDATE people SET age = 3000000000", phantomdb.DataError, "OUT_OF_RANGE"),
        ("UPDATE people SET age = 'abc'", phantomdb.DataError, "TYPE_MISMATCH"),
        ("COMMIT", phantomdb.ProgrammingError, "BAD_REQUEST"),
    ],
)
def test_an_error_has_its_class_and_code(
    people: phantomdb.Connection, sql: str, kind: type[phantomdb.Error], code: str
) -> None:
    with pytest.raises(kind) as error:
        people.execute(sql)
    assert error.value.code == code
    assert str(error.value)


def test_an_error_names_what_was_at_fault(people: phantomdb.Connection) -> None:
    with pytest.raises(phantomdb.IntegrityError) as error:
        people.execute("INSERT INTO people (name) VALUES ($1)", ["Ann"])
    assert error.value.table == "people"
    assert error.value.columns == ["name"]
    assert error.value.constraint == "people_name_key"
    with pytest.raises(phantomdb.ProgrammingError) as error:
        people.execute("SELECT 1 +")
    assert error.value.position is not None


def test_what_is_closed_is_refused(people: phantomdb.Connection) -> None:
    cursor = people.cursor()
    cursor.close()
    cursor.close()
    with pytest.raises(phantomdb.InterfaceError):
        cursor.execute("SELECT 1")
    left = people.cursor()
    people.close()
    people.close()
    assert people.closed
    for call in (people.cursor, people.commit, people.rollback, people.begin, people.snapshot):
        with pytest.raises(phantomdb.InterfaceError):
            call()
    with pytest.raises(phantomdb.InterfaceError):
        left.execute("SELECT 1")


def test_a_connection_as_context_manager_commits_or_rolls_back(url: str, people: phantomdb.Connection) -> None:
    with phantomdb.connect(url) as connection:
        connection.execute("INSERT INTO people (name) VALUES ('Dan')")
    assert connection.closed
    with pytest.raises(RuntimeError), phantomdb.connect(url) as connection:
        connection.execute("INSERT INTO people (name) VALUES ('Eve')")
        raise RuntimeError("stop")
    with people.cursor() as cursor:
        assert cursor.execute("SELECT name FROM people WHERE id > 3").fetchall() == [("Dan",)]


def test_calls_of_the_contract_are_at_hand(people: phantomdb.Connection) -> None:
    described = people.call("describeTable", {"table": {"name": "people"}})
    assert [column["name"] for column in described["columns"]] == ["id", "name", "age"]
    people.execute("CREATE VIEW young AS SELECT name FROM people WHERE age < 18")
    views = people.call("listViews", {})["views"]
    assert [view["name"] for view in views] == ["young"]
    assert "18" in views[0]["query"]
    with pytest.raises(phantomdb.ProgrammingError):
        people.call("noSuchCall", {})
