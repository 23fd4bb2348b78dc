//! The type of an expression's value, as far as it is known.

use phantomdb_protocol::ColumnType;

/// Where a value comes from. A literal and a parameter take the type of what they are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Column,
    Literal,
    Parameter,
    Computed,
}

/// The type of a value, whether it may be NULL, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed {
    pub(super) column_type: Option<ColumnType>,
    pub(super) nullable: bool,
    pub(super) origin: Origin,
}

impl Typed {
    pub(super) const UNKNOWN: Self = Self { column_type: None, nullable: true, origin: Origin::Computed };

    pub(super) const fn of(column_type: ColumnType) -> Self {
        Self { column_type: Some(column_type), nullable: true, origin: Origin::Computed }
    }

    pub(super) fn boolean(nullable: bool) -> Self {
        Self { nullable, ..Self::of(ColumnType::Boolean) }
    }

    pub(super) const fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    pub(super) fn is(self, column_type: ColumnType) -> bool {
        self.column_type == Some(column_type)
    }

    /// True for a value that has no type of its own: a literal or a parameter.
    pub(super) fn is_constant(self) -> bool {
        matches!(self.origin, Origin::Literal | Origin::Parameter)
    }
}

/// The type of values that come from either of two expressions, as of CASE or UNION.
pub(super) fn unify(left: Typed, right: Typed) -> Typed {
    let column_type = match (left.column_type, right.column_type) {
        (Some(a), Some(b)) if a == b => Some(a),
        (Some(only), None) | (None, Some(only)) => Some(only),
        (Some(ColumnType::Float), Some(ColumnType::Integer))
        | (Some(ColumnType::Integer), Some(ColumnType::Float)) => Some(ColumnType::Float),
        (Some(ColumnType::Decimal), Some(ColumnType::Integer | ColumnType::Float))
        | (Some(ColumnType::Integer | ColumnType::Float), Some(ColumnType::Decimal)) => {
            Some(ColumnType::Decimal)
        }
        (Some(a), Some(ColumnType::String)) if right.origin == Origin::Literal => Some(a),
        (Some(ColumnType::String), Some(b)) if left.origin == Origin::Literal => Some(b),
        _ => None,
    };
    Typed { column_type, nullable: left.nullable || right.nullable, origin: Origin::Computed }
}
