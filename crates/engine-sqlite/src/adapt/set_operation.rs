//! UNION, INTERSECT and EXCEPT.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{build, typing::Type};
use sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, SetOperator, SetQuantifier, Spanned};

use super::{
    adapted::Open,
    adapter::Adapter,
    converted::{comparable, conversion},
    parameter_types::Overloaded,
    query::{QUERY_DEPTH, listed},
    scope::Output,
    template::{converted_source, empty_query, is_plain, numbered_source, select_from},
    typed::Typed,
};

/// The selects after which a chain of set operations becomes a sub-query: SQLite takes 500 in one chain.
const TERMS_MAX: usize = 400;

/// A column of the whole.
struct Unified {
    typed: Typed,
    /// True when no member gives it a type. A parameter in it has the type of its value.
    is_open: bool,
}

impl Adapter<'_> {
    pub(super) fn set_operation(&mut self, body: &mut SetExpr) -> Result<Option<Vec<Output>>> {
        let SetExpr::SetOperation { left, op, right, set_quantifier } = body else { return Ok(None) };
        let is_numbered = *set_quantifier == SetQuantifier::All && *op != SetOperator::Union;
        let outputs = self.members(left, *op, right, set_quantifier)?;
        if let (true, Some(outputs)) = (is_numbered, &outputs) {
            drop_number(body, outputs)?;
        }
        Ok(outputs)
    }

    fn members(
        &mut self,
        left: &mut Box<SetExpr>,
        op: SetOperator,
        right: &mut Box<SetExpr>,
        quantifier: &mut SetQuantifier,
    ) -> Result<Option<Vec<Output>>> {
        let all = match quantifier {
            SetQuantifier::All => true,
            // SQLite has no word for DISTINCT, the default.
            SetQuantifier::None | SetQuantifier::Distinct => false,
            SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                return self.unsupported("UNION BY NAME", left.span());
            }
        };
        // SQLite evaluates from left to right, so an operation that PostgreSQL evaluates first becomes a sub-query.
        compound_member(left, false)?;
        compound_member(right, true)?;
        if left_terms(left).is_multiple_of(TERMS_MAX) {
            let mut query = empty_query()?;
            std::mem::swap(&mut query.body, left);
            *left = select_from(*query)?;
        }
        // However long a chain of operations is, it counts as one level of depth.
        self.depth -= QUERY_DEPTH;
        let outputs = self.set_expr(left);
        self.depth += QUERY_DEPTH;
        let outputs = outputs?;
        let recursive = self.recursive.take();
        let is_recursive = recursive.is_some();
        if let (Some((index, names)), Some(outputs)) = (recursive, &outputs) {
            let outside = outputs.iter().cloned().map(Output::outside).collect();
            let table = &mut self.common_tables[index];
            table.columns = listed(outside, &table.name, &names)?;
        }
        let others = self.set_expr(right)?;
        let numbered = all && op != SetOperator::Union;
        *quantifier = if all && !numbered { SetQuantifier::All } else { SetQuantifier::None };
        let (Some(mut outputs), Some(others)) = (outputs, others) else {
            return if numbered {
                self.unsupported(&format!("{op} ALL of these tables"), left.span())
            } else {
                Ok(None)
            };
        };
        if outputs.len() != others.len() {
            let message = format!("the queries of {op} have different numbers of columns");
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), right.span()));
        }
        let mut unified = Vec::with_capacity(outputs.len());
        for (output, other) in outputs.iter().zip(&others) {
            let members = [output.typed, other.typed];
            let typed = self.unified(Vec::new(), &members, &op.to_string())?;
            if is_recursive && becomes_another(output.typed, typed) {
                let message = format!(
                    "the column \"{}\" of a recursive query has the type {} in its first part and {} in the second; cast one to the type of the other",
                    output.name,
                    output.typed.data_type.name(),
                    other.typed.data_type.name()
                );
                return Err(self.at(Error::new(ErrorCode::TypeMismatch, message), right.span()));
            }
            let is_open = output.typed.is_unknown() && other.typed.is_unknown();
            // A column that has a type in no member is text.
            let text = Typed { nullable: typed.nullable, ..Typed::of(Type::Text) };
            let typed = if typed.is_unknown() { text } else { typed };
            unified.push(Unified { typed, is_open });
        }
        for (side, own) in [(&mut *left, &outputs), (&mut *right, &others)] {
            self.convert_outputs(side, own, &unified)?;
        }
        if numbered {
            number_rows(left, outputs.len())?;
            number_rows(right, outputs.len())?;
        }
        for (output, Unified { typed, is_open: _ }) in outputs.iter_mut().zip(unified) {
            output.typed = typed;
        }
        Ok(Some(outputs))
    }

    /// Converts the columns of a member of a set operation to the types of the whole.
    fn convert_outputs(&self, member: &mut Box<SetExpr>, own: &[Output], wanted: &[Unified]) -> Result<()> {
        let changes = |output: &Output, Unified { typed, is_open: _ }: &Unified| {
            typed.data_type != output.typed.data_type
                && typed.data_type != Type::Unknown
                && !(typed.data_type.is_text() && output.typed.data_type.is_text())
        };
        if !own.iter().zip(wanted).any(|(output, typed)| changes(output, typed)) {
            return Ok(());
        }
        let columns: Vec<Ident> =
            (1..=own.len()).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
        let convert = |value: Expr, output: &Output, unified: &Unified| -> Result<Expr> {
            let Unified { typed, is_open } = unified;
            self.check_beside_value(&value, output.typed, typed.data_type)?;
            let open = Overloaded::of(&value, output.typed).filter(|_| *is_open);
            let converted = conversion(value, output.typed, typed.data_type)?;
            open.into_iter().for_each(|parameter| parameter.note_as(Open::InnerColumn));
            Ok(comparable(converted, typed.computed()))
        };
        if let SetExpr::Select(select) = member.as_mut()
            && select.projection.len() == own.len()
            && select.projection.iter().all(|item| {
                matches!(item, SelectItem::ExprWithAlias { expr: _, alias: _ } | SelectItem::UnnamedExpr(_))
            })
        {
            for ((item, output), typed) in select.projection.iter_mut().zip(own).zip(wanted) {
                if let (SelectItem::ExprWithAlias { expr, alias: _ } | SelectItem::UnnamedExpr(expr), true) =
                    (&mut *item, changes(output, typed))
                {
                    let name = Ident::with_quote('"', output.name.clone());
                    let value = convert(build::take(expr), output, typed)?;
                    *item = SelectItem::ExprWithAlias { expr: value, alias: name };
                }
            }
            return Ok(());
        }
        let mut query = empty_query()?;
        std::mem::swap(&mut query.body, member);
        let values = columns
            .iter()
            .zip(own)
            .zip(wanted)
            .map(|((column, output), typed)| convert(Expr::Identifier(column.clone()), output, typed));
        let values = values.collect::<Result<Vec<_>>>()?;
        converted_source(&mut query, columns.clone(), values)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            for (item, output) in select.projection.iter_mut().zip(own) {
                if let SelectItem::UnnamedExpr(expr) = item {
                    let alias = Ident::with_quote('"', output.name.clone());
                    *item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
                }
            }
        }
        *member = select_from(*query)?;
        Ok(())
    }
}

