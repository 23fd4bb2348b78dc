//! Writes `INSERT`, `UPDATE` and `DELETE`.

use phantomdb_protocol::Result;

use super::{
    bad_plan::bad_plan,
    expression::{Scope, Writer},
    plan::{Delete, Expr, Insert, OnConflict, Update},
    sql::{push_identifier, push_table},
};

/// The column of an upsert's result that says whether the row was inserted.
pub const CREATED_COLUMN: &str = "__phantomdb_created";

pub fn insert(writer: &mut Writer, plan: &Insert) -> Result<String> {
    let mut out = String::with_capacity(128 + 32 * plan.rows.len());
    out.push_str("INSERT INTO ");
    push_table(&mut out, &plan.table);
    if plan.columns.is_empty() {
        if plan.rows.len() > 1 {
            return Err(bad_plan("several rows without a single value cannot be inserted at once"));
        }
        out.push_str(" DEFAULT VALUES");
    } else {
        out.push_str(" (");
        push_identifiers(&mut out, &plan.columns);
        out.push_str(") VALUES ");
        for (i, row) in plan.rows.iter().enumerate() {
            if row.len() != plan.columns.len() {
                return Err(bad_plan("a row has another number of values than there are columns"));
            }
            out.push_str(if i > 0 { ",(" } else { "(" });
            for (j, value) in row.iter().enumerate() {
                if j > 0 {
                    out.push(',');
                }
                writer.expression(&mut out, value, &Scope::none())?;
            }
            out.push(')');
        }
    }
    if let Some(conflict) = &plan.on_conflict {
        on_conflict(writer, &mut out, conflict)?;
    }
    push_returning(&mut out, plan.returning.as_deref(), plan.returning_created);
    Ok(out)
}

fn on_conflict(writer: &mut Writer, out: &mut String, conflict: &OnConflict) -> Result<()> {
    out.push_str(" ON CONFLICT");
    if !conflict.columns.is_empty() {
        out.push_str(" (");
        push_identifiers(out, &conflict.columns);
        out.push(')');
        writer.push_where(out, conflict.condition.as_ref(), &Scope::none())?;
    }
    if conflict.update.is_empty() {
        out.push_str(" DO NOTHING");
        return Ok(());
    }
    if conflict.columns.is_empty() {
        return Err(bad_plan(
            "an upsert needs the columns of a unique key: give conflictFields, or define the key",
        ));
    }
    out.push_str(" DO UPDATE SET ");
    for (i, column) in conflict.update.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_identifier(out, column);
        out.push_str("=EXCLUDED.");
        push_identifier(out, column);
    }
    Ok(())
}

fn push_identifiers(out: &mut String, names: &[String]) {
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_identifier(out, name);
    }
}

fn push_returning(out: &mut String, returning: Option<&[String]>, created: bool) {
    let columns = returning.unwrap_or_default();
    if columns.is_empty() && !created {
        return;
    }
    out.push_str(" RETURNING ");
    if columns.iter().any(|c| c == "*") {
        out.push('*');
    } else {
        push_identifiers(out, columns);
    }
    if created {
        if !columns.is_empty() {
            out.push(',');
        }
        out.push_str("phantomdb_created() AS ");
        push_identifier(out, CREATED_COLUMN);
    }
}

pub fn update(writer: &mut Writer, plan: &Update) -> Result<String> {
    if plan.set.is_empty() {
        return Err(bad_plan("an update needs at least one column to set"));
    }
    let mut out = String::with_capacity(128);
    out.push_str("UPDATE ");
    push_table(&mut out, &plan.table);
    out.push_str(" SET ");
    for (i, (column, value)) in plan.set.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_identifier(&mut out, column);
        out.push('=');
        writer.expression(&mut out, value, &Scope::none())?;
    }
    limited(writer, &mut out, plan.condition.as_ref(), plan.limit.as_ref(), &plan.primary_key, &plan.table)?;
    push_returning(&mut out, plan.returning.as_deref(), false);
    Ok(out)
}

pub fn delete(writer: &mut Writer, plan: &Delete) -> Result<String> {
    let mut out = String::with_capacity(96);
    out.push_str("DELETE FROM ");
    push_table(&mut out, &plan.table);
    limited(writer, &mut out, plan.condition.as_ref(), plan.limit.as_ref(), &plan.primary_key, &plan.table)?;
    Ok(out)
}

/// Writes ` WHERE …`. With a limit, the rows are selected by their primary keys in a sub-query.
fn limited(
    writer: &mut Writer,
    out: &mut String,
    condition: Option<&Expr>,
    limit: Option<&Expr>,
    primary_key: &[String],
    table: &phantomdb_protocol::TableName,
) -> Result<()> {
    if limit.is_none() {
        return writer.push_where(out, condition, &Scope::none());
    }
    if primary_key.is_empty() {
        return Err(bad_plan(format!(
            "a limit on an update or delete of \"{table}\" needs its primary key; give the model one"
        )));
    }
    let several = primary_key.len() > 1;
    out.push_str(if several { " WHERE (" } else { " WHERE " });
    push_identifiers(out, primary_key);
    out.push_str(if several { ") IN (SELECT " } else { " IN (SELECT " });
    push_identifiers(out, primary_key);
    out.push_str(" FROM ");
    push_table(out, table);
    writer.push_where(out, condition, &Scope::none())?;
    writer.push_limit(out, " LIMIT ", limit)?;
    out.push(')');
    Ok(())
}
