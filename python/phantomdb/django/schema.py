"""The statements that define tables."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from ._literals import literal


class DatabaseSchemaEditor(BaseDatabaseSchemaEditor):
    """Definitions in PostgreSQL's grammar."""

    connection: Any

    sql_delete_index = "DROP INDEX IF EXISTS %(name)s"
    sql_create_column_inline_fk = "CONSTRAINT %(name)s REFERENCES %(to_table)s(%(to_column)s)%(deferrable)s"

    def execute(self, sql: Any, params: Any = ()) -> None:
        """Runs a statement with its parameters as literals: a definition has no parameters."""
        statement = sql if params is None else self.connection.ops.compose_sql(str(sql), params)
        text = str(statement)
        # A table cannot change while checks of its rows wait for the end of the transaction.
        checks = self.connection.in_atomic_block and not self.collect_sql
        if checks and text.startswith("ALTER TABLE ") and " DROP CONSTRAINT " in text:
            self.connection.check_constraints()
        super().execute(statement, None)
        if checks and text.startswith("UPDATE "):
            self.connection.check_constraints()

    def quote_value(self, value: Any) -> str:
        return literal(value)

    def _data_type(self, field: Any) -> Any:
        if field.is_relation:
            return field.rel_db_type(self.connection)
        return self.connection.data_types.get(field.get_internal_type(), field.db_type(self.connection))

    def _alter_column_type_sql(
        self, model: Any, old_field: Any, new_field: Any, new_type: str, old_collation: Any, new_collation: Any
    ) -> Any:
        changes_type = not new_field.generated and self._data_type(old_field) != self._data_type(new_field)
        self.sql_alter_column_type = "ALTER COLUMN %(column)s TYPE %(type)s%(collation)s" + (
            " USING %(column)s::%(type)s" if changes_type else ""
        )
        return super()._alter_column_type_sql(model, old_field, new_field, new_type, old_collation, new_collation)

    def _alter_field(self, model: Any, old_field: Any, new_field: Any, *arguments: Any, **options: Any) -> None:
        was_auto, is_auto = self._is_auto(old_field), self._is_auto(new_field)
        # A key is numbered while its column is the whole key and an integer: it stops before a change, and starts after one.
        if was_auto and not is_auto:
            self._number(model, old_field.column, False)
        super()._alter_field(model, old_field, new_field, *arguments, **options)
        if is_auto and not was_auto:
            self._number(model, new_field.column, True)

    def _number(self, model: Any, column: str, numbered: bool) -> None:
        """Makes the database number the rows by a column, or no longer. It is a call, because PhantomDB SQL has no words for it."""
        table = model._meta.db_table
        if self.collect_sql:
            self.collected_sql.append(f"-- The database numbers {table}.{column}{'' if numbered else ' no longer'}: no SQL")
            return
        if self.connection.in_atomic_block:
            self.connection.check_constraints()
        described = self.connection.call("describeTable", {"table": {"name": table}})
        definition = next(each for each in described["columns"] if each["name"] == column)
        # The column keeps its references.
        kept = {name: value for name, value in definition.items() if name not in ("dataType", "references")}
        change = {"op": "changeColumn", "column": {**kept, "primaryKey": True, "autoIncrement": numbered}}
        self.connection.call("alterTable", {"table": {"name": table}, "operations": [change]})

    def _is_auto(self, field: Any) -> bool:
        return field.get_internal_type() in self.connection.data_types_suffix
