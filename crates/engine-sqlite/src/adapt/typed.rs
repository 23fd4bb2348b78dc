//! The type of an expression's value, and where the value comes from.

use phantomdb_protocol::ColumnType;
use phantomdb_sql::typing::{Type, common_type};

/// Where a value comes from. A string literal, NULL and a parameter take the type of what they stand beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Column,
    Literal,
    Parameter,
    Computed,
}

/// The type of a value, how it travels, whether it may be NULL, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) data_type: Type,
    /// How the value travels, as far as that is known: the average of integers is a numeric that travels as a float.
    pub(super) wire: Option<ColumnType>,
    pub(super) nullable: bool,
    pub(super) origin: Origin,
}

impl Typed {
    /// A value whose type is not known, of a table that another program made.
    pub(super) const OTHER: Self =
        Self { data_type: Type::Other, wire: None, nullable: true, origin: Origin::Computed };
    /// NULL.
    pub(super) const NULL: Self =
        Self { data_type: Type::Unknown, wire: None, nullable: true, origin: Origin::Literal };
    /// A parameter.
    pub(super) const PARAMETER: Self =
        Self { data_type: Type::Unknown, wire: None, nullable: true, origin: Origin::Parameter };

    pub(super) const fn of(data_type: Type) -> Self {
        Self { data_type, wire: Some(data_type.wire()), nullable: true, origin: Origin::Computed }
    }

    pub(super) const fn literal(data_type: Type) -> Self {
        Self { nullable: false, origin: Origin::Literal, ..Self::of(data_type) }
    }

    pub(super) fn boolean(nullable: bool) -> Self {
        Self { nullable, ..Self::of(Type::Boolean) }
    }

    pub(super) const fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    pub(super) const fn computed(mut self) -> Self {
        self.origin = Origin::Computed;
        self
    }

    pub(super) fn is(self, data_type: Type) -> bool {
        self.data_type == data_type
    }

    /// True for a value that has no type of its own: a string literal, NULL or a parameter.
    pub(super) fn is_unknown(self) -> bool {
        self.data_type == Type::Unknown
    }

    /// True for a parameter that has no type of its own.
    pub(super) fn is_parameter(self) -> bool {
        self.is_unknown() && self.origin == Origin::Parameter
    }

    /// The collation by which SQLite must compare such values. A column is declared with it.
    pub(super) fn collation(self) -> Option<&'static str> {
        match self.data_type {
            Type::Numeric => Some("decimal"),
            Type::Json | Type::Jsonb => Some("jsonb"),
            Type::Interval => Some("interval"),
            Type::Array(Type::Numeric | Type::BigInt) => Some("array_numeric"),
            Type::Array(Type::Interval) => Some("array_interval"),
            Type::Array(Type::Jsonb | Type::Json) => Some("array_jsonb"),
            Type::Array(_) | Type::Record => Some("array"),
            Type::CiText => Some("NOCASE"),
            _ => None,
        }
    }

    /// The collation to name where the value is compared. None when the values compare by their bytes, and for a column,
    /// which has its collation.
    pub(super) fn collation_to_name(self) -> Option<&'static str> {
        let is_document = matches!(self.data_type, Type::Json | Type::Jsonb);
        // A table of an older version has no collation for its documents.
        self.collation().filter(|_| self.origin != Origin::Column || is_document)
    }
}

/// The one type for values that come from any of these, as of CASE or UNION. None when there is none.
pub(super) fn unify(members: &[Typed]) -> Option<Typed> {
    let types: Vec<Type> = members.iter().map(|member| member.data_type).collect();
    let chosen = common_type(&types)?;
    let nullable = members.iter().any(|member| member.nullable);
    // A parameter that is a numeric here is an exact one.
    let is_exact = chosen == Type::Numeric && members.iter().any(|member| member.is_parameter());
    let wire = if is_exact { Some(chosen.wire()) } else { wire_of(chosen, members) };
    Some(Typed { data_type: chosen, wire, nullable, origin: Origin::Computed })
}

/// How a value of that type travels that was computed from these.
pub(super) fn wire_of(data_type: Type, members: &[Typed]) -> Option<ColumnType> {
    let same = || members.iter().filter(|member| member.data_type == data_type);
    match data_type {
        Type::Other => None,
        // Exact decimals stay exact beside the average of integers and the like.
        Type::Numeric => {
            let exact = same().any(|member| member.wire == Some(ColumnType::Decimal));
            let float = same().any(|member| member.wire == Some(ColumnType::Float));
            let integer = same().any(|member| member.wire == Some(ColumnType::Integer));
            Some(match (exact, float, integer) {
                (true, _, _) | (false, false, false) => ColumnType::Decimal,
                (false, true, _) => ColumnType::Float,
                (false, false, true) => ColumnType::Integer,
            })
        }
        Type::Text => {
            let first = same().next().and_then(|member| member.wire);
            let alike = first.is_some() && same().all(|member| member.wire == first);
            if alike { first } else { Some(ColumnType::String) }
        }
        other => Some(other.wire()),
    }
}
