//! CREATE VIEW.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    names::last_ident,
    printer::{self, Style, quote_identifier},
    typing::Type,
};
use sqlparser::ast::{CreateTableOptions, CreateView, Ident, ObjectName, Spanned, Statement, ViewColumnDef};

use super::{adapter::Adapter, scope::Output, select::have_own_names};
use crate::stored::{self, print, stored_name};

impl Adapter<'_> {
    /// Adapts a view, and prints it with the types of its columns and its query, which SQLite does not keep.
    pub(super) fn create_view(&mut self, statement: &mut Statement) -> Result<String> {
        let Statement::CreateView(view) = statement else {
            return Err(Error::internal("CREATE VIEW was expected"));
        };
        let written = printer::print(&mut (*view.query).clone(), Style::Phantom)?;
        let outputs = self.view_query(view)?;
        let name = last_ident(&view.name).map(|ident| quote_identifier(&ident.value)).unwrap_or_default();
        let sql = print(statement)?;
        let types: Vec<String> =
            outputs.iter().flatten().map(|output| output.typed.data_type.short_name()).collect();
        let types = if outputs.is_some() { stored::view_types(&types) } else { String::new() };
        Ok(sql.replacen(&name, &format!("{name}{types}{}", stored::view_query(&written)), 1))
    }

    fn view_query(&mut self, view: &mut CreateView) -> Result<Option<Vec<Output>>> {
        let table = self.source.new_view(view)?;
        let span = view.name.span();
        let CreateView {
            or_alter,
            or_replace,
            materialized,
            secure,
            name,
            name_before_not_exists,
            columns,
            query,
            options,
            cluster_by,
            comment,
            with_no_schema_binding,
            if_not_exists,
            temporary,
            copy_grants,
            to,
            params,
        } = view;
        if *if_not_exists {
            let message =
                "syntax error: PostgreSQL has no IF NOT EXISTS for a view; drop it first, with IF EXISTS";
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        }
        self.refuse(
            &[
                (*or_alter, "OR ALTER in CREATE VIEW"),
                (*or_replace, "OR REPLACE in CREATE VIEW"),
                (*materialized, "MATERIALIZED in CREATE VIEW"),
                (*temporary, "TEMPORARY in CREATE VIEW"),
                (*secure, "SECURE in CREATE VIEW"),
                (*name_before_not_exists, "IF NOT EXISTS after the name of a view"),
                (!matches!(options, CreateTableOptions::None), "an option of a view"),
                (!cluster_by.is_empty(), "CLUSTER BY in CREATE VIEW"),
                (comment.is_some(), "COMMENT in CREATE VIEW"),
                (*with_no_schema_binding, "WITH NO SCHEMA BINDING"),
                (*copy_grants, "COPY GRANTS"),
                (to.is_some(), "TO in CREATE VIEW"),
                (params.is_some(), "ALGORITHM, DEFINER or SQL SECURITY of a view"),
            ],
            || span,
        )?;
        for ViewColumnDef { name, data_type, options } in columns.iter() {
            self.refuse(
                &[
                    (data_type.is_some(), "the type of a view's column"),
                    (options.is_some(), "an option of a view's column"),
                ],
                || name.span,
            )?;
        }
        *name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        (self.refuse_parameters, self.expands_stars) = (true, true);
        self.depth += 1;
        let outputs = self.query(query);
        self.depth -= 1;
        let outputs = outputs?;
        name_columns(columns, outputs.as_deref().unwrap_or_default());
        if outputs.iter().flatten().any(|output| output.typed.is(Type::Record)) {
            return self.unsupported("a whole row as a column of a view; name its columns", span);
        }
        Ok(outputs.map(|outputs| outputs.into_iter().map(Output::outside).collect()))
    }
}

/// Names the columns of the view that the user has not named. Otherwise SQLite would name them after the columns that they
/// show, also when those are renamed.
fn name_columns(columns: &mut Vec<ViewColumnDef>, outputs: &[Output]) {
    let rest = outputs.get(columns.len()..).unwrap_or_default();
    // SQLite makes names that differ.
    if !have_own_names(outputs) {
        return;
    }
    columns.extend(rest.iter().map(|output| ViewColumnDef {
        name: Ident::with_quote('"', output.name.clone()),
        data_type: None,
        options: None,
    }));
}
