"""What PhantomDB has, for SQLAlchemy's suite. Each requirement that is closed says why."""

import inspect

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

#: What the suite leaves closed unless a dialect says that it has it.
OPEN = """
    aggregate_order_by array_type async_dialect autocommit binary_literals boolean_col_expressions
    check_constraint_reflection comment_reflection comment_reflection_full_unicode computed_columns
    computed_columns_default_persisted computed_columns_reflect_persisted computed_columns_stored create_table_as
    cross_schema_fk_reflection ctes ctes_on_dml ctes_with_update_delete ctes_with_values datetime_historic
    datetime_literals datetime_timezone datetime_timezone_historic date_historic deferrable_fks delete_from except_
    expression_server_defaults fetch_expression fetch_first fetch_no_order_by
    fk_constraint_option_reflection_ondelete_restrict fk_constraint_option_reflection_onupdate_restrict
    float_or_double_precision_behaves_generically foreign_key_constraint_name_reflection
    foreign_key_constraint_option_reflection_ondelete foreign_key_constraint_option_reflection_onupdate
    implicit_default_schema index_ddl_if_exists indexes_with_expressions infinity_floats
    inline_check_constraint_reflection intersect isolation_level json_type legacy_unconditional_json_extract
    mod_operator_as_percent_sign nullsordering order_by_label_with_expression percent_schema_names
    precision_numerics_enotation_small precision_numerics_many_significant_digits
    precision_numerics_retains_significant_digits reflect_indexes_with_expressions reflect_table_options
    reflects_pk_names regexp_match regexp_replace repeated_remote_col_foreign_keys savepoints schema_create_delete
    server_defaults skip_autocommit_rollback supports_bitwise_and supports_bitwise_not supports_bitwise_or
    supports_bitwise_shift supports_bitwise_xor supports_distinct_on table_ddl_if_exists table_value_constructor
    timestamp_microseconds tuple_in unicode_ddl unique_constraints_reflect_as_index update_from uuid_data_type views
    window_functions window_range window_range_numeric
""".split()

_TEMPORARY = "calls share connections, so there are no tables that one connection alone sees"
_LAST_ID = "RETURNING gives the generated key; there is no last row id"

#: What PhantomDB does not have, and why. Also what the suite opens by itself.
CLOSED = {
    "column_collation_reflection": "texts compare by their bytes; the description of a column has no collation",
    "computed_columns_virtual": "the values of computed columns are stored",
    "constraint_comment_reflection": "constraints have no comments",
    "create_or_replace_view": "CREATE OR REPLACE VIEW is not part of PhantomDB SQL: SQLite cannot replace a view",
    "create_temp_table_as": _TEMPORARY,
    "datetime_interval": "there is no column type INTERVAL; SQLAlchemy's Interval stores a time",
    "dbapi_lastrowid": _LAST_ID,
    "default_schema_name_switch": "the default schema is always public",
    "emulated_lastrowid": _LAST_ID,
    "emulated_lastrowid_even_with_sequences": _LAST_ID,
    "fetch_offset_with_options": "FETCH with PERCENT or WITH TIES is not part of PhantomDB SQL",
    "fetch_percent": "FETCH … PERCENT is not part of PhantomDB SQL",
    "fetch_ties": "FETCH … WITH TIES is not part of PhantomDB SQL",
    "fk_constraint_option_reflection_ondelete_noaction": "NO ACTION is the default, and is described as no action",
    "foreign_keys_reflect_as_index": "a foreign key has no index of its own",
    "has_temp_table": _TEMPORARY,
    "identity_columns": "on SQLite an identity column begins at 1 and counts by 1",
    "identity_columns_standard": "on SQLite an identity column begins at 1 and counts by 1",
    "implements_get_lastrowid": _LAST_ID,
    "index_reflects_included_columns": "SQLite has no INCLUDE in an index",
    "indexes_check_column_order": "the description of an index has the directions of its columns, and no order of NULLs",
    "json_deserializer_binary": "a deserializer is called with text",
    "materialized_views": "there are no materialized views",
    "materialized_views_reflect_pk": "there are no materialized views",
    "non_updating_cascade": "ON UPDATE CASCADE updates",
    "nvarchar_types": "NVARCHAR is another name of VARCHAR",
    "reflect_indexes_with_ascdesc_as_expression": "a descending column of an index is described as a column",
    "reflect_tables_no_columns": "SQLite has no table without columns",
    "repeated_column_foreign_keys": "SQLite has no foreign key that names a column twice",
    "sequences": "a key numbers itself; there are no sequences",
    "temp_table_comment_reflection": _TEMPORARY,
    "temp_table_names": _TEMPORARY,
    "temp_table_reflect_indexes": _TEMPORARY,
    "temp_table_reflection": _TEMPORARY,
    "temporary_tables": _TEMPORARY,
    "temporary_views": _TEMPORARY,
    "time_timezone": "a time of day has no zone",
    "two_phase_transactions": "there are no two-phase transactions",
    "window_range_non_numeric": "on SQLite a frame of RANGE takes numbers",
    "unique_index_reflect_as_unique_constraints": "a unique index is described as an index",
}


class Requirements(SuiteRequirements):
    """The requirements by the lists above."""

    def get_order_by_collation(self, config):
        return "C"


def _closed_by_default() -> list[str]:
    """The requirements that the suite closes without a reason."""
    found = []
    for name, requirement in vars(SuiteRequirements).items():
        if isinstance(requirement, property) and requirement.fget is not None:
            if "return exclusions.closed()" in inspect.getsource(requirement.fget):
                found.append(name)
    return found


_unexplained = set(_closed_by_default()) - set(OPEN) - set(CLOSED)
if _unexplained:
    raise RuntimeError(f"requirements that are closed without a reason: {', '.join(sorted(_unexplained))}")

for _name in OPEN:
    setattr(Requirements, _name, property(lambda self: exclusions.open()))
for _name, _why in CLOSED.items():
    setattr(Requirements, _name, property(lambda self, why=_why: exclusions.skip_if(lambda config: True, why)))
