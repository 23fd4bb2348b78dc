"""What PhantomDB has of what Alembic's tests need. Alembic's requirements name the databases that they know."""

from alembic.testing import exclusions
from alembic.testing.requirements import SuiteRequirements

_OPEN = exclusions.open()

#: What Alembic's tests take for granted on PostgreSQL, and PhantomDB has.
HAS = (
    "alter_column",
    "autocommit_isolation",
    "check_constraint_reflection",
    "check_constraints_w_enforcement",
    "comments",
    "comments_api",
    "computed_columns",
    "computed_columns_api",
    "expression_server_defaults",
    "fk_deferrable",
    "fk_deferrable_is_reflected",
    "fk_initially",
    "fk_names",
    "fk_ondelete_is_reflected",
    "fk_ondelete_noaction",
    "fk_ondelete_restrict",
    "fk_onupdate",
    "fk_onupdate_is_reflected",
    "fk_onupdate_restrict",
    "foreign_key_constraint_reflection",
    "foreign_key_name_reflection",
    "indexes_with_expressions",
    "inline_check_constraint_reflection",
    "integer_subtype_comparisons",
    "json_type",
    "long_names",
    "primary_key_constraint_reflection",
    "reflect_indexes_with_expressions",
    "reflects_fk_options",
    "reflects_indexes_column_sorting",
    "reflects_indexes_w_sorting",
    "reflects_pk_names",
    "reflects_unique_constraints_unambiguously",
    "reports_unnamed_constraints",
    "schemas",
    "unique_constraint_reflection",
    "unicode_string",
)

#: What it does not have, and why.
LACKS = {
    "autoincrement_on_composite_pk": "an identity column is the whole primary key",
    "covering_indexes": "there is no INCLUDE",
    "datetime_timezone": "every time is in UTC, so that a type does not say whether it has a zone",
    "identity_columns": "a column numbers its rows, and has no options for it",
    "identity_columns_alter": "a column numbers its rows, and has no options for it",
    "identity_columns_api": "a column numbers its rows, and has no options for it",
    "no_referential_integrity": "foreign keys are enforced",
    "non_native_boolean": "there is a type BOOLEAN",
    "non_native_boolean_check_constraint": "there is a type BOOLEAN",
    "reports_unique_constraints_as_indexes": "a unique constraint is no index in a description",
    "unnamed_constraints": "every constraint has a name",
    "sequences": "there are no sequences",
}


def _property(value):
    return property(lambda self: value)


def with_phantomdb(known):
    """A class of requirements with what PhantomDB has and lacks."""
    members = {name: _property(_OPEN) for name in HAS}
    members |= {name: _property(exclusions.skip_if(lambda config: True, why)) for name, why in LACKS.items()}
    return type("Requirements", (known,), members)


Requirements = with_phantomdb(SuiteRequirements)
