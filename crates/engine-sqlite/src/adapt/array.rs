//! Arrays: `ARRAY[…]`, elements and slices. SQLite stores an array as a JSON array.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    printer::{literal, verbatim_expr},
    typing::Type,
};
use sqlparser::ast::{AccessExpr, Array, Expr, Spanned, Subscript};

use super::{
    adapter::Adapter,
    converted::conversion,
    typed::{Typed, unify},
};

impl Adapter<'_> {
    /// `ARRAY[…]` with elements of that type, or of the type that they have in common.
    pub(super) fn array_of(&mut self, elements: Vec<Expr>, wanted: Option<Type>) -> Result<(Expr, Typed)> {
        let mut values = Vec::with_capacity(elements.len());
        for mut element in elements {
            // An array within an array.
            let typed = match build::unnested_mut(&mut element) {
                Expr::Array(Array { elem, named: _ }) => {
                    let inner = std::mem::take(elem);
                    let (value, typed) = self.array_of(inner, wanted)?;
                    element = value;
                    typed
                }
                _ => self.expr(&mut element)?,
            };
            values.push((element, typed));
        }
        let members: Vec<Typed> = values.iter().map(|(_, typed)| *typed).collect();
        let nested = members.iter().any(|typed| matches!(typed.data_type, Type::Array(_)));
        let unified = unify(&members).map_or(Type::Text, |typed| typed.data_type);
        let element = match (wanted, unified) {
            (Some(wanted), _) if !nested => wanted,
            (_, Type::Unknown) => Type::Text,
            (_, unified) => unified,
        };
        let kind = element.element().unwrap_or(element);
        let mut arguments = vec![literal(if nested { "array".to_owned() } else { kind.short_name() })];
        for (value, typed) in values {
            let span = value.span();
            arguments.push(conversion(value, typed, element).map_err(|error| self.at(error, span))?);
        }
        let array = if nested { Some(element) } else { element.array() };
        let Some(array) = array else {
            return Err(Error::unsupported(format!(
                "an array of {} is not supported on SQLite",
                element.name()
            )));
        };
        Ok((build::call("phantomdb_array", arguments), Typed::of(array).not_null()))
    }

    /// `a[1]`, `a[1:2]`, and the fields of a document.
    pub(super) fn subscripts(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(Typed::OTHER) };
        let mut value = build::take(root);
        let mut typed = self.expr(&mut value)?;
        for access in std::mem::take(access_chain) {
            (value, typed) = match access {
                AccessExpr::Subscript(Subscript::Index { index }) => self.element(value, typed, index)?,
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride: None }) => {
                    self.slice(value, typed, lower_bound, upper_bound)?
                }
                AccessExpr::Subscript(Subscript::Slice {
                    lower_bound: _,
                    upper_bound: _,
                    stride: Some(_),
                })
                | AccessExpr::Dot(_) => return self.unsupported("this access to a part of a value", span),
            };
        }
        *expr = value;
        Ok(typed)
    }

    fn element(&mut self, value: Expr, typed: Typed, mut index: Expr) -> Result<(Expr, Typed)> {
        let index_type = self.expr(&mut index)?;
        match typed.data_type {
            Type::Array(element) => {
                let index = conversion(index, index_type, Type::Integer)?;
                let read = build::call("phantomdb_array_get", vec![value, index]);
                Ok((read, Typed::of(*element)))
            }
            Type::Jsonb => {
                let read = if index_type.data_type.is_integer() {
                    index
                } else {
                    conversion(index, index_type, Type::Text)?
                };
                Ok((build::call("phantomdb_json_get", vec![value, read]), Typed::of(Type::Jsonb)))
            }
            other => Err(not_subscriptable(other)),
        }
    }

    fn slice(
        &mut self,
        value: Expr,
        typed: Typed,
        lower: Option<Expr>,
        upper: Option<Expr>,
    ) -> Result<(Expr, Typed)> {
        if !matches!(typed.data_type, Type::Array(_)) {
            return Err(not_subscriptable(typed.data_type));
        }
        let mut arguments = vec![value];
        for (bound, open) in [(lower, "1"), (upper, "2147483647")] {
            arguments.push(match bound {
                Some(mut bound) => {
                    let bound_type = self.expr(&mut bound)?;
                    conversion(bound, bound_type, Type::Integer)?
                }
                None => verbatim_expr(open),
            });
        }
        Ok((build::call("phantomdb_array_slice", arguments), Typed { nullable: true, ..typed.computed() }))
    }
}

fn not_subscriptable(data_type: Type) -> Error {
    Error::new(ErrorCode::TypeMismatch, format!("a value of the type {} has no elements", data_type.name()))
}