/// Numbers equal rows of a member of EXCEPT ALL or INTERSECT ALL, so that SQLite's EXCEPT and INTERSECT count them.
fn number_rows(member: &mut Box<SetExpr>, width: usize) -> Result<()> {
    let columns: Vec<Ident> =
        (1..=width).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
    let mut query = empty_query()?;
    std::mem::swap(&mut query.body, member);
    numbered_source(&mut query, columns)?;
    *member = select_from(*query)?;
    Ok(())
}

/// Leaves out the number that [`number_rows`] has added.
fn drop_number(body: &mut SetExpr, outputs: &[Output]) -> Result<()> {
    let mut columns: Vec<Ident> =
        (1..=outputs.len()).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
    let values = columns.iter().cloned().map(Expr::Identifier).collect();
    columns.push(Ident::with_quote('"', "phantomdb_number"));
    let mut query = empty_query()?;
    std::mem::swap(query.body.as_mut(), body);
    converted_source(&mut query, columns, values)?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        for (item, output) in select.projection.iter_mut().zip(outputs) {
            if let SelectItem::UnnamedExpr(expr) = item {
                let alias = Ident::with_quote('"', output.name.clone());
                *item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
            }
        }
    }
    *body = *select_from(*query)?;
    Ok(())
}

/// The number of selects in a chain of set operations, which is a tree to the left.
fn left_terms(expr: &SetExpr) -> usize {
    let (mut count, mut left) = (1, expr);
    while let SetExpr::SetOperation { left: inner, op: _, right: _, set_quantifier: _ } = left {
        count += 1;
        left = inner;
    }
    count
}

/// Removes the parentheses around a member of a set operation, which SQLite does not accept.
fn compound_member(member: &mut Box<SetExpr>, right: bool) -> Result<()> {
    while let SetExpr::Query(inner) = member.as_mut() {
        let inner = std::mem::replace(inner.as_mut(), *empty_query()?);
        let is_operation =
            matches!(*inner.body, SetExpr::SetOperation { left: _, op: _, right: _, set_quantifier: _ });
        *member = if is_plain(&inner) && !(right && is_operation) { inner.body } else { select_from(inner)? };
    }
    if right
        && matches!(member.as_ref(), SetExpr::SetOperation { left: _, op: _, right: _, set_quantifier: _ })
    {
        let mut query = empty_query()?;
        std::mem::swap(&mut query.body, member);
        *member = select_from(*query)?;
    }
    Ok(())
}

/// True when the first part of a recursive query has values of another type than the whole. Texts are alike.
fn becomes_another(first: Typed, whole: Typed) -> bool {
    let is_known = !first.is_unknown() && !first.is(Type::Other);
    let alike =
        first.data_type == whole.data_type || (first.data_type.is_text() && whole.data_type.is_text());
    is_known && !alike
}
