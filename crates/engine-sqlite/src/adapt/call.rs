//! Function calls. PostgreSQL's functions become those of SQLite and of [`crate::functions`].

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{literal, quote_identifier, verbatim_expr, verbatim_ident},
};
use sqlparser::{
    ast::{
        Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
        FunctionArguments, ObjectName, OrderByExpr, Spanned, WindowFrame, WindowFrameBound, WindowSpec,
        WindowType,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    typed::{Origin, Typed, unify},
};
use crate::stored::{NOW, TIME_OF_DAY, TODAY};

impl Adapter<'_> {
    pub(super) fn function(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::Function(function) = expr else { return Ok(Typed::UNKNOWN) };
        let Some(ident) = last_ident(&function.name) else {
            return self.unsupported("this function name", span);
        };
        let name = ident.value.to_ascii_lowercase();
        let types = self.function_parts(function, span)?;
        let first = types.first().copied().unwrap_or(Typed::UNKNOWN);
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let printed = if plain { name.clone() } else { quote_identifier(&name) };
        function.name = ObjectName::from(vec![verbatim_ident(printed)]);
        if let Some((now, column_type)) = current_time(&name) {
            self.refuse_aggregate_clauses(function, &name, span)?;
            *expr = now;
            return Ok(Typed::of(column_type).not_null());
        }
        match name.as_str() {
            // `current_user`, `current_schema` and the like. The engine has neither users nor a current schema.
            _ if matches!(function.args, FunctionArguments::None) => self.unsupported(&name, span),
            "array_agg" | "age" | "unnest" | "row_to_json" | "array_to_string" | "array_append"
            | "array_remove" | "cardinality" => self.unsupported(&format!("the function {name}()"), span),
            "coalesce" => {
                // SQLite wants two arguments.
                if let Some(only) = single_argument(function) {
                    self.refuse_aggregate_clauses(function, &name, span)?;
                    *expr = only;
                }
                let unified = types.iter().copied().reduce(unify).unwrap_or(Typed::UNKNOWN);
                let nullable = types.iter().all(|typed| typed.nullable);
                Ok(Typed { nullable, origin: Origin::Computed, ..unified })
            }
            "greatest" | "least" => {
                Ok(Typed { nullable: true, ..types.iter().copied().reduce(unify).unwrap_or(Typed::UNKNOWN) })
            }
            "nullif" | "min" | "max" | "lag" | "lead" | "first_value" | "last_value" | "nth_value"
            | "abs" => Ok(Typed { nullable: true, origin: Origin::Computed, ..first }),
            "bool_and" | "every" => Ok(rename(function, "min", ColumnType::Boolean)),
            "bool_or" => Ok(rename(function, "max", ColumnType::Boolean)),
            "sum" | "avg" => Ok(sum(function, &name, first)),
            "round" | "trunc" => {
                let column_type =
                    first.column_type.filter(|t| *t == ColumnType::Decimal || *t == ColumnType::Integer);
                let function_name = if name == "round" { "phantomdb_round" } else { "phantomdb_trunc" };
                Ok(rename(function, function_name, column_type.unwrap_or(ColumnType::Float)))
            }
            name if name.starts_with("json") => self.json_function(expr, name, &types, span),
            _ => Ok(simple(function, &name)),
        }
    }

    /// Functions that build documents or read from them.
    fn json_function(&self, expr: &mut Expr, name: &str, types: &[Typed], span: Span) -> Result<Typed> {
        let Expr::Function(function) = expr else { return Ok(Typed::UNKNOWN) };
        match name {
            "json_agg" | "jsonb_agg" => {
                as_json_values(function, types);
                rename(function, "json_group_array", ColumnType::Json);
                *expr = build::call("nullif", vec![build::take(expr), literal("[]")]);
                Ok(Typed::of(ColumnType::Json))
            }
            "json_object_agg" | "jsonb_object_agg" => {
                as_json_values(function, types);
                rename(function, "json_group_object", ColumnType::Json);
                *expr = build::call("nullif", vec![build::take(expr), literal("{}")]);
                Ok(Typed::of(ColumnType::Json))
            }
            "json_build_object" | "jsonb_build_object" => {
                as_json_values(function, types);
                Ok(rename(function, "json_object", ColumnType::Json).not_null())
            }
            "json_build_array" | "jsonb_build_array" => {
                as_json_values(function, types);
                Ok(rename(function, "json_array", ColumnType::Json).not_null())
            }
            "json_extract_path" | "jsonb_extract_path" => {
                self.extract_path(expr, "phantomdb_json_path", span)?;
                Ok(Typed::of(ColumnType::Json))
            }
            "json_extract_path_text" | "jsonb_extract_path_text" => {
                self.extract_path(expr, "phantomdb_json_path_text", span)?;
                Ok(Typed::of(ColumnType::String))
            }
            _ => Ok(simple(function, name)),
        }
    }

    /// `json_extract_path(document, key, …)` as `name(document, json_array(key, …))`.
    fn extract_path(&self, expr: &mut Expr, name: &str, span: Span) -> Result<()> {
        let Expr::Function(function) = expr else { return Ok(()) };
        self.refuse_aggregate_clauses(function, "json_extract_path", span)?;
        let mut arguments = Vec::new();
        for argument in list_of(function).map(std::mem::take).unwrap_or_default() {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => arguments.push(value),
                other => return self.unsupported(&format!("the argument '{other}'"), span),
            }
        }
        let mut arguments = arguments.into_iter();
        let document = arguments.next().unwrap_or_else(build::null);
        *expr = build::call(name, vec![document, build::call("json_array", arguments.collect())]);
        Ok(())
    }

    /// Adapts everything between the parentheses of a call and after them. The result is the type of each argument.
    fn function_parts(&mut self, function: &mut Function, span: Span) -> Result<Vec<Typed>> {
        let Function {
            name: _,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        self.refuse(
            &[
                (!within_group.is_empty(), "WITHIN GROUP"),
                (*uses_odbc_syntax, "a call in braces"),
                (!matches!(parameters, FunctionArguments::None), "a function with two lists of arguments"),
                (null_treatment.is_some(), "IGNORE NULLS"),
            ],
            || span,
        )?;
        let types = self.arguments(args, span)?;
        if let Some(filter) = filter {
            self.expr(filter)?;
        }
        match over {
            Some(WindowType::WindowSpec(window)) => self.window(window)?,
            // SQLite finds a named window as PostgreSQL does.
            Some(WindowType::NamedWindow(_)) | None => {}
        }
        Ok(types)
    }

    fn arguments(&mut self, args: &mut FunctionArguments, span: Span) -> Result<Vec<Typed>> {
        let list = match args {
            FunctionArguments::None => return Ok(Vec::new()),
            FunctionArguments::Subquery(query) => {
                self.subquery(query)?;
                return Ok(Vec::new());
            }
            FunctionArguments::List(list) => list,
        };
        // SQLite takes DISTINCT and ALL as PostgreSQL does.
        let FunctionArgumentList { duplicate_treatment: _, args, clauses } = list;
        let types = args.iter_mut().map(|argument| self.argument(argument)).collect::<Result<_>>()?;
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(order) => self.order_exprs(order)?,
                other => return self.unsupported(&format!("'{other}' in a function call"), span),
            }
        }
        Ok(types)
    }

    fn argument(&mut self, argument: &mut FunctionArg) -> Result<Typed> {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(Typed::UNKNOWN),
            other => {
                let what = format!("the argument '{other}'");
                self.unsupported(&what, other.span())
            }
        }
    }

    /// Refuses the clauses of an aggregate in a call that is replaced by an expression without them.
    fn refuse_aggregate_clauses(&self, function: &Function, name: &str, span: Span) -> Result<()> {
        let in_list = match &function.args {
            FunctionArguments::List(FunctionArgumentList { duplicate_treatment, args: _, clauses }) => {
                duplicate_treatment.is_some() || !clauses.is_empty()
            }
            FunctionArguments::None => false,
            FunctionArguments::Subquery(_) => true,
        };
        let what = format!("{name}() as an aggregate");
        self.refuse(
            &[(in_list || function.filter.is_some() || function.over.is_some(), what.as_str())],
            || span,
        )
    }

    /// OVER and WINDOW. SQLite takes the name of another window and ROWS, RANGE and GROUPS as PostgreSQL does.
    pub(super) fn window(&mut self, window: &mut WindowSpec) -> Result<()> {
        let WindowSpec { window_name: _, partition_by, order_by, window_frame } = window;
        self.exprs(partition_by)?;
        self.order_exprs(order_by)?;
        if let Some(WindowFrame { units: _, start_bound, end_bound }) = window_frame {
            for bound in std::iter::once(start_bound).chain(end_bound) {
                match bound {
                    WindowFrameBound::Preceding(Some(expr)) | WindowFrameBound::Following(Some(expr)) => {
                        self.expr(expr)?;
                    }
                    WindowFrameBound::CurrentRow
                    | WindowFrameBound::Preceding(None)
                    | WindowFrameBound::Following(None) => {}
                }
            }
        }
        Ok(())
    }

    fn order_exprs(&mut self, order: &mut [OrderByExpr]) -> Result<()> {
        order.iter_mut().try_for_each(|item| self.order_expr(item, None))
    }
}

