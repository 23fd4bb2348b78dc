"""Compilers that use what an expression writes for PostgreSQL, whose SQL is PhantomDB's too."""

from __future__ import annotations

from typing import Any

from django.db.models import JSONField
from django.db.models.sql import compiler

from ._cursor import ParameterRow

class _Compiler:
    connection: Any

    def compile(self, node: Any) -> Any:
        """The SQL of a node and its parameters, by ``as_phantomdb``, ``as_postgresql`` or ``as_sql``."""
        write = getattr(node, "as_phantomdb", None) or getattr(node, "as_postgresql", None) or node.as_sql
        return write(self, self.connection)

    def get_converters(self, expressions: Any) -> Any:
        """Leaves out what makes a text of a document and reads it again, unless a decoder of the field reads it."""
        converters: dict[int, Any] = super().get_converters(expressions)
        to_text = self.connection.ops.convert_jsonfield_value
        for index, (functions, expression) in list(converters.items()):
            if to_text in functions and all(map(_is_plain, functions[functions.index(to_text) + 1 :])):
                kept = functions[: functions.index(to_text)]
                if kept:
                    converters[index] = (kept, expression)
                else:
                    del converters[index]
        return converters


def _is_plain(function: Any) -> bool:
    """True for the method of a ``JSONField`` that reads the text of a document with Python's own decoder."""
    method = getattr(function, "__func__", None)
    return method is JSONField.from_db_value and function.__self__.decoder is None


class SQLCompiler(_Compiler, compiler.SQLCompiler):
    """SELECT."""


class SQLInsertCompiler(_Compiler, compiler.SQLInsertCompiler):
    """INSERT."""

    def assemble_as_sql(self, fields: Any, value_rows: Any) -> tuple[Any, Any]:
        """Writes several rows of plain values as one row of marks, whose values the cursor sends as rows."""
        is_plain = len(value_rows) > 1 and not any(
            field is None or hasattr(field, "get_placeholder") for field in fields
        )
        if not is_plain or any(hasattr(value, "as_sql") for row in value_rows for value in row):
            return super().assemble_as_sql(fields, value_rows)
        return [["%s"] * len(fields)], [[ParameterRow(row) for row in value_rows]]


class SQLDeleteCompiler(_Compiler, compiler.SQLDeleteCompiler):
    """DELETE."""


class SQLUpdateCompiler(_Compiler, compiler.SQLUpdateCompiler):
    """UPDATE."""


class SQLAggregateCompiler(_Compiler, compiler.SQLAggregateCompiler):
    """SELECT of aggregates over a query."""
