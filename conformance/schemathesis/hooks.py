"""Puts statements, conditions and names that exist into the requests that Schemathesis makes."""

from __future__ import annotations

import json
import zlib
from typing import Any

import schemathesis

STATEMENTS: tuple[tuple[str, list[Any]], ...] = (
    ("SELECT * FROM users WHERE id = $1", [1]),
    ("SELECT u.name, count(p.id) FROM users u LEFT JOIN posts p ON p.user_id = u.id GROUP BY u.name ORDER BY 1", []),
    ("SELECT $1::jsonb -> 'a', $2 || 'x', $3 + 1", ['{"a": 1}', "t", 1.5]),
    ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) SELECT i FROM n", []),
    ("INSERT INTO users (name, age) VALUES ($1, $2) RETURNING id", ["Eve", 7]),
    ("UPDATE users SET age = age + 1 WHERE id = $1", [2]),
    ("DELETE FROM posts WHERE id > $1", [100]),
    ("INSERT INTO posts VALUES (1, 1, 'x')", []),
    ("INSERT INTO posts VALUES (9, 999, 'z')", []),
    ("SELECT 1 / $1", [0]),
    ("SELECT nothing FROM users", []),
    ("SELECT 1; SELECT 2", []),
    ("CREATE TABLE IF NOT EXISTS made (id INTEGER)", []),
    ("DROP TABLE IF EXISTS made", []),
)
CONDITIONS = ("id = 1", "name LIKE 'A%' AND age > 18", "doc->>'a' IS NULL", "id IN (1, 2) OR active", "nothing = 1", "id = ")
ORDERS = ("id DESC", "name, age NULLS FIRST", "lower(name)", "nothing")
COLUMNS = ("id", "id, name", "count(*)", "*")
TABLES = ("users", "posts", "adults", "made", "none")


def number(value: Any) -> int:
    """The same number for the same value, so that a run can be repeated."""
    return zlib.crc32(repr(value).encode("utf-8", "replace"))


def one(of: tuple[Any, ...], value: Any) -> Any:
    return of[number(value) % len(of)]


def is_kept(value: Any) -> bool:
    """True for one request in four, which goes as Schemathesis made it."""
    return number(("kept", value)) % 4 == 0


def filled(value: Any) -> Any:
    """A body with a statement, a condition or a name that exists."""
    if isinstance(value, list):
        return [filled(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: filled(item) for key, item in value.items()}
    if isinstance(value.get("query"), str):
        query, parameters = one(STATEMENTS, value)
        value.update(query=query, parameters=parameters)
        value.pop("native", None)
        value.pop("rows", None)
        if number(value) % 8:
            value.pop("transaction", None)
    if "condition" in value and "data" in value:
        value.update(condition=one(CONDITIONS, value), data={"age": number(value) % 100}, all=False)
    if "rows" in value and "query" not in value:
        value["rows"] = [{"name": json.dumps(value, default=str)[:40], "age": number(value) % 100}]
    if value.get("database") is not None:
        value["database"] = "app"
    return value


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    return body if is_kept(body) else filled(body)


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    if not isinstance(path_parameters, dict) or is_kept(path_parameters):
        return path_parameters
    names = {"db": "app", "table": one(TABLES, path_parameters)}
    # The database stays, for the calls after the one that would drop it.
    if context.operation.label == "DELETE /databases/{db}":
        names["db"] = "other"
    return {key: names.get(key, value) for key, value in path_parameters.items()}


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    if not isinstance(query, dict) or is_kept(query):
        return query
    known = {"condition": CONDITIONS, "orderBy": ORDERS, "columns": COLUMNS}
    return {
        key: one(known[key], value) if key in known else value for key, value in query.items() if key != "schema"
    }


@schemathesis.hook
def map_headers(context: Any, headers: Any) -> Any:
    """Most calls are no part of a transaction: an id that is made up is refused before anything else is looked at."""
    if not headers or is_kept(dict(headers)):
        return headers
    return {key: value for key, value in headers.items() if key.lower() != "phantomdb-transaction"}
