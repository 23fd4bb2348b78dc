"""Introspection. It asks for the description of a table by its call of the contract, and reads no catalog."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable
from typing import Any, Optional

from django.db.backends.base.introspection import BaseDatabaseIntrospection
from django.db.backends.base.introspection import FieldInfo as BaseFieldInfo
from django.db.backends.base.introspection import TableInfo as BaseTableInfo
from django.db.models import Index

FieldInfo = namedtuple("FieldInfo", (*BaseFieldInfo._fields, "is_autofield", "comment"))


class TableInfo(BaseTableInfo):
    """A table or a view. Its comment is asked for when it is read, since that takes a call."""

    describe: Callable[[str], dict[str, Any]]

    @property
    def comment(self) -> Optional[str]:
        """The comment on the table."""
        comment: Optional[str] = self.describe(self.name).get("comment") if self.type == "t" else None
        return comment


_AUTO_FIELDS = {
    "BigIntegerField": "BigAutoField",
    "IntegerField": "AutoField",
    "SmallIntegerField": "SmallAutoField",
}


class DatabaseIntrospection(BaseDatabaseIntrospection):
    """What tables there are, and their columns and constraints."""

    connection: Any

    data_types_reverse = {
        "BIGINT": "BigIntegerField",
        "BLOB": "BinaryField",
        "BOOLEAN": "BooleanField",
        "CHAR": "CharField",
        "CITEXT": "TextField",
        "DATE": "DateField",
        "DECIMAL": "DecimalField",
        "DOUBLE PRECISION": "FloatField",
        "ENUM": "CharField",
        "FLOAT": "FloatField",
        "INTEGER": "IntegerField",
        "JSON": "JSONField",
        "JSONB": "JSONField",
        "MEDIUMINT": "IntegerField",
        "REAL": "FloatField",
        "SMALLINT": "SmallIntegerField",
        "TEXT": "TextField",
        "TIME": "TimeField",
        "TIMESTAMP": "DateTimeField",
        "TINYINT": "SmallIntegerField",
        "UUID": "UUIDField",
        "VARCHAR": "CharField",
    }

    def get_field_type(self, data_type: str, description: Any) -> Any:
        field: str = super().get_field_type(data_type, description)
        return _AUTO_FIELDS.get(field, field) if description.is_autofield else field

    def _names(self, call: str, what: str) -> list[str]:
        listed = self.connection.call(call, {})[what]
        return [each["name"] for each in listed if not each.get("schema")]

    def table_names(self, cursor: Any = None, include_views: bool = False) -> list[str]:
        """The names of the tables in the default schema, in order."""
        views = self._names("listViews", "views") if include_views else []
        return sorted(self._names("listTables", "tables") + views)

    def get_table_list(self, cursor: Any) -> list[Any]:
        """The tables and views of the default schema, with their comments."""
        found = [TableInfo(table, "t") for table in self._names("listTables", "tables")]
        found += [TableInfo(view, "v") for view in self._names("listViews", "views")]
        for info in found:
            info.describe = self._described
        return found

    def _described(self, table_name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.connection.call("describeTable", {"table": {"name": table_name}})
        return described

    def get_table_description(self, cursor: Any, table_name: str) -> list[Any]:
        return [_field_info(column) for column in self._described(table_name)["columns"]]

    def get_sequences(self, cursor: Any, table_name: str, table_fields: Any = ()) -> list[dict[str, Any]]:
        return [
            {"table": table_name, "column": column["name"]}
            for column in self._described(table_name)["columns"]
            if column["autoIncrement"]
        ]

    def get_relations(self, cursor: Any, table_name: str) -> dict[str, tuple[str, str]]:
        keys = (part for part in self._described(table_name)["constraints"] if part["type"] == "foreignKey")
        return {key["columns"][0]: self._target(key)[::-1] for key in keys if len(key["columns"]) == 1}

    def _target(self, key: dict[str, Any]) -> tuple[str, str]:
        """The table and the first column that a foreign key references."""
        referenced = key["references"]
        table: str = referenced["table"]["name"]
        columns = referenced.get("columns") or self._described(table)["primaryKey"]
        return table, columns[0]

    def get_constraints(self, cursor: Any, table_name: str) -> dict[str, dict[str, Any]]:
        described = self._described(table_name)
        constraints: dict[str, dict[str, Any]] = {}
        for part in described["constraints"]:
            constraints[part["name"]] = {
                "columns": _columns_of(part, described),
                "primary_key": part["type"] == "primaryKey",
                "unique": part["type"] in ("primaryKey", "unique"),
                "foreign_key": self._target(part) if part["type"] == "foreignKey" else None,
                "check": part["type"] == "check",
                "index": part["type"] in ("primaryKey", "unique"),
                "definition": part.get("expression"),
                "options": None,
                **({"orders": [], "type": Index.suffix} if part["type"] in ("primaryKey", "unique") else {}),
            }
        for index in described["indexes"]:
            if index["name"] not in constraints and index.get("definition"):
                constraints[index["name"]] = _index(index)
        return constraints


def _field_info(column: dict[str, Any]) -> Any:
    parts = column.get("dataType") or {}
    numbers = parts.get("name") in ("DECIMAL", "VARCHAR", "CHAR")
    return FieldInfo(
        name=column["name"],
        type_code=parts.get("name") or column["type"],
        display_size=parts.get("length"),
        internal_size=parts.get("length"),
        precision=parts.get("precision") if numbers else None,
        scale=parts.get("scale") if numbers else None,
        null_ok=column["allowNull"] and not column["primaryKey"],
        default=column.get("default"),
        collation=column.get("collation"),
        is_autofield=bool(column["autoIncrement"]),
        comment=column.get("comment"),
    )


def _columns_of(part: dict[str, Any], described: dict[str, Any]) -> list[str]:
    if part["type"] != "check":
        columns: list[str] = part["columns"]
        return columns
    named = {match[1].replace('""', '"') if match[1] else match[2] for match in _NAMES.finditer(part["expression"])}
    return [column["name"] for column in described["columns"] if column["name"] in named]


#: A string, or a name with quotes or without.
_NAMES = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)"|([^\W\d]\w*)""")


def _index(index: dict[str, Any]) -> dict[str, Any]:
    fields: list[dict[str, Any]] = index["fields"]
    columns: list[Optional[str]] = [field.get("column") for field in fields]
    has_expressions = any(column is None for column in columns)
    return {
        "columns": [] if has_expressions and not any(columns) else columns,
        "primary_key": index["primary"],
        "unique": index["unique"],
        "foreign_key": None,
        "check": False,
        "index": True,
        "orders": ["DESC" if field.get("descending") else "ASC" for field in fields],
        "type": index.get("using") or Index.suffix,
        "definition": index.get("definition"),
        "options": None,
    }
