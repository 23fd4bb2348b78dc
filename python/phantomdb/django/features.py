"""What PhantomDB can do, as Django asks for it."""

from __future__ import annotations

from typing import Any

from django.db import DataError, InterfaceError
from django.db.backends.base.features import BaseDatabaseFeatures
from django.utils.functional import cached_property

from .operations import MAX_PARAMETERS


class DatabaseFeatures(BaseDatabaseFeatures):
    """The features of every engine; those that SQLite does not have ask which engine there is."""

    connection: Any

    minimum_database_version = (0, 1)
    max_query_params = MAX_PARAMETERS
    allows_group_by_selected_pks = True
    can_return_columns_from_insert = True
    can_return_rows_from_bulk_insert = True
    has_real_datatype = True
    has_native_uuid_field = True
    has_native_json_field = True
    has_json_operators = True
    json_key_contains_list_matching_requires_list = True
    #: ``JSONArray`` and ``JSONObject`` ask. The functions of SQL/JSON that they would call are not in PhantomDB SQL.
    is_postgresql_16 = False
    can_defer_constraint_checks = True
    has_select_for_update = True
    has_select_for_update_of = True
    has_select_for_no_key_update = True
    can_release_savepoints = True
    supports_comments = True
    supports_non_deterministic_collations = False
    supports_transactions = True
    can_distinct_on_fields = True
    can_rollback_ddl = True
    schema_editor_uses_clientside_param_binding = True
    supports_combined_alters = True
    nulls_order_largest = True
    closed_cursor_error_class = InterfaceError
    greatest_least_ignores_nulls = True
    can_clone_databases = True
    supports_temporal_subtraction = True
    supports_slicing_ordering_in_compound = True
    requires_casted_case_in_updates = True
    supports_over_clause = True
    only_supports_unbounded_with_preceding_and_following = True
    supports_aggregate_filter_clause = True
    supports_update_conflicts = True
    supports_update_conflicts_with_target = True
    supports_stored_generated_columns = True
    can_rename_index = True
    supports_unlimited_charfield = True
    supports_regex_backreferencing = True
    supports_expression_defaults = True
    test_now_utc_template = "STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC'"
    insert_test_table_with_defaults = "INSERT INTO {} DEFAULT VALUES"
    prohibits_null_characters_in_text_exception = (
        DataError,
        "parameter $1 has a NUL character, which no text can hold",
    )
    test_collations = {
        "ci": None,
        "cs": None,
        "deterministic": "C",
        "non_default": None,
        "swedish_ci": None,
        "virtual": None,
    }

    @cached_property
    def engine(self) -> str:
        """``sqlite`` or ``postgres``."""
        info = self.connection.call("serverInfo") or {}
        name: str = info.get("engine", {}).get("name", "sqlite")
        return name

    @property
    def supports_covering_indexes(self) -> bool:
        return self.engine == "postgres"

    @cached_property
    def introspected_field_types(self) -> dict[str, Any]:
        return {
            **super().introspected_field_types,
            "DurationField": "BigIntegerField",
            "GenericIPAddressField": "CharField",
            "PositiveBigIntegerField": "BigIntegerField",
            "PositiveIntegerField": "IntegerField",
            "PositiveSmallIntegerField": "SmallIntegerField",
        }