/// The expression for a function of the current time, and its type.
fn current_time(name: &str) -> Option<(Expr, ColumnType)> {
    Some(match name {
        "now"
        | "current_timestamp"
        | "localtimestamp"
        | "transaction_timestamp"
        | "statement_timestamp"
        | "clock_timestamp" => (verbatim_expr(NOW), ColumnType::Timestamp),
        "current_date" => (verbatim_expr(TODAY), ColumnType::Date),
        "current_time" | "localtime" => (verbatim_expr(TIME_OF_DAY), ColumnType::Time),
        _ => return None,
    })
}

/// Adapts a call that needs no more than another name.
fn simple(function: &mut Function, name: &str) -> Typed {
    use ColumnType::{Boolean, Float, Integer, Json, String, Timestamp, Uuid};
    match name {
        "count" | "row_number" | "rank" | "dense_rank" | "ntile" => Typed::of(Integer).not_null(),
        "random" => rename(function, "phantomdb_random", Float).not_null(),
        "gen_random_uuid" | "uuid_generate_v4" | "uuid_generate_v1" => {
            rename(function, "gen_random_uuid", Uuid).not_null()
        }
        "length" | "char_length" | "character_length" => rename(function, "length", Integer),
        "octet_length" | "instr" | "sign" | "mod" => Typed::of(Integer),
        "strpos" => rename(function, "instr", Integer),
        "json_array_length" | "jsonb_array_length" => rename(function, "json_array_length", Integer),
        "json_typeof" | "jsonb_typeof" => rename(function, "phantomdb_json_typeof", String),
        "jsonb_set" | "json_set" => rename(function, "phantomdb_json_set", Json),
        "to_json" | "to_jsonb" => rename(function, "json_quote", Json),
        "substr" | "substring" => rename(function, "phantomdb_substring", String),
        "btrim" => rename(function, "trim", String),
        "chr" => rename(function, "char", String),
        "ascii" => rename(function, "unicode", Integer),
        "left" => rename(function, "phantomdb_left", String),
        "right" => rename(function, "phantomdb_right", String),
        "ceiling" => rename(function, "ceil", Float),
        "pow" => rename(function, "power", Float),
        "lower" | "upper" | "trim" | "ltrim" | "rtrim" | "replace" | "concat" | "concat_ws" | "md5"
        | "string_agg" | "group_concat" | "to_char" | "version" | "repeat" | "reverse" | "lpad" | "rpad"
        | "split_part" | "regexp_replace" | "initcap" | "typeof" => Typed::of(String),
        "ceil" | "floor" | "power" | "sqrt" | "exp" | "ln" | "log" | "date_part" | "percent_rank"
        | "cume_dist" => Typed::of(Float),
        "stddev" | "stddev_samp" | "stddev_pop" | "variance" | "var_samp" | "var_pop" => Typed::of(Float),
        "date_trunc" => Typed::of(Timestamp),
        "starts_with" => Typed::of(Boolean),
        "phantomdb_created" => Typed::of(Boolean).not_null(),
        _ => Typed::UNKNOWN,
    }
}

