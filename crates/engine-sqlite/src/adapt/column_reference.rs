//! The columns that expressions name.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::typing::Type;
use sqlparser::ast::{Expr, Ident, Spanned};

use super::{
    adapter::Adapter,
    scope::{Columns, Found},
    typed::{Origin, Typed},
};

impl Adapter<'_> {
    /// A column, looked for from the innermost query outwards. One that a function in FROM gives becomes what SQLite has
    /// for it.
    pub(super) fn column_reference(
        &mut self,
        expr: &mut Expr,
        qualifier: Option<&str>,
        ident: &Ident,
    ) -> Result<Typed> {
        for scope in self.scopes.iter().rev() {
            match scope.column(qualifier, &ident.value) {
                Found::Column(_) if qualifier.is_none() && scope.is_ambiguous_beside(&ident.value) => {
                    let message = format!(
                        "column reference \"{}\" is ambiguous: several tables have it; write the name of the table before it",
                        ident.value
                    );
                    return Err(self.at(Error::new(ErrorCode::SyntaxError, message), ident.span));
                }
                Found::Column(output) => {
                    if let Some(stored) = &output.expr {
                        *expr = stored.clone();
                    } else if let (None, Some(relation)) = (qualifier, scope.qualifier_of(&ident.value)) {
                        let column = Ident::with_quote('"', &ident.value);
                        *expr = Expr::CompoundIdentifier(vec![Ident::with_quote('"', relation), column]);
                    }
                    return Ok(output.typed);
                }
                Found::Spelled(name) => {
                    let message = format!("there is no column \"{}\"; there is \"{name}\"", ident.value);
                    let error = Error::new(ErrorCode::UnknownColumn, message).with_columns([&ident.value]);
                    return Err(self.at(error, ident.span));
                }
                Found::Nothing => {}
            }
        }
        if qualifier.is_none()
            && let Some(row) = self.whole_row(&ident.value)
        {
            let (row, typed) = row?;
            *expr = row;
            return Ok(typed);
        }
        // SQLite's number of a row, which an export reads.
        if ["rowid", "_rowid_", "oid"].contains(&ident.value.as_str()) {
            return Ok(Typed::of(Type::BigInt).not_null());
        }
        if self.knows_all_relations() {
            if let Some(qualifier) = qualifier
                && self.scopes.iter().all(|scope| scope.relation(qualifier).is_none())
            {
                let message = format!("there is no table \"{qualifier}\" here");
                let error = Error::new(ErrorCode::UnknownTable, message).with_table(qualifier);
                return Err(self.at(error, ident.span));
            }
            let message = format!("there is no column \"{}\"", ident.value);
            let error = Error::new(ErrorCode::UnknownColumn, message).with_columns([&ident.value]);
            return Err(self.at(error, ident.span));
        }
        // SQLite says that there is no such column, or finds it in a table that is not known here.
        Ok(Typed { origin: Origin::Column, ..Typed::OTHER })
    }

    /// True when the columns of every relation around the expression are known.
    fn knows_all_relations(&self) -> bool {
        self.scopes
            .iter()
            .all(|scope| scope.relations.iter().all(|relation| !matches!(relation.columns, Columns::Unknown)))
    }

    /// `t.c` and `s.t.c`. The table gets the name by which SQLite knows it.
    pub(super) fn compound_identifier(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::CompoundIdentifier(parts) = expr else { return Ok(Typed::OTHER) };
        if parts.len() > 3 {
            let span = expr.span();
            return self.unsupported("a column name of more than three parts", span);
        }
        if let [schema, table, _] = parts.as_mut_slice() {
            if schema.value != "public" {
                table.value = format!("{}.{}", schema.value, table.value);
            }
            parts.remove(0);
        }
        let [table, column] = parts.as_mut_slice() else { return Ok(Typed::OTHER) };
        let scopes = self.scopes.iter().enumerate().rev();
        let found = scopes.filter_map(|(depth, scope)| Some((depth, scope.relation(&table.value)?))).next();
        if let Some((depth, relation)) = found
            && relation.bare.as_deref().is_some_and(|bare| bare == table.value)
        {
            if self.scopes[depth + 1..].iter().any(|inner| inner.has(&relation.name)) {
                let what = format!("\"{}\" beside the table itself without an alias", table.value);
                let span = table.span;
                return self.unsupported(&what, span);
            }
            table.value.clone_from(&relation.name);
        }
        let (qualifier, column) = (table.value.clone(), column.clone());
        if found.is_none()
            && let Some(spelled) = self.scopes.iter().rev().find_map(|scope| scope.spelled(&qualifier))
        {
            return Err(self.at(spelled_otherwise(&qualifier, spelled), column.span));
        }
        let typed = self.column_reference(expr, Some(&qualifier), &column)?;
        if self.bare_columns {
            *expr = Expr::Identifier(column);
        }
        Ok(typed)
    }
}

/// The error for a qualifier that differs from the name of a relation in upper and lower case only.
pub(super) fn spelled_otherwise(qualifier: &str, relation: &str) -> Error {
    let message = format!("there is no table \"{qualifier}\" here; there is \"{relation}\"");
    Error::new(ErrorCode::UnknownTable, message).with_table(qualifier)
}
