"""Compilers that use what an expression writes for PostgreSQL, whose SQL is PhantomDB's too."""

from __future__ import annotations

from typing import Any

from django.db.models.sql import compiler


class _Compiler:
    connection: Any

    def compile(self, node: Any) -> Any:
        """The SQL of a node and its parameters, by ``as_phantomdb``, ``as_postgresql`` or ``as_sql``."""
        write = getattr(node, "as_phantomdb", None) or getattr(node, "as_postgresql", None) or node.as_sql
        return write(self, self.connection)


class SQLCompiler(_Compiler, compiler.SQLCompiler):
    """SELECT."""


class SQLInsertCompiler(_Compiler, compiler.SQLInsertCompiler):
    """INSERT."""


class SQLDeleteCompiler(_Compiler, compiler.SQLDeleteCompiler):
    """DELETE."""


class SQLUpdateCompiler(_Compiler, compiler.SQLUpdateCompiler):
    """UPDATE."""


class SQLAggregateCompiler(_Compiler, compiler.SQLAggregateCompiler):
    """SELECT of aggregates over a query."""
