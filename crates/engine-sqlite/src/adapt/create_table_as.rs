//! CREATE TABLE … AS. SQLite's own keeps neither the types of the columns nor their collations, so the table is made with
//! columns of the query's types, and filled by an INSERT.

use std::collections::HashSet;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::{parse::parse_type, printer::quote_identifier, types::SqlType, typing::Type};
use sqlparser::ast::{ColumnDef, CreateTable, DataType, Ident, Spanned, Statement, WithData};

use super::{adapter::Adapter, insert::convert_source, scope::Output, target::Target};
use crate::{
    stored::{print, stored_name},
    types,
};

impl Adapter<'_> {
    /// Gives the table the columns of its query. Returns the INSERT of the rows; none for WITH NO DATA, and for a table that is
    /// there already.
    pub(super) fn columns_of_query(
        &mut self,
        create: &mut CreateTable,
        table: &TableName,
    ) -> Result<Option<String>> {
        let Some(mut query) = create.query.take() else { return Ok(None) };
        let span = create.name.span();
        let has_rows = create.with_data.take().is_none_or(|WithData { data, statistics: _ }| data);
        self.refuse_parameters = true;
        let Some(mut outputs) = self.query(&mut query)? else {
            return self.unsupported("CREATE TABLE … AS over this table", span);
        };
        let named = std::mem::take(&mut create.columns);
        if named.len() > outputs.len() {
            let message =
                format!("the query has {} columns, and {} names are given", outputs.len(), named.len());
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        }
        for (output, ColumnDef { name, data_type, options }) in outputs.iter_mut().zip(named) {
            let is_defined = data_type != DataType::Unspecified || !options.is_empty();
            self.refuse(&[(is_defined, "a column definition in CREATE TABLE … AS")], || name.span)?;
            output.name = name.value;
        }
        let mut names = HashSet::new();
        if let Some(twice) = outputs.iter().find(|output| !names.insert(output.name.to_ascii_lowercase())) {
            let message =
                format!("the query has two columns \"{}\"; give one of them another name", twice.name);
            return Err(self.at(Error::new(ErrorCode::AlreadyExists, message), span));
        }
        let mut targets = Vec::with_capacity(outputs.len());
        for output in outputs {
            let data_type = column_type(&output).map_err(|error| self.at(error, span))?;
            create.columns.push(ColumnDef {
                name: Ident::with_quote('"', &output.name),
                data_type: parse_type(&data_type.name())?,
                options: Vec::new(),
            });
            targets.push(Some(Target::of_new_column(&table.name, &output.name, data_type)));
        }
        let is_there = create.if_not_exists && self.catalog.table(table).is_some();
        if !has_rows || is_there {
            return Ok(None);
        }
        convert_source(&mut query, &targets, &[])?;
        let rows = print(&mut Statement::Query(query))?;
        Ok(Some(format!("INSERT INTO {} {rows}", quote_identifier(&stored_name(table)))))
    }
}

/// The type of a column that has the values of a query.
fn column_type(output: &Output) -> Result<SqlType> {
    let refused = |what: &str| {
        let message = format!(
            "a column of the type {what} in CREATE TABLE … AS; cast \"{}\" in the query",
            output.name
        );
        Err(Error::unsupported(format!("{message} is not supported on SQLite")))
    };
    type_of(output.typed.data_type).map_or_else(|| refused(&output.typed.data_type.name()), Ok)
}

/// None for a type that no column can have, as an interval.
fn type_of(data_type: Type) -> Option<SqlType> {
    types::sql_type_of(data_type).and_then(in_column)
}

/// The type as that of a column, which keeps the microseconds of its times as it does on PostgreSQL.
fn in_column(data_type: SqlType) -> Option<SqlType> {
    const MICROSECONDS: u8 = 6;
    Some(match data_type {
        SqlType::Time(None) => SqlType::Time(Some(MICROSECONDS)),
        SqlType::Timestamp(None) => SqlType::Timestamp(Some(MICROSECONDS)),
        SqlType::Array(element) => SqlType::Array(Box::new(in_column(*element)?)),
        SqlType::Other(_) => return None,
        other => other,
    })
}
