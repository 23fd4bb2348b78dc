//! Assignment to a column: a value is converted as PostgreSQL converts it, or refused with the name of the column.

use phantomdb_protocol::{Error, ErrorCode, Result, TableSchema};
use phantomdb_sql::{build, parse::parse_expression};
use sqlparser::ast::{Expr, Spanned};

use super::{adapter::Adapter, target::Target, typed::Typed, words::is_word};

impl Adapter<'_> {
    /// The default of a column as an expression; NULL when it has none.
    pub(super) fn default_of(&mut self, target: &Target) -> Result<(Expr, Typed)> {
        let Some(default) = &target.column.default else { return Ok((build::null(), Typed::NULL)) };
        let mut expr = parse_expression(default)?;
        let typed = self.expr(&mut expr)?;
        Ok((expr, typed))
    }

    /// Adapts the values of a row, and converts each for its column. All are adapted before the first is converted, as on
    /// PostgreSQL, where a parameter has no type before that.
    pub(super) fn all_assigned(&mut self, values: Vec<(&mut Expr, Option<&Target>)>) -> Result<()> {
        let mut typed = Vec::with_capacity(values.len());
        for (value, target) in values {
            let own = if is_default(value) {
                let Some(target) = target else {
                    let span = value.span();
                    return self.unsupported("DEFAULT for a column of a table that is not known", span);
                };
                let (expr, own) = self.default_of(target)?;
                *value = expr;
                own
            } else {
                self.expr(value)?
            };
            typed.push((value, target, own));
        }
        for (value, target, own) in typed {
            if let Some(target) = target {
                *value = target.assign(build::take(value), own)?;
            }
        }
        Ok(())
    }
}

/// Finds the column to assign to; `UNKNOWN_COLUMN` when the table has none of that name.
pub(super) fn target(table: &TableSchema, name: &str) -> Result<Target> {
    let found = |same: fn(&str, &str) -> bool| table.columns.iter().find(|column| same(&column.name, name));
    if let Some(column) = found(|own, name| own == name) {
        return Ok(Target::new(table, column));
    }
    let spelled = found(str::eq_ignore_ascii_case);
    let there_is = spelled.map(|column| format!("; there is \"{}\"", column.name)).unwrap_or_default();
    let message = format!("table \"{}\" has no column \"{name}\"{there_is}", table.table);
    Err(Error::new(ErrorCode::UnknownColumn, message)
        .with_table(table.table.to_string())
        .with_columns([name]))
}

/// True for `DEFAULT` in the place of a value.
pub(super) fn is_default(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(ident) if is_word(ident, "DEFAULT"))
}
