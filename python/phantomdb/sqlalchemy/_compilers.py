"""PostgreSQL's compilers, where PhantomDB SQL differs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql import base as pg
from sqlalchemy.engine import default
from sqlalchemy.sql import elements, operators

#: The decimals of a second that a column of times keeps, unless its type says otherwise: those of Python's classes.
MICROSECONDS = 6


#: The types whose values, alone in the list of columns, would come back as text.
_NAMED_ALONE = (
    sqltypes.Date,
    sqltypes.DateTime,
    sqltypes.Numeric,
    sqltypes.Time,
    sqltypes.Uuid,
)


class Compiler(pg.PGCompiler):
    """Statements."""

    def visit_bindparam(self, bindparam: Any, within_columns_clause: bool = False, **kw: Any) -> str:
        text: str = super().visit_bindparam(bindparam, within_columns_clause=within_columns_clause, **kw)
        # A parameter takes its type from the place where it stands. As a column of a result it stands alone.
        if within_columns_clause and not kw.get("literal_binds") and isinstance(bindparam.type, _NAMED_ALONE):
            return f"CAST({text} AS {self.dialect.type_compiler_instance.process(bindparam.type)})"
        return text

    def visit_binary(self, binary: Any, *arguments: Any, **kw: Any) -> str:
        # Beside IS NULL nothing says which type the parameter is of.
        if (
            binary.operator in (operators.is_, operators.is_not)
            and isinstance(binary.left, elements.BindParameter)
            and isinstance(binary.left.type, _NAMED_ALONE)
        ):
            binary = binary._clone()
            binary.left = elements.Cast(binary.left, binary.left.type)
        return super().visit_binary(binary, *arguments, **kw)

    def _on_conflict_target(self, clause: Any, **kw: Any) -> str:
        # The clause of SQLite's insert(), with which programs for SQLite upsert, names no constraint.
        if not hasattr(clause, "constraint_target"):
            clause.constraint_target = None
        text: str = super()._on_conflict_target(clause, **kw)
        return text

    def fetch_clause(self, select: Any, **kw: Any) -> str:
        options = select._fetch_clause_options
        if select._fetch_clause is None or not (options["percent"] or options["with_ties"]):
            count = select._fetch_clause
            text = "" if count is None else f"\n LIMIT {self.process(count, **kw)}"
            if select._offset_clause is not None:
                text += f"\n OFFSET {self.process(select._offset_clause, **kw)}"
            return text
        raise exc.CompileError("PhantomDB has no FETCH with PERCENT or WITH TIES")


class DDLCompiler(pg.PGDDLCompiler):
    """Definitions."""

    def visit_computed_column(self, generated: Any, **kw: Any) -> str:
        if generated.persisted is False:
            raise exc.CompileError(
                "PhantomDB stores the values of computed columns; set the 'persisted' flag to None or True"
            )
        expression = self.sql_compiler.process(generated.sqltext, include_table=False, literal_binds=True)
        return f"GENERATED ALWAYS AS ({expression}) STORED"

    def visit_create_enum_type(self, create: Any, **kw: Any) -> str:
        raise exc.CompileError("PhantomDB has no named types; use sqlalchemy.Enum, whose values stand in the column")

    visit_drop_enum_type = visit_create_enum_type


class TypeCompiler(pg.PGTypeCompiler):
    """Names of types."""

    def visit_ENUM(self, type_: Any, identifier_preparer: Any = None, **kw: Any) -> str:
        values = (value.replace("'", "''") for value in type_.enums)
        return "ENUM({})".format(", ".join(f"'{value}'" for value in values))

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:
        zone = " WITH TIME ZONE" if type_.timezone else ""
        return f"TIMESTAMP({_precision(type_)}){zone}"

    visit_DATETIME = visit_TIMESTAMP

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        return f"TIME({_precision(type_)})"

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:
        # A float has 64 bits, whatever its precision.
        return "FLOAT"

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:
        return "BLOB"

    visit_BINARY = visit_VARBINARY = visit_BLOB

    def visit_NVARCHAR(self, type_: Any, **kw: Any) -> str:
        return self.visit_VARCHAR(type_, **kw)


def _precision(type_: Any) -> int:
    precision = getattr(type_, "precision", None)
    return MICROSECONDS if precision is None else precision


class IdentifierPreparer(pg.PGIdentifierPreparer):
    """Names, which are kept as they are written."""


class ExecutionContext(default.DefaultExecutionContext):
    """The rows of RETURNING have what the database generates."""

    def create_server_side_cursor(self) -> Any:
        # A result is in memory once its statement has run, and is given out row by row.
        return self._dbapi_connection.cursor()
