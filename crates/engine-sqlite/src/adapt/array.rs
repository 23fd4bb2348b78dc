//! Arrays: `ARRAY[…]`, elements and slices. SQLite stores an array as a JSON array.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    printer::{literal, verbatim_expr},
    typing::{Type, functions, resolve},
};
use sqlparser::{
    ast::{AccessExpr, Array, Expr, FunctionArguments, Ident, Spanned, Subscript, Value, ValueWithSpan},
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    converted::conversion,
    parameter_types::Overloaded,
    template::{converted_source, empty_query},
    typed::{Typed, unify},
    words::shorten,
};

/// PostgreSQL's limit.
const MAX_DIMENSIONS: usize = 6;

impl Adapter<'_> {
    /// `ARRAY[…]` with elements of that type, or of the type that they have in common.
    pub(super) fn array_of(&mut self, elements: Vec<Expr>, wanted: Option<Type>) -> Result<(Expr, Typed)> {
        if elements.is_empty() && wanted.is_none() {
            let message = "the type of an empty array is not known; cast it, as in ARRAY[]::INTEGER[]";
            return Err(Error::new(ErrorCode::TypeMismatch, message));
        }
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
        // An array of parameters and strings has the type of the values, or is one of texts.
        let is_open = wanted.is_none() && members.iter().all(|member| member.is_unknown());
        let nested = members.iter().any(|typed| matches!(typed.data_type, Type::Array(_)));
        let element = match (wanted, unify(&members).map(|typed| typed.data_type)) {
            (Some(wanted), _) if !nested => wanted,
            (_, Some(Type::Unknown)) => Type::Text,
            (_, Some(unified)) => unified,
            (_, None) => {
                let names: Vec<String> = members.iter().map(|member| member.data_type.name()).collect();
                let message =
                    format!("the elements of ARRAY have types that do not go together: {}", names.join(", "));
                return Err(Error::new(ErrorCode::TypeMismatch, message));
            }
        };
        let mut arguments = if nested { Vec::new() } else { vec![literal(element.short_name())] };
        for (value, typed) in values {
            let span = value.span();
            let overloaded = if is_open { Overloaded::of(&value, typed) } else { None };
            arguments.push(conversion(value, typed, element).map_err(|error| self.at(error, span))?);
            if let Some(overloaded) = overloaded {
                overloaded.note();
            }
        }
        let array = if nested { Some(element) } else { element.array() };
        let Some(array) = array else {
            return Err(Error::unsupported(format!(
                "an array of {} is not supported on SQLite",
                element.name()
            )));
        };
        let function = if nested { "phantomdb_array_of_arrays" } else { "phantomdb_array" };
        Ok((build::call(function, arguments), Typed::of(array).not_null()))
    }

    /// `ARRAY(query)`: the values in the only column of a query.
    pub(super) fn array_of_query(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::Function(function) = expr else { return Ok(Typed::OTHER) };
        let FunctionArguments::Subquery(query) = &mut function.args else { return Ok(Typed::OTHER) };
        let mut query = std::mem::replace(query.as_mut(), *empty_query()?);
        let outputs = self.subquery(&mut query)?;
        let [output] = outputs.as_deref().unwrap_or_default() else {
            let message = "ARRAY() takes a query with one column";
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        };
        let data_type = output.typed.data_type;
        let Ok(aggregate) = resolve(functions("array_agg"), &[data_type], false) else {
            return self.unsupported(&format!("an array of {}", data_type.name()), span);
        };
        let column = Ident::with_quote('"', "phantomdb_value");
        let value = Expr::Identifier(column.clone());
        let collected = build::call(aggregate.signature.sqlite, vec![value]);
        let array = build::call("coalesce", vec![collected, literal("[]".to_owned())]);
        converted_source(&mut query, vec![column], vec![array])?;
        *expr = Expr::Subquery(Box::new(query));
        Ok(Typed::of(aggregate.result).not_null())
    }

    /// `a[1]`, `a[1:2]`, and the fields of a document.
    pub(super) fn subscripts(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(Typed::OTHER) };
        if access_chain.len() > MAX_DIMENSIONS {
            let message = format!("an array has {MAX_DIMENSIONS} dimensions at most");
            return Err(self.at(Error::new(ErrorCode::TooLarge, message), span));
        }
        join_name(root, access_chain);
        let is_simple = match root.as_ref() {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Nested(_) | Expr::Subquery(_) => true,
            Expr::Value(ValueWithSpan { value, span: _ }) => matches!(value, Value::Placeholder(_)),
            _ => false,
        };
        if !is_simple {
            let message = format!("write the value before '[' in parentheses: ({})[…]", shorten(root));
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        }
        let mut value = build::take(root);
        let typed = self.expr(&mut value)?;
        let mut subscripts = Vec::with_capacity(access_chain.len());
        for access in std::mem::take(access_chain) {
            match access {
                AccessExpr::Subscript(subscript) => subscripts.push(subscript),
                AccessExpr::Dot(_) => return self.unsupported("this access to a part of a value", span),
            }
        }
        let (value, typed) = match typed.data_type {
            Type::Array(element) => self.part_of_array(value, typed, *element, subscripts)?,
            Type::Jsonb => self.part_of_document(value, subscripts, span)?,
            other => {
                let message = format!("a value of the type {} has no elements", other.name());
                return Err(self.at(Error::new(ErrorCode::TypeMismatch, message), span));
            }
        };
        *expr = value;
        Ok(typed)
    }

    /// An element of an array, or a slice when one of the subscripts has bounds. A single subscript beside bounds means all
    /// up to it, as in PostgreSQL.
    fn part_of_array(
        &mut self,
        value: Expr,
        typed: Typed,
        element: Type,
        subscripts: Vec<Subscript>,
    ) -> Result<(Expr, Typed)> {
        let is_slice = subscripts.iter().any(|subscript| !matches!(subscript, Subscript::Index { index: _ }));
        let mut arguments = vec![literal(element.short_name()), value];
        for subscript in subscripts {
            match subscript {
                Subscript::Index { index } => {
                    if is_slice {
                        arguments.push(verbatim_expr("1"));
                    }
                    arguments.push(self.bound(Some(index))?);
                }
                Subscript::Slice { lower_bound, upper_bound, stride: None } => {
                    arguments.push(self.bound(lower_bound)?);
                    arguments.push(self.bound(upper_bound)?);
                }
                Subscript::Slice { lower_bound: _, upper_bound: _, stride: Some(stride) } => {
                    return self.unsupported("a slice with a step", stride.span());
                }
            }
        }
        if is_slice {
            let slice = build::call("phantomdb_array_slice", arguments);
            return Ok((slice, Typed { nullable: true, ..typed.computed() }));
        }
        Ok((build::call("phantomdb_array_get", arguments), Typed::of(element)))
    }

    /// A bound of a slice, or a subscript. A bound that is left out is an empty text.
    fn bound(&mut self, bound: Option<Expr>) -> Result<Expr> {
        let Some(mut bound) = bound else { return Ok(literal(String::new())) };
        let typed = self.expr(&mut bound)?;
        conversion(bound, typed, Type::Integer)
    }

    /// `document['key'][1]`.
    fn part_of_document(
        &mut self,
        value: Expr,
        subscripts: Vec<Subscript>,
        span: Span,
    ) -> Result<(Expr, Typed)> {
        // Each is a part of a path, as in `#>`.
        let mut arguments = vec![value];
        for subscript in subscripts {
            let Subscript::Index { mut index } = subscript else {
                return self.unsupported("a slice of a document", span);
            };
            let typed = self.expr(&mut index)?;
            if !(typed.is_unknown()
                || typed.data_type.is_text()
                || matches!(typed.data_type, Type::SmallInt | Type::Integer))
            {
                let message = format!(
                    "the subscript of a document is an integer or a text, not a value of the type {}; cast it",
                    typed.data_type.name()
                );
                return Err(self.at(Error::new(ErrorCode::TypeMismatch, message), span));
            }
            arguments.push(conversion(index, typed, Type::Text)?);
        }
        Ok((build::call("phantomdb_jsonb_extract_path", arguments), Typed::of(Type::Jsonb)))
    }
}

/// Makes a column with the name of its table, `t.a[1]`, one name before the subscripts.
fn join_name(root: &mut Expr, access_chain: &mut Vec<AccessExpr>) {
    let mut name = match root {
        Expr::Identifier(first) => vec![first.clone()],
        Expr::CompoundIdentifier(parts) => parts.clone(),
        _ => return,
    };
    let is_part = |access: &&AccessExpr| matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
    let count = access_chain.iter().take_while(is_part).count();
    if count == 0 {
        return;
    }
    name.extend(access_chain.drain(..count).filter_map(|access| match access {
        AccessExpr::Dot(Expr::Identifier(part)) => Some(part),
        _ => None,
    }));
    *root = Expr::CompoundIdentifier(name);
}
