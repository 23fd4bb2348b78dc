//! Functions that return rows, and LATERAL queries. SQLite has neither. It has `json_each`, which may use the relations on
//! its left, so the rows go through a JSON array: each element is a row, and the columns are read from it.

use std::sync::Arc;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{literal, verbatim_expr, verbatim_ident},
    types::SqlType,
    typing::{Kind, Resolved, Type, functions, resolve, unsupported},
};
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, SetExpr, Spanned, TableAlias, TableAliasColumnDef,
    TableFactor, TableFunctionArgs,
};

use super::{
    adapter::Adapter,
    call::synonym,
    converted::conversion,
    operators::{call_of, converted_arguments, with_defaults},
    scope::{Columns, Output, Relation},
    template::{empty_query, parsed_query, source_rows},
    typed::{Origin, Typed},
    unknown_call::unknown_function,
};

/// Functions that read the columns that an alias names out of a document.
const RECORD_FUNCTIONS: [&str; 4] =
    ["json_to_record", "jsonb_to_record", "json_to_recordset", "jsonb_to_recordset"];

impl Adapter<'_> {
    /// A function in FROM.
    pub(super) fn table_function(
        &mut self,
        name: &mut ObjectName,
        arguments: &mut TableFunctionArgs,
        alias: &mut Option<TableAlias>,
        with_ordinality: bool,
    ) -> Result<()> {
        let span = name.span();
        let TableFunctionArgs { args, settings } = arguments;
        self.refuse(&[(settings.is_some(), "SETTINGS of a function")], || span)?;
        let function = last_ident(name).map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default();
        let mut values = Vec::with_capacity(args.len());
        let mut types = Vec::with_capacity(args.len());
        for argument in std::mem::take(args) {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(mut expr)) => {
                    types.push(self.expr(&mut expr)?);
                    values.push(expr);
                }
                other => return self.unsupported(&format!("the argument '{other}'"), span),
            }
        }
        let exposed = alias.as_ref().map_or_else(|| function.clone(), |alias| alias.name.value.clone());
        let known = synonym(&function);
        let (rows, mut outputs) = if RECORD_FUNCTIONS.contains(&known) {
            self.record_function(known, values, &types, alias.as_ref(), &exposed)
        } else {
            self.set_function(known, values, &types, &exposed)
        }
        .map_err(|error| self.at(error, span))?;
        if with_ordinality {
            let key = Expr::CompoundIdentifier(vec![quoted(&exposed), quoted("key")]);
            let number = build::binary(key, sqlparser::ast::BinaryOperator::Plus, verbatim_expr("1"));
            let expr = Some(Expr::Nested(Box::new(number)));
            outputs.push(Output {
                name: "ordinality".into(),
                typed: Typed::of(Type::BigInt).not_null(),
                expr,
            });
        }
        let names = alias.as_ref().map(|alias| alias.columns.as_slice()).unwrap_or_default();
        for (output, TableAliasColumnDef { name, data_type: _ }) in outputs.iter_mut().zip(names) {
            output.name.clone_from(&name.value);
        }
        *args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(rows))];
        *name = ObjectName::from(vec![verbatim_ident("json_each")]);
        *alias = Some(plain_alias(&exposed)?);
        let columns = Columns::Listed(Arc::new(outputs));
        self.add_relation(Relation::new(exposed, columns));
        Ok(())
    }

    /// The JSON array of a function's rows, and the columns in it.
    fn set_function(
        &self,
        function: &str,
        values: Vec<Expr>,
        types: &[Typed],
        exposed: &str,
    ) -> Result<(Expr, Vec<Output>)> {
        let (mut values, mut types) = (values, types.to_vec());
        let resolved = with_defaults(self.row_function(function, &types)?, &mut values, &mut types);
        let (rows, typed) = call_of(&resolved, values, &types)?;
        let value = Expr::CompoundIdentifier(vec![quoted(exposed), quoted("value")]);
        let columns = &resolved.signature.columns;
        if resolved.result != Type::Record {
            let value = row_value(value, typed.data_type)?;
            let name = columns.first().map_or(exposed, |(name, _)| *name);
            let single = Output { name: name.to_owned(), typed: typed.computed(), expr: Some(value) };
            return Ok((rows, vec![single.exact()]));
        }
        let outputs = columns.iter().enumerate().map(|(index, (name, data_type))| Output {
            name: (*name).to_owned(),
            typed: Typed::of(*data_type),
            expr: Some(element(value.clone(), index)),
        });
        Ok((rows, outputs.collect()))
    }

    /// The function that returns rows for arguments of these types. Any other function returns one row.
    fn row_function(&self, function: &str, types: &[Typed]) -> Result<Resolved> {
        let given: Vec<Type> = types.iter().map(|typed| typed.data_type).collect();
        let candidates = || functions(function).filter(|row| row.kind == Kind::Set);
        if candidates().next().is_none() {
            if functions(function).next().is_some() || unsupported(function).is_some() {
                return Err(Error::unsupported(format!(
                    "{function}() in FROM is not supported on SQLite: it returns no rows there"
                )));
            }
            return Err(unknown_function(function, types));
        }
        resolve(candidates(), &given, false).map_err(|_| unknown_function(function, types))
    }

    /// `json_to_record(document) AS x(a int, b text)`.
    fn record_function(
        &self,
        function: &str,
        values: Vec<Expr>,
        types: &[Typed],
        alias: Option<&TableAlias>,
        exposed: &str,
    ) -> Result<(Expr, Vec<Output>)> {
        let resolved = self.row_function(function, types)?;
        let mut arguments = converted_arguments(&resolved, values, types)?;
        // A record of no document is one of NULLs.
        if let (true, Some(document)) = (function.ends_with("_to_record"), arguments.first_mut()) {
            *document = build::call("coalesce", vec![build::take(document), literal("{}")]);
        }
        let columns = alias.map(|alias| alias.columns.as_slice()).unwrap_or_default();
        let mut outputs = Vec::with_capacity(columns.len());
        let mut names = Vec::with_capacity(columns.len());
        let mut short_names = Vec::with_capacity(columns.len());
        let value = Expr::CompoundIdentifier(vec![quoted(exposed), quoted("value")]);
        for (index, TableAliasColumnDef { name, data_type }) in columns.iter().enumerate() {
            let Some(declared) = data_type else {
                let message = format!("{function}() needs a type for each column: AS x(a INTEGER, b TEXT)");
                return Err(Error::new(ErrorCode::SyntaxError, message));
            };
            let data_type = SqlType::from_ast(declared)?.in_expressions();
            let raw = Typed { origin: Origin::Computed, ..Typed::PARAMETER };
            let expr = conversion(element(value.clone(), index), raw, data_type)?;
            outputs.push(Output { name: name.value.clone(), typed: Typed::of(data_type), expr: Some(expr) });
            names.push(name.value.clone());
            short_names.push(data_type.short_name());
        }
        if outputs.is_empty() {
            let message = format!("{function}() needs its columns: AS x(a INTEGER, b TEXT)");
            return Err(Error::new(ErrorCode::SyntaxError, message));
        }
        for list in [names, short_names] {
            let list = serde_json::to_string(&list)
                .map_err(|_| Error::internal("the names could not be written"))?;
            arguments.push(literal(list));
        }
        Ok((super::converted::apply(resolved.signature, arguments), outputs))
    }

    /// A function that returns rows in the columns of a SELECT: its rows become a relation of FROM.
    pub(super) fn set_in_columns(
        &mut self,
        resolved: &Resolved,
        rows: Expr,
        typed: Typed,
    ) -> Result<(Expr, Typed)> {
        let name = resolved.signature.name;
        let Some(sets) = &mut self.sets else {
            return Err(Error::unsupported(format!(
                "{name}() returns rows; write it in FROM, or in the columns of a SELECT"
            )));
        };
        if !sets.is_empty() || resolved.result == Type::Record {
            return Err(Error::unsupported(format!(
                "{name}() beside another function that returns rows, or with several columns, is not supported on SQLite in the columns of a SELECT; write it in FROM"
            )));
        }
        let alias = "phantomdb_rows";
        let mut query = parsed_query("SELECT 1 FROM json_each(1) AS \"phantomdb_rows\"")?;
        super::template::set_table_function_argument(&mut query, rows);
        if let SetExpr::Select(select) = query.body.as_mut() {
            sets.append(&mut select.from);
        }
        let value = Expr::CompoundIdentifier(vec![quoted(alias), quoted("value")]);
        Ok((row_value(value, typed.data_type)?, typed))
    }

    /// `LATERAL (query) AS name`.
    pub(super) fn lateral(&mut self, factor: &mut TableFactor) -> Result<()> {
        let TableFactor::Derived { lateral: _, subquery, alias, sample } = factor else { return Ok(()) };
        let span = subquery.span();
        self.refuse(
            &[(sample.is_some(), "TABLESAMPLE"), (alias.is_none(), "LATERAL without an alias")],
            || span,
        )?;
        let outputs = self.subquery(subquery)?;
        let Some(outputs) = outputs else {
            return self.unsupported("LATERAL with * over this table", span);
        };
        let (exposed, names) = match alias {
            Some(alias) => self.alias(alias)?,
            None => return Ok(()),
        };
        let mut query = empty_query()?;
        std::mem::swap(&mut query, subquery);
        let types: Vec<Type> = outputs.iter().map(|output| output.typed.data_type).collect();
        let rows = source_rows(*query, &types)?;
        let value = Expr::CompoundIdentifier(vec![quoted(&exposed), quoted("value")]);
        let columns = outputs.into_iter().enumerate().map(|(index, output)| {
            let expr = stored_element(value.clone(), index, output.typed.data_type);
            Output {
                name: names.get(index).cloned().unwrap_or(output.name),
                typed: Typed { nullable: true, ..output.typed.computed() },
                expr: Some(expr),
            }
        });
        let columns = Columns::Listed(Arc::new(columns.collect()));
        let arguments = TableFunctionArgs {
            args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(rows))],
            settings: None,
        };
        let name = ObjectName::from(vec![verbatim_ident("json_each")]);
        *factor = table_factor(name, arguments, Some(plain_alias(&exposed)?))?;
        self.add_relation(Relation::new(exposed, columns));
        Ok(())
    }
}

