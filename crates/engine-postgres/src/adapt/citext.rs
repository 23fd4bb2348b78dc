//! Patterns beside a `citext`, which ignores case. See [`crate::citext`].

use std::{ops::ControlFlow, sync::Arc};

use phantomdb_protocol::{Error, Result};
use phantomdb_sql::{
    build::{self, take},
    names::last_ident,
    printer::{string_of, verbatim_expr},
    walk::{Node, each_expression, walk},
};
use sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, Expr, Ident, Query, Select, SelectItem, TableAlias, TableFactor,
    Value, VisitorMut, helpers::attached_token::AttachedToken,
};

use super::{
    adapter::Adapter,
    cast::{cast, is_text_type},
    function::function_name,
    known_functions::is_known,
};
use crate::citext::{Named, NewColumn};

/// Functions whose result has the type of an argument.
const KEEP_TYPE: [&str; 12] = [
    "array_agg",
    "coalesce",
    "first_value",
    "greatest",
    "ifnull",
    "lag",
    "last_value",
    "lead",
    "least",
    "max",
    "min",
    "nth_value",
];

/// How an operand is matched against a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    /// As it is: it is a text, with case or without.
    Text,
    /// As its text.
    Cast,
    /// It may be a `citext`, and may be of another type, as the statement shows when it runs.
    Unsure,
}

impl Adapter<'_> {
    /// Makes the operand of LIKE, SIMILAR TO and the like a text: a number or a time is matched as its text. PostgreSQL drops
    /// the cast of a column that is text already, so its index can still be used.
    pub(crate) fn match_text(&self, expr: &mut Expr) {
        let Some((left, pattern)) = sides(expr) else { return };
        // An operand without a type has that of the pattern.
        let deciding = if has_no_type(left) && self.may_ignore_case(pattern) { &*pattern } else { &*left };
        let operand = match self.operand(deciding) {
            // In the definition of a table or an index there can be no question to the catalog.
            Operand::Unsure if self.is_definition => Operand::Text,
            operand => operand,
        };
        if operand == Operand::Text {
            return;
        }
        let deciding = deciding.clone();
        if !is_text(left) {
            *left = cast(take(left), "text");
        }
        if operand == Operand::Unsure
            && let Some(ignoring) = ignoring_case(expr)
        {
            *expr = by_type(deciding, ignoring, take(expr));
        }
    }

    fn operand(&self, expr: &Expr) -> Operand {
        let named = |ident: &Ident| match self.citext.get(&ident.value) {
            Some(Named::Texts) => Operand::Text,
            Some(Named::Unsure) => Operand::Unsure,
            None => Operand::Cast,
        };
        match build::unnested(expr) {
            Expr::Identifier(ident) => named(ident),
            Expr::CompoundIdentifier(parts) => parts.last().map_or(Operand::Cast, named),
            cast if is_text(cast) => Operand::Text,
            other if self.may_ignore_case(other) => Operand::Unsure,
            _ => Operand::Cast,
        }
    }

    /// True when the value may be a `citext`.
    fn may_ignore_case(&self, expr: &Expr) -> bool {
        match build::unnested(expr) {
            Expr::Identifier(ident) => self.citext.get(&ident.value).is_some(),
            Expr::CompoundIdentifier(parts) => {
                parts.last().is_some_and(|ident| self.citext.get(&ident.value).is_some())
            }
            Expr::Cast { kind: _, expr: _, data_type, format: _ } => is_citext(data_type),
            Expr::Collate { expr, collation: _ } => self.may_ignore_case(expr),
            Expr::Function(function) => {
                let is_other = |name: &str| is_known(name) && !KEEP_TYPE.contains(&name);
                !function_name(function).is_some_and(|name| is_other(&name)) && self.mentions(expr)
            }
            Expr::Case { case_token: _, end_token: _, operand: _, conditions: _, else_result: _ }
            | Expr::CompoundFieldAccess { root: _, access_chain: _ }
            | Expr::Subquery(_) => self.mentions(expr),
            // Any other expression gives a text that respects case, or no text.
            _ => false,
        }
    }

    /// True when something in the expression may be a `citext`.
    fn mentions(&self, expr: &Expr) -> bool {
        let look = &mut |inner: &Expr| match inner {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Cast { kind: _, expr: _, data_type: _, format: _ }
                if self.may_ignore_case(inner) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        };
        each_expression(expr, look).is_break()
    }

    /// Learns which names of the statement may be those of a `citext`, beside the columns of tables.
    pub(crate) fn learn_names(&mut self, tree: &mut dyn Node) -> Result<()> {
        if self.citext.is_empty() && !has_word(self.source.sql, "citext") {
            return Ok(());
        }
        loop {
            let mut names = Names { adapter: self, found: Vec::new() };
            walk(tree, &mut names)?;
            let found = names.found;
            // A name may stand for another one that was found now.
            match self.citext.with_new(&found) {
                Some(known) => self.citext = Arc::new(known),
                None => return Ok(()),
            }
        }
    }

    /// Notes a column that the statement makes.
    pub(crate) fn note_column(&mut self, column: Option<NewColumn>) {
        self.new_columns.extend(column);
    }

    /// Notes the columns of a view or of a table that is made from rows.
    pub(crate) fn note_query_columns(&mut self, query: &Query, names: &[&Ident]) {
        if self.citext.is_empty() && !has_word(self.source.sql, "citext") {
            return;
        }
        let unsure = |name: &Ident| NewColumn { name: name.value.clone(), ignores_case: true };
        self.new_columns.extend(names.iter().map(|name| unsure(name)));
        let Some(select) = query.body.as_select() else { return };
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                self.new_columns.push(self.named(expr, alias));
            }
        }
    }

    fn named(&self, expr: &Expr, alias: &Ident) -> NewColumn {
        NewColumn { name: alias.value.clone(), ignores_case: self.may_ignore_case(expr) }
    }
}

