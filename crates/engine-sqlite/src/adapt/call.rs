//! Function calls: PostgreSQL's names and meanings on what SQLite has and `functions` adds.

use phantomdb_protocol::{ColumnType, Result};
use sqlparser::ast::{
    CeilFloorKind, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, ObjectName, OrderByExpr, Spanned, TrimWhereField, ValueWithSpan, WindowFrameBound,
    WindowSpec, WindowType,
};

use super::{
    Adapter, build,
    expression::unify,
    printer,
    scope::{Origin, Typed},
};

/// The current time in its stored form; SQLite keeps it still during a statement, and knows it without PhantomDB.
pub(in super::super) const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ','now')";
pub(in super::super) const TODAY: &str = "date('now')";
pub(in super::super) const TIME_OF_DAY: &str = "strftime('%H:%M:%f','now')";

impl Adapter<'_> {
    pub(super) fn call(&mut self, expr: &mut Expr) -> Result<Typed> {
        match expr {
            Expr::Function(_) => self.function(expr),
            _ => self.special_form(expr),
        }
    }

    /// Calls that have a grammar of their own.
    fn special_form(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        match expr {
            Expr::Extract { field, expr: inner, .. } => {
                let field = field.to_string().trim_matches('\'').to_ascii_lowercase();
                self.expr(inner)?;
                *expr = build::call("date_part", vec![printer::literal(field), build::take(inner)]);
                Ok(Typed::of(ColumnType::Float))
            }
            Expr::Ceil { expr: inner, field } | Expr::Floor { expr: inner, field } if is_plain(field) => {
                let typed = self.expr(inner)?;
                let inner = build::take(inner);
                let name = if matches!(expr, Expr::Ceil { .. }) { "ceil" } else { "floor" };
                *expr = build::call(name, vec![inner]);
                Ok(Typed { origin: Origin::Other, ..typed })
            }
            Expr::Position { expr: what, r#in } => {
                self.expr(what)?;
                self.expr(r#in)?;
                *expr = build::call("instr", vec![build::take(r#in), build::take(what)]);
                Ok(Typed::of(ColumnType::Integer))
            }
            Expr::Substring { expr: inner, substring_from, substring_for, .. } => {
                self.expr(inner)?;
                let mut arguments = vec![build::take(inner)];
                match substring_from {
                    Some(from) => {
                        self.expr(from)?;
                        arguments.push(build::take(from));
                    }
                    None => arguments.push(printer::verbatim_expr("1")),
                }
                if let Some(length) = substring_for {
                    self.expr(length)?;
                    arguments.push(build::take(length));
                }
                *expr = build::call("phantomdb_substring", arguments);
                Ok(Typed::of(ColumnType::String))
            }
            Expr::Trim { trim_where, trim_what, expr: inner, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                self.expr(inner)?;
                let mut arguments = vec![build::take(inner)];
                let what = trim_what.as_mut().map(|what| build::take(what));
                arguments.extend(what.or_else(|| trim_characters.as_mut().and_then(Vec::pop)));
                if let [_, what] = arguments.as_mut_slice() {
                    self.expr(what)?;
                }
                *expr = build::call(name, arguments);
                Ok(Typed::of(ColumnType::String))
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                let typed = self.expr(timestamp)?;
                let utc = matches!(build::unnested(time_zone), Expr::Value(ValueWithSpan { value, .. })
                    if printer::string_of(value).is_some_and(|zone| ["utc", "gmt", "z"].contains(&zone.to_ascii_lowercase().as_str())));
                if !utc {
                    return self.unsupported("AT TIME ZONE with another zone than 'UTC'", span);
                }
                *expr = build::take(timestamp);
                Ok(typed)
            }
            other => {
                let what = format!("the expression '{}'", super::expression::shorten(other));
                self.unsupported(&what, span)
            }
        }
    }

    fn function(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::Function(function) = expr else { return Ok(Typed::UNKNOWN) };
        if !function.within_group.is_empty() {
            return self.unsupported("WITHIN GROUP", span);
        }
        let Some(ident) = super::names::last_ident(&function.name) else {
            return self.unsupported("this function name", span);
        };
        let name = ident.value.to_ascii_lowercase();
        let types = self.arguments(function)?;
        let first = types.first().copied().unwrap_or(Typed::UNKNOWN);
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let printed = if plain { name.clone() } else { printer::quote_identifier(&name) };
        function.name = ObjectName::from(vec![printer::verbatim_ident(printed)]);
        if let Some(now) = current_time(&name) {
            *expr = now.0;
            return Ok(Typed::of(now.1).not_null());
        }
        match name.as_str() {
            // `current_user` and its kin: in memory and files there are no users and no schemas to be in.
            _ if matches!(function.args, FunctionArguments::None) => self.unsupported(&name, span),
            "array_agg" | "age" | "unnest" | "row_to_json" | "array_to_string" | "array_append"
            | "array_remove" | "cardinality" => self.unsupported(&format!("the function {name}()"), span),
            "coalesce" => {
                if let Some(only) = single_argument(function) {
                    *expr = only;
                }
                let known = types.iter().copied().reduce(unify).unwrap_or(Typed::UNKNOWN);
                let nullable = types.iter().all(|typed| typed.nullable);
                Ok(Typed { nullable, origin: Origin::Other, ..known })
            }
            "greatest" | "least" => {
                Ok(Typed { nullable: true, ..types.iter().copied().reduce(unify).unwrap_or(Typed::UNKNOWN) })
            }
            "nullif" | "min" | "max" | "lag" | "lead" | "first_value" | "last_value" | "nth_value"
            | "abs" => Ok(Typed { nullable: true, origin: Origin::Other, ..first }),
            "bool_and" | "every" => Ok(rename(function, "min", ColumnType::Boolean)),
            "bool_or" => Ok(rename(function, "max", ColumnType::Boolean)),
            "sum" | "avg" => Ok(sum(function, &name, first)),
            "round" | "trunc" => {
                let column_type =
                    first.column_type.filter(|t| *t == ColumnType::Decimal || *t == ColumnType::Integer);
                let function_name = if name == "round" { "phantomdb_round" } else { "phantomdb_trunc" };
                Ok(rename(function, function_name, column_type.unwrap_or(ColumnType::Float)))
            }
            name if name.starts_with("json") => self.json_function(expr, &types),
            _ => Ok(simple(function, &name)),
        }
    }

    /// Functions that build documents or read from them.
    fn json_function(&mut self, expr: &mut Expr, types: &[Typed]) -> Result<Typed> {
        let Expr::Function(function) = expr else { return Ok(Typed::UNKNOWN) };
        let name =
            super::names::last_ident(&function.name).map(|ident| ident.value.clone()).unwrap_or_default();
        match name.as_str() {
            "json_agg" | "jsonb_agg" => {
                as_json_values(function, types);
                rename(function, "json_group_array", ColumnType::Json);
                *expr = build::call("nullif", vec![build::take(expr), printer::literal("[]")]);
                Ok(Typed::of(ColumnType::Json))
            }
            "json_object_agg" | "jsonb_object_agg" => {
                as_json_values(function, types);
                rename(function, "json_group_object", ColumnType::Json);
                *expr = build::call("nullif", vec![build::take(expr), printer::literal("{}")]);
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
                Ok(extract_path(expr, "phantomdb_json_path", ColumnType::Json))
            }
            "json_extract_path_text" | "jsonb_extract_path_text" => {
                Ok(extract_path(expr, "phantomdb_json_path_text", ColumnType::String))
            }
            _ => Ok(simple(function, &name)),
        }
    }

    /// Adapts everything between the parentheses and after them; the answer is the type of each argument.
    fn arguments(&mut self, function: &mut Function) -> Result<Vec<Typed>> {
        let mut types = Vec::new();
        match &mut function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                self.subquery(query)?;
            }
            FunctionArguments::List(list) => {
                for argument in &mut list.args {
                    types.push(self.argument(argument)?);
                }
                for clause in &mut list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(order) => self.order_exprs(order)?,
                        other => {
                            let what = format!("'{other}' in a function call");
                            return self.unsupported(&what, function.name.span());
                        }
                    }
                }
            }
        }
        if let Some(filter) = &mut function.filter {
            self.expr(filter)?;
        }
        if function.null_treatment.is_some() {
            return self.unsupported("IGNORE NULLS", function.name.span());
        }
        if let Some(WindowType::WindowSpec(window)) = &mut function.over {
            self.window(window)?;
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

    pub(super) fn window(&mut self, window: &mut WindowSpec) -> Result<()> {
        self.exprs(&mut window.partition_by)?;
        self.order_exprs(&mut window.order_by)?;
        if let Some(frame) = &mut window.window_frame {
            let bounds = std::iter::once(&mut frame.start_bound).chain(frame.end_bound.as_mut());
            for bound in bounds {
                if let WindowFrameBound::Preceding(Some(expr)) | WindowFrameBound::Following(Some(expr)) =
                    bound
                {
                    self.expr(expr)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn order_exprs(&mut self, order: &mut [OrderByExpr]) -> Result<()> {
        order.iter_mut().try_for_each(|item| self.order_expr(item, None))
    }
}

/// `ceil(x)`, not `ceil(x TO day)`.
fn is_plain(field: &CeilFloorKind) -> bool {
    matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime))
}

fn current_time(name: &str) -> Option<(Expr, ColumnType)> {
    Some(match name {
        "now"
        | "current_timestamp"
        | "localtimestamp"
        | "transaction_timestamp"
        | "statement_timestamp"
        | "clock_timestamp" => (printer::verbatim_expr(NOW), ColumnType::Timestamp),
        "current_date" => (printer::verbatim_expr(TODAY), ColumnType::Date),
        "current_time" | "localtime" => (printer::verbatim_expr(TIME_OF_DAY), ColumnType::Time),
        _ => return None,
    })
}

/// Calls that need another name at most.
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
    function.name = ObjectName::from(vec![printer::verbatim_ident(name)]);
    Typed::of(column_type)
}

/// Sums of decimals are exact; the sum of integers is one.
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

/// Booleans, decimals and documents go into a document as what they are, not as SQLite stores them.
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

fn extract_path(expr: &mut Expr, name: &str, column_type: ColumnType) -> Typed {
    if let Expr::Function(function) = expr {
        let arguments = list_of(function).map(std::mem::take).unwrap_or_default();
        let mut arguments = arguments.into_iter().filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
            _ => None,
        });
        let document = arguments.next().unwrap_or_else(build::null);
        *expr = build::call(name, vec![document, build::call("json_array", arguments.collect())]);
    }
    Typed::of(column_type)
}