fn rename(function: &mut Function, name: &str, column_type: ColumnType) -> Typed {
    function.name = ObjectName::from(vec![verbatim_ident(name)]);
    Typed::of(column_type)
}

/// Adapts SUM and AVG. Those of decimals are exact, and the sum of integers is an integer.
fn sum(function: &mut Function, name: &str, argument: Typed) -> Typed {
    match (name, argument.column_type) {
        ("sum", Some(ColumnType::Decimal)) => rename(function, "phantomdb_sum", ColumnType::Decimal),
        (_, Some(ColumnType::Decimal)) => rename(function, "phantomdb_avg", ColumnType::Decimal),
        ("sum", column_type) => Typed { column_type, ..Typed::UNKNOWN },
        _ => Typed::of(ColumnType::Float),
    }
}

fn list_of(function: &mut Function) -> Option<&mut Vec<FunctionArg>> {
    match &mut function.args {
        FunctionArguments::List(list) => Some(&mut list.args),
        _ => None,
    }
}

fn single_argument(function: &mut Function) -> Option<Expr> {
    match list_of(function)?.as_mut_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(only))] => Some(build::take(only)),
        _ => None,
    }
}

/// Makes booleans, decimals and documents go into a document as JSON of their kind, not as the text that SQLite stores.
fn as_json_values(function: &mut Function, types: &[Typed]) {
    let Some(arguments) = list_of(function) else { return };
    for (argument, typed) in arguments.iter_mut().zip(types) {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = argument else { continue };
        let wrapper = match typed.column_type {
            Some(ColumnType::Json | ColumnType::Decimal) => "json",
            Some(ColumnType::Boolean) => "phantomdb_json_boolean",
            _ => continue,
        };
        let mut wrapped = build::call(wrapper, vec![build::take(value)]);
        if wrapper != "json" {
            wrapped = build::call("json", vec![wrapped]);
        }
        *value = wrapped;
    }
}
