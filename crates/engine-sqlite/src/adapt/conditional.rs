//! COALESCE, NULLIF, GREATEST, LEAST, which unify their arguments, and the type of a value.

use std::ops::ControlFlow;

use phantomdb_protocol::Result;
use phantomdb_sql::{build, printer::literal, typing::Type, walk::each_expression};
use sqlparser::ast::{BinaryOperator, Expr};

use super::{
    adapter::Adapter,
    compare::{extreme, overloaded},
    converted::conversion,
    parameter_types::{self, Overloaded},
    typed::{Typed, wire_of},
    unknown_call::unknown_function,
};

impl Adapter<'_> {
    /// A call of one of these functions.
    pub(super) fn conditional(
        &self,
        name: &str,
        mut arguments: Vec<Expr>,
        types: &[Typed],
    ) -> Result<(Expr, Typed)> {
        let upper = name.to_ascii_uppercase();
        if arguments.is_empty() {
            return Err(unknown_function(name, types));
        }
        if name == "typeof" {
            for (argument, typed) in arguments.iter().zip(types) {
                parameter_types::note_overloaded(argument, *typed);
            }
            // A parameter whose value has no other type is a text.
            let shown = |typed: &Typed| if typed.is_parameter() { Type::Text } else { typed.data_type };
            let shown = literal(types.first().map_or_else(String::new, |typed| shown(typed).name()));
            let Some(argument) = arguments.pop().filter(calls_function) else {
                return Ok((shown, Typed::of(Type::Text)));
            };
            // An aggregate makes one row of all, and a function may fail.
            let is_null = Expr::IsNull(Box::new(argument));
            return Ok((build::call("iif", vec![is_null, shown.clone(), shown]), Typed::of(Type::Text)));
        }
        if name == "nullif" {
            let (&[a, b], [left, right]) = (types, arguments.as_mut_slice()) else {
                return Err(unknown_function(name, types));
            };
            let overloaded = overloaded(left, a, right, b);
            let result = self.type_of_nullif(a, b)?;
            self.check_beside_value(left, a, result)?;
            let wire = wire_of(result, &[a, b]);
            self.count_repeated(left)?;
            let original =
                if result == a.data_type { left.clone() } else { conversion(left.clone(), a, result)? };
            self.align(left, a, right, b, &BinaryOperator::Eq)?;
            overloaded.into_iter().for_each(Overloaded::note);
            let typed = if result == a.data_type { a.computed() } else { Typed::of(result) };
            let typed = Typed { nullable: true, wire, ..typed };
            if *left == original {
                return Ok((build::call(name, arguments), typed));
            }
            let equal = build::binary(build::take(left), BinaryOperator::Eq, build::take(right));
            return Ok((build::call("iif", vec![equal, build::null(), original]), typed));
        }
        let values = arguments.iter_mut().zip(types.iter().copied()).collect();
        let unified = self.unified(values, types, &upper)?;
        let value = match (name, arguments.len()) {
            // SQLite wants two arguments.
            ("coalesce", 1) => arguments.remove(0),
            ("coalesce", _) => build::call("coalesce", arguments),
            ("greatest", _) => extreme("phantomdb_greatest", unified, arguments),
            _ => extreme("phantomdb_least", unified, arguments),
        };
        let nullable = types.iter().all(|typed| typed.nullable);
        Ok((value, Typed { nullable, ..unified }))
    }

    /// The type of NULLIF: the first value's, as the operator `=` takes it. PostgreSQL has such operators for two integers,
    /// two floats and two dates of different types; any other two values become one type.
    fn type_of_nullif(&self, a: Typed, b: Typed) -> Result<Type> {
        let common = self.comparison_type(a, b, &BinaryOperator::Eq)?;
        let alike = |group: &[Type]| group.contains(&a.data_type) && group.contains(&b.data_type);
        let has_operator = alike(&[Type::SmallInt, Type::Integer, Type::BigInt])
            || alike(&[Type::Real, Type::Double])
            || alike(&[Type::Date, Type::Timestamp, Type::TimestampTz])
            || (a.data_type.is_text() && b.data_type.is_text());
        Ok(if has_operator || a.is(Type::Other) { a.data_type } else { common })
    }
}

fn calls_function(expr: &Expr) -> bool {
    let look = &mut |inner: &Expr| match inner {
        Expr::Function(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    each_expression(expr, look).is_break()
}
