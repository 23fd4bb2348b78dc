"""The SQL that Django leaves to its back ends."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Optional

from django.conf import settings
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.utils import split_tzname_delta
from django.db.models import AutoField, CompositePrimaryKey
from django.db.models.constants import OnConflict
from django.db.models.expressions import Col
from django.db.models.functions import Cast
from django.utils import timezone

from .._types import Json
from ._cursor import ParameterRow
from ._literals import literal

#: The most parameters of a statement.
MAX_PARAMETERS = 32_766

_FIELD_OF_TIME = re.compile(r"[A-Z_]+")
#: Lookups of text, which take a value of any type.
_TEXT_LOOKUPS = frozenset(
    (
        "iexact",
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "iendswith",
        "regex",
        "iregex",
    )
)
_WITHOUT_CASE = frozenset(("iexact", "icontains", "istartswith", "iendswith"))


class DatabaseOperations(BaseDatabaseOperations):
    """SQL of PostgreSQL's grammar."""

    connection: Any

    compiler_module = "phantomdb.django.compiler"
    cast_char_field_without_max_length = "varchar"
    explain_prefix = "EXPLAIN"
    cast_data_types = {
        "AutoField": "integer",
        "BigAutoField": "bigint",
        "SmallAutoField": "smallint",
    }

    # Names and limits.

    def quote_name(self, name: str) -> str:
        if name.startswith('"') and name.endswith('"'):
            return name
        return '"' + name.replace('"', '""') + '"'

    def max_name_length(self) -> int:
        # PostgreSQL has this limit, and a migration should run on every engine.
        return 63

    def bulk_batch_size(self, fields: Sequence[Any], objs: Sequence[Any]) -> int:
        columns = list(
            chain.from_iterable(field.fields if isinstance(field, CompositePrimaryKey) else [field] for field in fields)
        )
        return max(MAX_PARAMETERS // len(columns), 1) if columns else len(objs)

    def no_limit_value(self) -> None:
        return None

    # Statements.

    def distinct_sql(self, fields: Sequence[str], params: Sequence[Sequence[Any]]) -> tuple[list[str], list[Any]]:
        if not fields:
            return ["DISTINCT"], []
        return [f"DISTINCT ON ({', '.join(fields)})"], [value for values in params for value in values]

    def deferrable_sql(self) -> str:
        return " DEFERRABLE INITIALLY DEFERRED"

    def return_insert_columns(self, fields: Sequence[Any]) -> tuple[str, tuple[()]]:
        if not fields:
            return "", ()
        columns = (
            f"{self.quote_name(field.model._meta.db_table)}.{self.quote_name(field.column)}" for field in fields
        )
        return f"RETURNING {', '.join(columns)}", ()

    def fetch_returned_insert_rows(self, cursor: Any) -> Any:
        return cursor.fetchall()

    def on_conflict_suffix_sql(
        self, fields: Any, on_conflict: Any, update_fields: Iterable[str], unique_fields: Iterable[str]
    ) -> str:
        if on_conflict == OnConflict.IGNORE:
            return "ON CONFLICT DO NOTHING"
        if on_conflict == OnConflict.UPDATE:
            target = ", ".join(map(self.quote_name, unique_fields))
            changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in map(self.quote_name, update_fields))
            return f"ON CONFLICT ({target}) DO UPDATE SET {changes}"
        suffix: str = super().on_conflict_suffix_sql(fields, on_conflict, update_fields, unique_fields)
        return suffix

    def sql_flush(
        self, style: Any, tables: Sequence[str], *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        if not tables:
            return []
        names = ", ".join(style.SQL_FIELD(self.quote_name(table)) for table in tables)
        parts = [style.SQL_KEYWORD("TRUNCATE"), names]
        if reset_sequences:
            parts.append(style.SQL_KEYWORD("RESTART IDENTITY"))
        if allow_cascade:
            parts.append(style.SQL_KEYWORD("CASCADE"))
        return [" ".join(parts) + ";"]

    def sequence_reset_sql(self, style: Any, model_list: Sequence[Any]) -> list[str]:
        numbered: list[tuple[Any, Any]] = []
        for model in model_list:
            fields = (field for field in model._meta.local_fields if isinstance(field, AutoField))
            if field := next(fields, None):
                numbered.append((model._meta.db_table, field.column))
        return self._sequences_sql(style, numbered, "COALESCE(MAX({column}), 1), MAX({column}) IS NOT NULL", " FROM {table}")

    def sequence_reset_by_name_sql(self, style: Any, sequences: Sequence[dict[str, Any]]) -> list[str]:
        numbered = [(sequence["table"], sequence["column"] or "id") for sequence in sequences]
        return self._sequences_sql(style, numbered, "1, FALSE", "")

    def _sequences_sql(self, style: Any, numbered: Iterable[tuple[Any, Any]], state: str, source: str) -> list[str]:
        """Statements that set the counters of columns. SQLite has none: there a key goes on after the greatest one."""
        if self.connection.features.engine != "postgres":
            return []
        statements = []
        for table, column in numbered:
            names = {"table": self.quote_name(table), "column": self.quote_name(column)}
            counter = f"pg_get_serial_sequence({literal(names['table'])}, {literal(column)})"
            rest = state.format(**names) + ")" + source.format(**names)
            statements.append(f"{style.SQL_KEYWORD('SELECT')} setval({counter}, {rest};")
        return statements

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> Optional[str]:
        if (last := getattr(cursor, "last", None)) and last[0]:
            # A wrapper may have changed the statement.
            sql, params = last
        if not params:
            return sql
        if isinstance(params, Sequence) and isinstance(params[0], ParameterRow):
            return f"{self.last_executed_query(None, sql, params[0])} -- the first of {len(params)} rows"
        try:
            if hasattr(params, "keys"):
                return sql % {name: literal(params[name]) for name in params}
            return sql % tuple([literal(value) for value in params])
        except (TypeError, ValueError, KeyError):
            # The statement failed for the same reason.
            return f"{sql} - PARAMS = {params!r}"

    def compose_sql(self, sql: str, params: Any) -> str:
        """The statement with its parameters as literals."""
        return sql % tuple([literal(value) for value in params]) if params else sql % ()

    # Times.

    def date_extract_sql(self, lookup_type: str, sql: str, params: Any) -> tuple[str, Any]:
        if lookup_type == "week_day":
            # From 1 for Sunday to 7 for Saturday.
            return f"EXTRACT(DOW FROM {sql}) + 1", params
        name = {"iso_week_day": "ISODOW", "iso_year": "ISOYEAR"}.get(lookup_type, lookup_type.upper())
        if not _FIELD_OF_TIME.fullmatch(name):
            raise ValueError(f"Invalid lookup type: {lookup_type!r}")
        return f"EXTRACT({name} FROM {sql})", params

    def date_trunc_sql(
        self, lookup_type: str, sql: str, params: Any, tzname: Optional[str] = None
    ) -> tuple[str, tuple[Any, ...]]:
        sql, params = self._in_zone(sql, params, tzname)
        return f"DATE_TRUNC(%s, {sql})", (lookup_type, *params)

    def _in_zone(self, sql: str, params: Any, tzname: Optional[str]) -> tuple[str, Any]:
        if tzname and settings.USE_TZ:
            return f"{sql} AT TIME ZONE %s", (*params, _zone(tzname))
        return sql, params

    def datetime_cast_date_sql(self, sql: str, params: Any, tzname: Optional[str]) -> tuple[str, Any]:
        sql, params = self._in_zone(sql, params, tzname)
        return f"({sql})::date", params

    def datetime_cast_time_sql(self, sql: str, params: Any, tzname: Optional[str]) -> tuple[str, Any]:
        sql, params = self._in_zone(sql, params, tzname)
        return f"({sql})::time", params

    def datetime_extract_sql(
        self, lookup_type: str, sql: str, params: Any, tzname: Optional[str]
    ) -> tuple[str, Any]:
        sql, params = self._in_zone(sql, params, tzname)
        return self.time_extract_sql(lookup_type, sql, params)

    def datetime_trunc_sql(
        self, lookup_type: str, sql: str, params: Any, tzname: Optional[str]
    ) -> tuple[str, tuple[Any, ...]]:
        return self.date_trunc_sql(lookup_type, sql, params, tzname)

    def time_extract_sql(self, lookup_type: str, sql: str, params: Any) -> tuple[str, Any]:
        if lookup_type == "second":
            # Without the fraction.
            return f"EXTRACT(SECOND FROM DATE_TRUNC(%s, {sql}))", (lookup_type, *params)
        return self.date_extract_sql(lookup_type, sql, params)

    def time_trunc_sql(
        self, lookup_type: str, sql: str, params: Any, tzname: Optional[str] = None
    ) -> tuple[str, tuple[Any, ...]]:
        sql, params = self._in_zone(sql, params, tzname)
        return f"DATE_TRUNC(%s, {sql})::time", (lookup_type, *params)

    def format_for_duration_arithmetic(self, sql: str) -> str:
        # A duration is stored as microseconds.
        return f"({sql}) * INTERVAL '1 microsecond'"

    def subtract_temporals(self, internal_type: str, lhs: Any, rhs: Any) -> tuple[str, tuple[Any, ...]]:
        lhs_sql, lhs_params = lhs
        rhs_sql, rhs_params = rhs
        params = (*lhs_params, *rhs_params)
        days = f"(({lhs_sql})::date - ({rhs_sql})::date) * 86400000000"
        if internal_type == "DateField":
            return days, params
        microseconds = f"(EXTRACT(EPOCH FROM ({lhs_sql})::time - ({rhs_sql})::time) * 1000000)::bigint"
        if internal_type == "TimeField":
            return microseconds, params
        # EXTRACT gives a float, in which the microseconds of many years have no room.
        return f"{days} + {microseconds}", (*params, *params)

    # Lookups and casts.

    def lookup_cast(self, lookup_type: str, internal_type: Optional[str] = None) -> str:
        lookup = "%s::text" if lookup_type in _TEXT_LOOKUPS else "%s"
        return f"UPPER({lookup})" if lookup_type in _WITHOUT_CASE else lookup

    def prep_for_iexact_query(self, x: Any) -> Any:
        return x

    def unification_cast_sql(self, output_field: Any) -> str:
        if output_field.get_internal_type() in ("GenericIPAddressField", "IPAddressField", "TimeField", "UUIDField"):
            return f"CAST(%s AS {output_field.db_type(self.connection).split('(')[0]})"
        return "%s"

    def json_cast_text_sql(self, sql: str) -> str:
        return f"({sql})::text"

    def prepare_join_on_clause(self, lhs_table: str, lhs_field: Any, rhs_table: str, rhs_field: Any) -> Any:
        left: Any = Col(lhs_table, lhs_field)
        right: Any = Col(rhs_table, rhs_field)
        if lhs_field.db_type(self.connection) != rhs_field.db_type(self.connection):
            right = Cast(right, lhs_field)
        return left, right

    # Values.

    def adapt_datefield_value(self, value: Optional[datetime.date]) -> Optional[datetime.date]:
        return value

    def adapt_datetimefield_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if not settings.USE_TZ and timezone.is_aware(value):
            # Without zones the times of the database are those of the project's zone.
            return timezone.make_naive(value, timezone.get_default_timezone())
        return value

    def adapt_timefield_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if timezone.is_aware(value):
            raise ValueError("PhantomDB does not support timezone-aware times.")
        return value

    def adapt_decimalfield_value(
        self, value: Any, max_digits: Optional[int] = None, decimal_places: Optional[int] = None
    ) -> Any:
        return value

    def adapt_ipaddressfield_value(self, value: Any) -> Any:
        return value or None

    def adapt_json_value(self, value: Any, encoder: Any) -> Any:
        return Json(value, lambda document: json.dumps(document, cls=encoder))

    def get_db_converters(self, expression: Any) -> list[Any]:
        converters: list[Any] = super().get_db_converters(expression)
        if expression.output_field.get_internal_type() == "JSONField":
            converters.append(self.convert_jsonfield_value)
        return converters

    def convert_jsonfield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        # The field has a decoder of its own, which takes the text of the document.
        return None if value is None else json.dumps(value)

    def convert_durationfield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else datetime.timedelta(microseconds=round(value))


def _zone(tzname: str) -> str:
    """The name of a zone. In the form UTC+3 its sign says how far UTC is from it, so it is the opposite here."""
    name, sign, offset = split_tzname_delta(tzname)
    if not offset:
        return tzname
    return f"{name}{'-' if sign == '+' else '+'}{offset}"
