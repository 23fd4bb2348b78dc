"""What expressions of Django write for PhantomDB, where it is not what they write for PostgreSQL."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db import NotSupportedError
from django.db.models import expressions, functions
from django.db.models.fields.json import KeyTransform
from django.db.models.fields.tuple_lookups import TupleExact
from django.db.models.sql import Query

from ._literals import Integer


def _now(self: Any, compiler: Any, connection: Any, **extra: Any) -> Any:
    if settings.USE_TZ:
        return self.as_sql(compiler, connection, template="STATEMENT_TIMESTAMP()", **extra)
    # Without zones the times of the database are those of the project's zone.
    zone = settings.TIME_ZONE.replace("'", "''")
    template = f"((STATEMENT_TIMESTAMP() AT TIME ZONE '{zone}') AT TIME ZONE 'UTC')"
    return self.as_sql(compiler, connection, template=template, **extra)


def _hash(self: Any, compiler: Any, connection: Any, **extra: Any) -> Any:
    template = "ENCODE(%(function)s(CONVERT_TO(%(expressions)s, 'UTF8')), 'hex')"
    return self.as_sql(compiler, connection, template=template, **extra)


def _no_sha1(self: Any, compiler: Any, connection: Any, **extra: Any) -> Any:
    raise NotSupportedError("PhantomDB has no SHA1; use SHA256")


def _duration(self: Any, compiler: Any, connection: Any) -> Any:
    if self.connector in (self.ADD, self.SUB):
        return self.as_sql(compiler, connection)
    # Microseconds times a number.
    sql, params = expressions.CombinedExpression.as_sql(self, compiler, connection)
    return f"(({sql})::bigint)", params


def _value(self: Any, compiler: Any, connection: Any) -> Any:
    # In an expression nothing says that a parameter is a number: SUBSTRING takes texts too.
    sql, params = self.as_sql(compiler, connection)
    return sql, [Integer(value) if _is_integer(value) else value for value in params]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _key(self: Any, compiler: Any, connection: Any) -> Any:
    document, params, keys = self.preprocess_lhs(compiler, connection)
    innermost = self
    while isinstance(innermost, KeyTransform):
        (innermost,) = innermost.get_source_expressions()
    if isinstance(innermost, expressions.RawSQL):
        # A parameter in SQL of the caller's own has no type.
        document = f"({document})::jsonb"
    if len(keys) > 1:
        return f"({document} {self.postgres_nested_operator} %s::text[])", (*params, keys)
    # The index of an element could be a key too.
    key = Integer(keys[0]) if _INDEX.fullmatch(keys[0]) else keys[0]
    return f"({document} {self.postgres_operator} %s)", (*params, key)


#: The index of an element of a document, which may count from the end.
_INDEX = re.compile(r"-?[0-9]{1,9}")


def _tuple_exact(self: Any, compiler: Any, connection: Any) -> Any:
    if not isinstance(self.rhs, Query):
        return self.as_sql(compiler, connection)
    # A query of one row. PhantomDB compares rows with the rows of a query by IN.
    left, left_params = self.process_lhs(compiler, connection)
    right, right_params = self.process_rhs(compiler, connection)
    return f"{left} IN {right}", (*left_params, *right_params)


def register() -> None:
    """Gives the expressions their method for this back end. A second time it does nothing new."""
    functions.Now.as_phantomdb = _now
    for each in (functions.SHA224, functions.SHA256, functions.SHA384, functions.SHA512):
        each.as_phantomdb = _hash
    functions.SHA1.as_phantomdb = _no_sha1
    expressions.Value.as_phantomdb = _value
    functions.Cast.as_phantomdb = functions.Cast.as_sql
    KeyTransform.as_phantomdb = _key
    TupleExact.as_phantomdb = _tuple_exact
    expressions.DurationExpression.as_phantomdb = _duration


register()
