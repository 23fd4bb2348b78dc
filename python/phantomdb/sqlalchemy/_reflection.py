"""Reflection. It asks for the description of a table by its call of the contract, and never reads a catalog of an engine."""

from __future__ import annotations

import re
from typing import Any, Optional

from sqlalchemy import exc
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS
from sqlalchemy.engine import default, reflection

from ._types import type_of

#: The name of the schema of tables that are in none.
DEFAULT_SCHEMA = "public"


def call(connection: Any, name: str, fields: dict[str, Any]) -> Any:
    """Makes a call on the connection under a connection of SQLAlchemy, in its transaction."""
    return connection.connection.dbapi_connection.call(name, fields)


def _named(schema: Optional[str]) -> Optional[str]:
    return None if schema in (None, DEFAULT_SCHEMA) else schema


class Reflection:
    """The methods of a dialect that describe what there is."""

    default_schema_name: Optional[str]

    @reflection.cache
    def _tables(self, connection: Any, **kw: Any) -> list[dict[str, Any]]:
        tables: list[dict[str, Any]] = call(connection, "listTables", {})["tables"]
        return tables

    @reflection.cache
    def _views(self, connection: Any, **kw: Any) -> list[dict[str, Any]]:
        views: list[dict[str, Any]] = call(connection, "listViews", {})["views"]
        return views

    @reflection.cache
    def _described(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> dict[str, Any]:
        """The description of a table or a view. Raises NoSuchTableError."""
        table = {"name": table_name}
        if (named := _named(schema)) is not None:
            table["schema"] = named
        dbapi = connection.dialect.loaded_dbapi
        try:
            described: dict[str, Any] = call(connection, "describeTable", {"table": table})
        except dbapi.Error as error:
            if error.code == "UNKNOWN_TABLE":
                raise exc.NoSuchTableError(f"{schema}.{table_name}" if schema else table_name) from error
            raise
        return described

    @reflection.cache
    def has_table(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        self._ensure_has_table_connection(connection)  # type: ignore[attr-defined]
        try:
            self._described(connection, table_name, schema=schema, **kw)
        except exc.NoSuchTableError:
            return False
        return True

    def has_schema(self, connection: Any, schema_name: str, **kw: Any) -> bool:
        return schema_name in self.get_schema_names(connection, **kw)

    def has_sequence(self, connection: Any, sequence_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        return False

    def has_type(self, connection: Any, type_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        return False

    @reflection.cache
    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        rows = connection.exec_driver_sql("SHOW SCHEMAS").fetchall()
        names = {row[0] for row in rows} - {"information_schema", "pg_catalog"}
        return sorted(names | {DEFAULT_SCHEMA})

    @reflection.cache
    def get_table_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return _in_schema(self._tables(connection, **kw), schema)

    @reflection.cache
    def get_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return _in_schema(self._views(connection, **kw), schema)

    def get_materialized_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return []

    def get_temp_table_names(self, connection: Any, **kw: Any) -> list[str]:
        return []

    def get_temp_view_names(self, connection: Any, **kw: Any) -> list[str]:
        return []

    def get_sequence_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return []

    @reflection.cache
    def get_view_definition(self, connection: Any, view_name: str, schema: Optional[str] = None, **kw: Any) -> str:
        for view in self._views(connection, **kw):
            if view["name"] == view_name and view.get("schema") == _named(schema):
                query: str = view.get("query", "")
                return query
        raise exc.NoSuchTableError(f"{schema}.{view_name}" if schema else view_name)

    @reflection.cache
    def get_columns(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> list[dict[str, Any]]:
        described = self._described(connection, table_name, schema=schema, **kw)
        return [_column(column) for column in described["columns"]]

    @reflection.cache
    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> dict[str, Any]:
        described = self._described(connection, table_name, schema=schema, **kw)
        names = (part.get("name") for part in described["constraints"] if part["type"] == "primaryKey")
        if not described["primaryKey"]:
            return dict(reflection.ReflectionDefaults.pk_constraint())
        return {"constrained_columns": described["primaryKey"], "name": next(names, None)}

    @reflection.cache
    def get_foreign_keys(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> list[dict[str, Any]]:
        described = self._described(connection, table_name, schema=schema, **kw)
        keys = (part for part in described["constraints"] if part["type"] == "foreignKey")
        return _by_name([self._foreign_key(connection, part, schema, **kw) for part in keys])

    def _foreign_key(self, connection: Any, key: dict[str, Any], schema: Optional[str], **kw: Any) -> dict[str, Any]:
        target = key["references"]
        referred = target["table"]
        referred_schema = referred.get("schema")
        columns = target.get("columns") or []
        if not columns:
            parent = self._described(connection, referred["name"], schema=referred_schema, **kw)
            columns = parent["primaryKey"]
        if referred_schema is None and schema is not None:
            referred_schema = DEFAULT_SCHEMA
        options: dict[str, Any] = {}
        for name, action in (("ondelete", target.get("onDelete")), ("onupdate", target.get("onUpdate"))):
            if action and action != "NO ACTION":
                options[name] = action
        if target.get("deferrable"):
            options["deferrable"] = True
            options["initially"] = "DEFERRED" if target.get("initiallyDeferred") else "IMMEDIATE"
        return {
            "name": key.get("name"),
            "constrained_columns": key["columns"],
            "referred_schema": referred_schema,
            "referred_table": referred["name"],
            "referred_columns": columns,
            "options": options,
        }

    @reflection.cache
    def get_unique_constraints(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> list[dict[str, Any]]:
        described = self._described(connection, table_name, schema=schema, **kw)
        constraints = [
            {"name": part.get("name"), "column_names": part["columns"]}
            for part in described["constraints"]
            if part["type"] == "unique"
        ]
        return _by_name(constraints)

    @reflection.cache
    def get_check_constraints(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> list[dict[str, Any]]:
        described = self._described(connection, table_name, schema=schema, **kw)
        checks = [
            {"name": part.get("name"), "sqltext": _unquoted(part["expression"])}
            for part in described["constraints"]
            if part["type"] == "check"
        ]
        return _by_name(checks)

    @reflection.cache
    def get_indexes(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> list[dict[str, Any]]:
        described = self._described(connection, table_name, schema=schema, **kw)
        indexes = [_index(index) for index in described["indexes"] if index.get("definition")]
        for part in described["constraints"]:
            if part["type"] == "unique":
                name = part.get("name")
                indexes.append(
                    {
                        "name": name,
                        "unique": True,
                        "column_names": part["columns"],
                        "duplicates_constraint": name,
                        "dialect_options": {},
                    }
                )
        return _by_name(indexes)

    @reflection.cache
    def get_table_comment(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> dict[str, Any]:
        return {"text": self._described(connection, table_name, schema=schema, **kw).get("comment")}

    @reflection.cache
    def get_table_options(
        self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any
    ) -> dict[str, Any]:
        self._described(connection, table_name, schema=schema, **kw)
        return {}

    # PostgreSQL's own methods read its catalog. These make the calls above for each table.
    get_multi_columns = default.DefaultDialect.get_multi_columns
    get_multi_pk_constraint = default.DefaultDialect.get_multi_pk_constraint
    get_multi_foreign_keys = default.DefaultDialect.get_multi_foreign_keys
    get_multi_indexes = default.DefaultDialect.get_multi_indexes
    get_multi_unique_constraints = default.DefaultDialect.get_multi_unique_constraints
    get_multi_check_constraints = default.DefaultDialect.get_multi_check_constraints
    get_multi_table_comment = default.DefaultDialect.get_multi_table_comment
    get_multi_table_options = default.DefaultDialect.get_multi_table_options
    if hasattr(default.DefaultDialect, "has_multi_table"):
        # SQLAlchemy 2.1 has it.
        has_multi_table = default.DefaultDialect.has_multi_table


def _in_schema(tables: list[dict[str, Any]], schema: Optional[str]) -> list[str]:
    named = _named(schema)
    return [table["name"] for table in tables if table.get("schema") == named]


def _by_name(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(parts, key=lambda part: (part["name"] is None, part["name"] or ""))


#: A string, or a name in quotes.
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)\"""")
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def _unquoted(expression: str) -> str:
    """An expression with quotes around those names only that need them, as PostgreSQL shows it."""

    def plain(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None or not _PLAIN_NAME.fullmatch(name) or name in RESERVED_WORDS:
            return match.group()
        return name

    return _QUOTED.sub(plain, expression)


def _column(column: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column["name"],
        "type": type_of(column.get("dataType"), column["type"]),
        "nullable": column["allowNull"] and not column["primaryKey"],
        "default": None if column.get("default") is None else _unquoted(column["default"]),
        "autoincrement": bool(column["autoIncrement"]),
        "comment": column.get("comment"),
    }
    if column.get("generated") is not None:
        described["computed"] = {"sqltext": _unquoted(column["generated"]), "persisted": True}
    return described


def _index(index: dict[str, Any]) -> dict[str, Any]:
    fields = index["fields"]
    described: dict[str, Any] = {
        "name": index["name"],
        "unique": index["unique"],
        "column_names": [field.get("column") for field in fields],
        "dialect_options": {},
    }
    if any(field.get("column") is None for field in fields):
        described["expressions"] = [_field(field) for field in fields]
    sorting = {_field(field): ("desc",) for field in fields if field.get("descending")}
    if sorting:
        described["column_sorting"] = sorting
    if index.get("where"):
        described["dialect_options"]["postgresql_where"] = _unquoted(index["where"])
    return described


def _field(field: dict[str, Any]) -> str:
    column: Optional[str] = field.get("column")
    return column if column is not None else _unquoted(field["expression"])