/// Finds names that a statement gives to its values.
struct Names<'a, 'b> {
    adapter: &'a Adapter<'b>,
    found: Vec<NewColumn>,
}

impl Names<'_, '_> {
    /// The statement says elsewhere what these names stand for.
    fn add(&mut self, names: impl IntoIterator<Item = Ident>) {
        for name in names {
            for ignores_case in [true, false] {
                self.found.push(NewColumn { name: name.value.clone(), ignores_case });
            }
        }
    }
}

impl VisitorMut for Names<'_, '_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.add(columns(&cte.alias));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                let named = self.adapter.named(expr, alias);
                self.found.push(named);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        // The other fields name no column.
        match factor {
            TableFactor::Table {
                name: _,
                alias: Some(alias),
                args,
                with_hints: _,
                version: _,
                with_ordinality: _,
                partitions: _,
                json_path: _,
                sample: _,
                index_hints: _,
            } => {
                self.add(columns(alias));
                // The single column of a function's rows has the name of the rows.
                self.add(args.is_some().then(|| alias.name.clone()));
            }
            TableFactor::Function {
                lateral: _,
                name: _,
                args: _,
                with_ordinality: _,
                alias: Some(alias),
            }
            | TableFactor::UNNEST {
                alias: Some(alias),
                array_exprs: _,
                with_offset: _,
                with_offset_alias: _,
                with_ordinality: _,
            } => {
                self.add(columns(alias));
                self.add([alias.name.clone()]);
            }
            TableFactor::Derived { lateral: _, subquery: _, alias: Some(alias), sample: _ }
            | TableFactor::NestedJoin { table_with_joins: _, alias: Some(alias) } => self.add(columns(alias)),
            // Nothing else is in PostgreSQL's grammar, or names columns.
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn columns(alias: &TableAlias) -> Vec<Ident> {
    alias.columns.iter().map(|column| column.name.clone()).collect()
}

/// True when the text has the word, in any case.
fn has_word(sql: &str, word: &str) -> bool {
    sql.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// True for a string literal, NULL and a parameter.
fn has_no_type(expr: &Expr) -> bool {
    let Expr::Value(value) = build::unnested(expr) else { return false };
    matches!(value.value, Value::Placeholder(_) | Value::Null) || string_of(&value.value).is_some()
}

/// True for a cast to a type of texts.
fn is_text(expr: &Expr) -> bool {
    matches!(build::unnested(expr), Expr::Cast { kind: _, expr: _, data_type, format: _ } if is_text_type(data_type))
}

/// True for `citext`, with PostgreSQL's name or as it was written.
fn is_citext(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Custom(name, _)
        if last_ident(name).is_some_and(|name| name.value.eq_ignore_ascii_case("citext")))
}

/// The operand and the pattern of what matches one against the other.
fn sides(expr: &mut Expr) -> Option<(&mut Expr, &mut Expr)> {
    match expr {
        Expr::Like { negated: _, any: _, expr, pattern, escape_char: _ }
        | Expr::ILike { negated: _, any: _, expr, pattern, escape_char: _ }
        | Expr::SimilarTo { negated: _, expr, pattern, escape_char: _ } => Some((expr, pattern)),
        Expr::BinaryOp { left, op, right } if is_match(op) => Some((left, right)),
        _ => None,
    }
}

fn is_match(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch
            | BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch
            | BinaryOperator::PGNotLikeMatch
            | BinaryOperator::PGNotILikeMatch
    )
}

/// The same, but without case. None for what ignores case already.
fn ignoring_case(expr: &Expr) -> Option<Expr> {
    Some(match expr {
        Expr::Like { negated, any, expr, pattern, escape_char } => Expr::ILike {
            negated: *negated,
            any: *any,
            expr: expr.clone(),
            pattern: pattern.clone(),
            escape_char: escape_char.clone(),
        },
        Expr::SimilarTo { negated, expr, pattern, escape_char } => {
            let arguments = [Some(pattern), escape_char.as_ref()];
            let arguments = arguments.into_iter().flatten().map(|argument| (**argument).clone()).collect();
            let pattern = build::call("similar_to_escape", arguments);
            let op = if *negated { BinaryOperator::PGRegexNotIMatch } else { BinaryOperator::PGRegexIMatch };
            build::binary((**expr).clone(), op, pattern)
        }
        Expr::BinaryOp { left, op, right } => {
            let op = match op {
                BinaryOperator::PGRegexMatch => BinaryOperator::PGRegexIMatch,
                BinaryOperator::PGRegexNotMatch => BinaryOperator::PGRegexNotIMatch,
                BinaryOperator::PGLikeMatch => BinaryOperator::PGILikeMatch,
                BinaryOperator::PGNotLikeMatch => BinaryOperator::PGNotILikeMatch,
                _ => return None,
            };
            build::binary((**left).clone(), op, (**right).clone())
        }
        _ => return None,
    })
}

/// The first when the value turns out to be a `citext`, else the second. Behind AND it has no name as a column, like a match.
fn by_type(value: Expr, ignoring: Expr, respecting: Expr) -> Expr {
    let citext = verbatim_expr("(SELECT pg_catalog.to_regtype('citext'))");
    let value_type = build::call("pg_catalog.pg_typeof", vec![value]);
    let case = Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen {
            condition: build::binary(value_type, BinaryOperator::Eq, citext),
            result: ignoring,
        }],
        else_result: Some(Box::new(respecting)),
    };
    let always = Expr::value(Value::Boolean(true));
    Expr::Nested(Box::new(build::binary(case, BinaryOperator::And, always)))
}