/// A value of a row. JSON has no bytes, so these come as their hexadecimal digits.
pub(super) fn row_value(value: Expr, data_type: Type) -> Result<Expr> {
    if data_type == Type::Bytea { conversion(value, Typed::of(Type::Text), Type::Bytea) } else { Ok(value) }
}

fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// A value of a row that is a JSON array, in its stored form.
pub(super) fn stored_element(value: Expr, index: usize, data_type: Type) -> Expr {
    let read = element(value, index);
    if data_type == Type::Bytea { build::call("unhex", vec![read]) } else { read }
}

/// `json_extract(value, '$[index]')`.
fn element(value: Expr, index: usize) -> Expr {
    build::call("json_extract", vec![value, literal(format!("$[{index}]"))])
}

fn plain_alias(name: &str) -> Result<TableAlias> {
    let mut query = parsed_query("SELECT 1 FROM \"t\" AS \"a\"")?;
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Table {
            alias: Some(alias),
            name: _,
            args: _,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = &mut from.relation
    {
        alias.name = quoted(name);
        return Ok(alias.clone());
    }
    Err(Error::internal("an alias was expected"))
}

/// `name(arguments) AS alias` in FROM.
pub(super) fn table_factor(
    function: ObjectName,
    arguments: TableFunctionArgs,
    with_alias: Option<TableAlias>,
) -> Result<TableFactor> {
    let mut query = parsed_query("SELECT 1 FROM \"t\"(1)")?;
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(from) = select.from.first_mut()
    {
        if let TableFactor::Table {
            name,
            args,
            alias,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = &mut from.relation
        {
            *name = function;
            *args = Some(arguments);
            *alias = with_alias;
        }
        return Ok(from.relation.clone());
    }
    Err(Error::internal("a function in FROM was expected"))
}
