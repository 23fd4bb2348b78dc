"""Alembic's part for PhantomDB: it changes tables as on PostgreSQL, and compares them by the dialect's reflection."""

from __future__ import annotations

from typing import Any

from alembic.ddl import base, postgresql
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy.ext.compiler import compiles


class PhantomDBImpl(PostgresqlImpl):
    """Migrations."""

    __dialect__ = "phantomdb"
    transactional_ddl = True

    def autogen_column_reflect(self, inspector: Any, table: Any, column_info: Any) -> None:
        # A column that numbers its rows has no default in its description, so there is nothing to find in a catalog.
        return

    def compare_server_default(
        self, inspector_column: Any, metadata_column: Any, rendered_metadata_default: Any, rendered_inspector_default: Any
    ) -> bool:
        """True when the defaults differ in more than their spelling."""
        if metadata_column.primary_key and metadata_column is metadata_column.table._autoincrement_column:
            return False
        wanted = rendered_metadata_default
        default = getattr(metadata_column.server_default, "arg", None)
        if isinstance(default, str):
            # SQLAlchemy writes a text as a literal.
            wanted = "'{}'".format(default.replace("'", "''"))
        return bool(_plain(wanted) != _plain(rendered_inspector_default))


# Alembic writes these for the dialects that it names.
compiles(base.RenameTable, "phantomdb")(postgresql.visit_rename_table)
compiles(postgresql.PostgresqlColumnType, "phantomdb")(postgresql.visit_column_type)
compiles(base.ColumnComment, "phantomdb")(postgresql.visit_column_comment)
compiles(base.IdentityColumnDefault, "phantomdb")(postgresql.visit_identity_column)


def _plain(default: Any) -> Any:
    """A default without what differs in its spelling alone: a cast of a literal, parentheses around all of it."""
    if default is None:
        return None
    text = str(default).strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    literal, separator, _ = text.partition("::")
    if separator and literal.count("'") in (0, 2):
        text = literal
    if text.startswith("'") and text.endswith("'") and text.strip("'").replace(".", "", 1).lstrip("-").isdigit():
        text = text.strip("'")
    return text.lower() if "'" not in text else text
