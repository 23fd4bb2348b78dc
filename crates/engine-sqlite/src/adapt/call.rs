//! Function calls. A function is chosen from the table of signatures by the types of its arguments; a few have rules of their
//! own.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{literal, verbatim_expr, verbatim_ident},
    typing::{Kind, Resolved, Type, Unresolved, function_names, functions, resolve, unsupported},
};
use sqlparser::{
    ast::{
        DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
        FunctionArgumentList, FunctionArguments, ObjectName, OrderByExpr, OrderByOptions, Spanned,
        WindowFrame, WindowFrameBound, WindowSpec, WindowType,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    compare::extreme,
    converted::{comparable, conversion},
    groups::is_aggregate,
    named_arguments,
    operators::{call_of, converted_arguments, result_of, with_defaults},
    special_form::normalization_form,
    typed::{Typed, unify},
};
use crate::stored::{NOW, TIME_OF_DAY, TODAY};

impl Adapter<'_> {
    pub(super) fn function(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::Function(function) = expr else { return Ok(Typed::OTHER) };
        let Some(ident) = last_ident(&function.name) else {
            return self.unsupported("this function name", span);
        };
        let name = synonym(&ident.value.to_ascii_lowercase()).to_owned();
        if let Some((now, data_type)) = current_time(&name) {
            self.refuse_aggregate_clauses(function, &name, span)?;
            *expr = now;
            return Ok(Typed::of(data_type).not_null());
        }
        // `current_user`, `current_schema` and the like. The engine has neither users nor a current schema.
        if matches!(function.args, FunctionArguments::None) {
            return self.unsupported(&name, span);
        }
        if name == "array" && matches!(function.args, FunctionArguments::Subquery(_)) {
            let with_clauses = function.filter.is_some() || function.over.is_some();
            self.refuse(&[(with_clauses, "ARRAY() as an aggregate")], || span)?;
            return self.array_of_query(expr);
        }
        if name == "normalize" {
            normalization_form(function);
        }
        // Nor may a function that returns rows stand in an aggregate, or in COALESCE.
        let without_sets = name == "coalesce" || function.over.is_some() || is_aggregate(function);
        let sets = if without_sets { self.sets.take() } else { None };
        named_arguments::place(&name, function);
        let types = self.function_parts(function, span);
        if without_sets {
            self.sets = sets;
        }
        let types = types?;
        self.named_call(expr, &name, &types).map_err(|error| self.at(error, span))
    }

    fn named_call(&mut self, expr: &mut Expr, name: &str, types: &[Typed]) -> Result<Typed> {
        let span = expr.span();
        let Expr::Function(function) = expr else { return Ok(Typed::OTHER) };
        match name {
            "coalesce" | "nullif" | "greatest" | "least" | "typeof" => {
                self.refuse_aggregate_clauses(function, name, span)?;
                let arguments = take_arguments(function);
                let (value, typed) = self.conditional(name, arguments, types)?;
                *expr = value;
                Ok(typed)
            }
            "count" => Ok(count(function, types)),
            "min" | "max" => extreme_of_rows(function, name, types),
            "row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile" | "lag"
            | "lead" | "first_value" | "last_value" | "nth_value"
                if function.within_group.is_empty() =>
            {
                self.window_function(function, name, types)
            }
            "phantomdb_created" => {
                function.name = ObjectName::from(vec![verbatim_ident(name)]);
                Ok(Typed::of(Type::Boolean).not_null())
            }
            _ => self.table_call(expr, name, types),
        }
    }

    /// COALESCE, NULLIF, GREATEST, LEAST, which unify their arguments, and the type of a value.
    fn conditional(&self, name: &str, mut arguments: Vec<Expr>, types: &[Typed]) -> Result<(Expr, Typed)> {
        let upper = name.to_ascii_uppercase();
        if arguments.is_empty() {
            return Err(unknown_function(name, types));
        }
        if name == "typeof" {
            let shown = literal(types.first().map_or_else(String::new, |typed| typed.data_type.name()));
            return Ok((shown, Typed::of(Type::Text)));
        }
        if name == "nullif" {
            let (&[a, b], [left, right]) = (types, arguments.as_mut_slice()) else {
                return Err(unknown_function(name, types));
            };
            let original = left.clone();
            self.align(left, a, right, b, &sqlparser::ast::BinaryOperator::Eq)?;
            let typed = Typed { nullable: true, ..a.computed() };
            let typed = if typed.is_unknown() { Typed::of(Type::Text) } else { typed };
            if *left == original {
                return Ok((build::call(name, arguments), typed));
            }
            let equal =
                build::binary(build::take(left), sqlparser::ast::BinaryOperator::Eq, build::take(right));
            return Ok((build::call("iif", vec![equal, build::null(), original]), typed));
        }
        let values = arguments.iter_mut().zip(types.iter().copied()).collect();
        let unified = self.unified(values, types, &upper)?;
        let value = match (name, arguments.len()) {
            // SQLite wants two arguments.
            ("coalesce", 1) => arguments.remove(0),
            ("coalesce", _) => build::call("coalesce", arguments),
            ("greatest", _) => extreme("phantomdb_greatest", unified, arguments),
            _ => extreme("phantomdb_least", unified, arguments),
        };
        let nullable = types.iter().all(|typed| typed.nullable);
        Ok((value, Typed { nullable, ..unified }))
    }

    /// A function of the table of signatures.
    fn table_call(&mut self, expr: &mut Expr, name: &str, types: &[Typed]) -> Result<Typed> {
        let span = expr.span();
        let Expr::Function(function) = expr else { return Ok(Typed::OTHER) };
        let is_window = function.over.is_some();
        let is_ordered = !function.within_group.is_empty();
        if is_ordered && !functions(name).any(|row| row.ordered > 0) {
            return self.unsupported(&format!("WITHIN GROUP after {name}()"), span);
        }
        let resolved = chosen(name, &argument_types(name, types))?;
        let is_aggregate = matches!(resolved.signature.kind, Kind::Aggregate | Kind::Window);
        if !is_aggregate {
            let what = format!("{name}() as an aggregate");
            let with_clauses = function.filter.is_some() || is_window || has_clauses(function);
            self.refuse(&[(with_clauses, what.as_str())], || span)?;
        }
        let mut arguments = take_arguments(function);
        let mut all_types = types.to_vec();
        if let ("round" | "trunc", [first, _], [value, _]) =
            (name, all_types.as_mut_slice(), arguments.as_mut_slice())
            && matches!(first.data_type, Type::Real | Type::Double)
        {
            // PostgreSQL has these functions with a number of decimals for `numeric` only.
            *value = conversion(build::take(value), *first, Type::Numeric)?;
            first.data_type = Type::Numeric;
        }
        let resolved = with_defaults(resolved, &mut arguments, &mut all_types);
        if is_aggregate {
            return self.aggregate(expr, &resolved, arguments, &all_types);
        }
        let (value, typed) = call_of(&resolved, arguments, &all_types)?;
        let (value, typed) = if resolved.signature.kind == Kind::Set {
            self.set_in_columns(&resolved, value, typed)?
        } else {
            (value, typed)
        };
        *expr = value;
        Ok(typed)
    }

    /// An aggregate, which keeps DISTINCT, ORDER BY, FILTER and OVER.
    fn aggregate(
        &mut self,
        expr: &mut Expr,
        resolved: &Resolved,
        arguments: Vec<Expr>,
        types: &[Typed],
    ) -> Result<Typed> {
        let Expr::Function(function) = expr else { return Ok(Typed::OTHER) };
        let name = resolved.signature.name;
        let mut arguments = converted_arguments(resolved, arguments, types)?;
        let within = std::mem::take(&mut function.within_group);
        if within.len() != resolved.signature.ordered {
            return Err(Error::new(
                ErrorCode::SyntaxError,
                format!("{name}() takes {} expressions in WITHIN GROUP", resolved.signature.ordered),
            ));
        }
        let FunctionArguments::List(FunctionArgumentList { duplicate_treatment, args, clauses }) =
            &mut function.args
        else {
            return Ok(Typed::OTHER);
        };
        let distinct = *duplicate_treatment == Some(DuplicateTreatment::Distinct);
        *duplicate_treatment = duplicate_treatment.filter(|_| distinct);
        if !within.is_empty() {
            let order = within
                .into_iter()
                .zip(arguments.iter().rev())
                .map(|(item, argument)| OrderByExpr { expr: argument.clone(), ..item });
            clauses.push(FunctionArgumentClause::OrderBy(order.collect()));
        }
        if distinct && let Some(first) = arguments.first_mut() {
            let collated = Typed {
                data_type: resolved.arguments.first().copied().unwrap_or(Type::Other),
                ..types[0].computed()
            };
            *first = comparable(build::take(first), collated);
            for clause in clauses.iter_mut() {
                if let FunctionArgumentClause::OrderBy(items) = clause
                    && items.iter().any(|item| !same(&item.expr, first))
                {
                    let message = "ORDER BY in an aggregate with DISTINCT takes the argument itself only";
                    return Err(Error::new(ErrorCode::SyntaxError, message));
                }
                clause_over(clause, first);
            }
            // PostgreSQL sorts the values to find equal ones, so they come in their order.
            if clauses.is_empty() && resolved.signature.ordered == 0 {
                let order = ordered_by(first.clone());
                clauses.push(FunctionArgumentClause::OrderBy(vec![order]));
            }
        }
        // SQLite takes DISTINCT for one argument only.
        let separator =
            (distinct && arguments.len() == 2 && name == "string_agg").then(|| arguments.pop()).flatten();
        *args = arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
        let body = if separator.is_some() { "phantomdb_distinct_texts" } else { resolved.signature.sqlite };
        function.name = ObjectName::from(vec![verbatim_ident(body)]);
        if let Some(separator) = separator {
            *expr = build::call("phantomdb_join_texts", vec![build::take(expr), separator]);
        }
        Ok(result_of(resolved, types))
    }

    /// A window function that SQLite has.
    fn window_function(&mut self, function: &mut Function, name: &str, types: &[Typed]) -> Result<Typed> {
        function.name = ObjectName::from(vec![verbatim_ident(name)]);
        if function.over.is_none() {
            return Err(Error::new(ErrorCode::SyntaxError, format!("{name}() needs OVER")));
        }
        let first = types.first().copied().unwrap_or(Typed::OTHER);
        Ok(match name {
            "row_number" | "rank" | "dense_rank" => Typed::of(Type::BigInt).not_null(),
            "ntile" => Typed::of(Type::Integer),
            "percent_rank" | "cume_dist" => Typed::of(Type::Double).not_null(),
            "lag" | "lead" if types.len() == 3 => {
                let Some(unified) = unify(&[first, types[2]]) else {
                    return Err(unknown_function(name, types));
                };
                for (index, argument) in expressions(function).into_iter().enumerate() {
                    if index != 1 {
                        *argument = conversion(build::take(argument), types[index], unified.data_type)?;
                    }
                }
                Typed { nullable: true, ..unified }
            }
            _ => Typed { nullable: true, ..first.computed() },
        })
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
                (*uses_odbc_syntax, "a call in braces"),
                (!matches!(parameters, FunctionArguments::None), "a function with two lists of arguments"),
                (null_treatment.is_some(), "IGNORE NULLS"),
            ],
            || span,
        )?;
        let mut types = self.arguments(args, span)?;
        for item in within_group {
            types.push(self.expr(&mut item.expr)?);
        }
        if let Some(filter) = filter {
            let typed = self.expr(filter)?;
            self.condition(filter, typed)?;
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
        let is_star =
            |argument: &FunctionArg| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
        let mut types = Vec::with_capacity(args.len());
        for argument in args.iter_mut().filter(|argument| !is_star(argument)) {
            types.push(self.argument(argument)?);
        }
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
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(Typed::OTHER),
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
        for expr in partition_by {
            let typed = self.expr(expr)?;
            *expr = comparable(build::take(expr), typed);
        }
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
fn current_time(name: &str) -> Option<(Expr, Type)> {
    Some(match name {
        "now"
        | "current_timestamp"
        | "localtimestamp"
        | "transaction_timestamp"
        | "statement_timestamp"
        | "clock_timestamp" => (verbatim_expr(NOW), Type::TimestampTz),
        "current_date" => (verbatim_expr(TODAY), Type::Date),
        "current_time" | "localtime" => (verbatim_expr(TIME_OF_DAY), Type::Time),
        _ => return None,
    })
}

/// The name in the table of a function that has another one here.
pub(super) fn synonym(name: &str) -> &str {
    match name {
        "uuid_generate_v4" | "uuid_generate_v1" => "gen_random_uuid",
        "instr" => "strpos",
        "char" => "chr",
        "unicode" => "ascii",
        "ifnull" => "coalesce",
        "group_concat" => "string_agg",
        "pg_typeof" => "typeof",
        "ceiling" => "ceil",
        "pow" => "power",
        "every" => "bool_and",
        "char_length" | "character_length" => "length",
        "substr" => "substring",
        // A document is a `jsonb` everywhere.
        "json_typeof" => "jsonb_typeof",
        "json_array_length" => "jsonb_array_length",
        "json_extract_path" => "jsonb_extract_path",
        "json_extract_path_text" => "jsonb_extract_path_text",
        "json_set" => "jsonb_set",
        "json_each" => "jsonb_each",
        "json_each_text" => "jsonb_each_text",
        "json_array_elements" => "jsonb_array_elements",
        "json_array_elements_text" => "jsonb_array_elements_text",
        "json_object_keys" => "jsonb_object_keys",
        other => other,
    }
}

/// The types of the arguments, with what PhantomDB SQL converts before it looks for a function.
fn argument_types(name: &str, types: &[Typed]) -> Vec<Typed> {
    let mut types = types.to_vec();
    match (name, types.as_mut_slice()) {
        // The deviation of any numbers is a float.
        ("stddev" | "stddev_samp" | "stddev_pop" | "variance" | "var_samp" | "var_pop", [only])
            if only.data_type.is_number() =>
        {
            only.data_type = Type::Double;
        }
        ("round" | "trunc", [first, _]) if matches!(first.data_type, Type::Real | Type::Double) => {
            first.data_type = Type::Numeric;
        }
        _ => {}
    }
    types
}

/// The function of the table for arguments of these types.
fn chosen(name: &str, types: &[Typed]) -> Result<Resolved> {
    let given: Vec<Type> = types.iter().map(|typed| typed.data_type).collect();
    match resolve(functions(name), &given, false) {
        Ok(resolved) => Ok(resolved),
        // The types of a table that another program made are not known, so any function may be meant.
        Err(why) if given.contains(&Type::Other) => {
            let texts: Vec<Type> = given
                .iter()
                .map(|given| if *given == Type::Other { Type::Unknown } else { *given })
                .collect();
            resolve(functions(name), &texts, false).map_err(|_| refused(name, types, why))
        }
        Err(why) => Err(refused(name, types, why)),
    }
}

fn refused(name: &str, types: &[Typed], why: Unresolved) -> Error {
    if why == Unresolved::Ambiguous {
        let message =
            format!("{}: several functions take such arguments; cast them", signature_text(name, types));
        return Error::new(ErrorCode::TypeMismatch, message);
    }
    unknown_function(name, types)
}

fn signature_text(name: &str, types: &[Typed]) -> String {
    let shown: Vec<String> = types.iter().map(|typed| typed.data_type.name()).collect();
    format!("{name}({})", shown.join(", "))
}

/// The error for a call that no function of the table takes.
pub(super) fn unknown_function(name: &str, types: &[Typed]) -> Error {
    if functions(name).next().is_some() {
        let message = format!(
            "there is no function {}; cast the arguments to the types that {name}() takes",
            signature_text(name, types)
        );
        return Error::new(ErrorCode::UnknownFunction, message);
    }
    if let Some(reason) = unsupported(name) {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return Error::unsupported(format!(
            "the function {name}() is not supported on SQLite{reason}; a statement with {{ native: true }} can call SQLite's own functions"
        ));
    }
    let nearest = nearest(name).map(|near| format!("; the nearest is {near}()")).unwrap_or_default();
    Error::new(
        ErrorCode::UnknownFunction,
        format!(
            "there is no function {name}(){nearest}; a statement with {{ native: true }} can call SQLite's own functions"
        ),
    )
}

/// The function whose name is most like another.
fn nearest(name: &str) -> Option<&'static str> {
    let limit = (name.chars().count() / 3).max(1);
    function_names()
        .filter(|known| !known.starts_with("phantomdb"))
        .map(|known| (distance(name, known), known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

/// The number of letters to change, add or leave out to make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// COUNT. A value is counted by the collation that its type compares with.
fn count(function: &mut Function, types: &[Typed]) -> Typed {
    function.name = ObjectName::from(vec![verbatim_ident("count")]);
    if let Some(typed) = types.first()
        && let Some(argument) = expressions(function).into_iter().next()
    {
        *argument = comparable(build::take(argument), *typed);
    }
    Typed::of(Type::BigInt).not_null()
}

/// MIN and MAX of the rows of a group.
fn extreme_of_rows(function: &mut Function, name: &str, types: &[Typed]) -> Result<Typed> {
    let &[typed] = types else { return Err(unknown_function(name, types)) };
    if matches!(typed.data_type, Type::Boolean | Type::Json | Type::Jsonb | Type::Uuid | Type::Record) {
        return Err(unknown_function(name, types));
    }
    function.name = ObjectName::from(vec![verbatim_ident(name)]);
    if let Some(argument) = expressions(function).into_iter().next() {
        *argument = comparable(build::take(argument), typed);
    }
    let typed = if typed.is_unknown() { Typed::of(Type::Text) } else { typed };
    Ok(Typed { nullable: true, ..typed.computed() })
}

/// True for the same expression, with a collation or without.
fn same(a: &Expr, b: &Expr) -> bool {
    fn bare(expr: &Expr) -> &Expr {
        match build::unnested(expr) {
            Expr::Collate { expr, collation: _ } => bare(expr),
            other => other,
        }
    }
    bare(a) == bare(b)
}

/// Makes ORDER BY in a call sort by the argument as SQLite has it: it wants the very same expression beside DISTINCT.
fn clause_over(clause: &mut FunctionArgumentClause, argument: &Expr) {
    if let FunctionArgumentClause::OrderBy(items) = clause {
        for item in items {
            item.expr = argument.clone();
        }
    }
}

fn ordered_by(expr: Expr) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { sort: None, nulls_first: Some(false) }, with_fill: None }
}

/// True when the list of arguments has DISTINCT or clauses of an aggregate.
fn has_clauses(function: &Function) -> bool {
    match &function.args {
        FunctionArguments::List(FunctionArgumentList { duplicate_treatment, args: _, clauses }) => {
            duplicate_treatment.is_some() || !clauses.is_empty()
        }
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    }
}

fn take_arguments(function: &mut Function) -> Vec<Expr> {
    let within: Vec<Expr> = function.within_group.iter().map(|item| item.expr.clone()).collect();
    expressions(function).into_iter().map(build::take).chain(within).collect()
}

/// The arguments of a call that are expressions.
fn expressions(function: &mut Function) -> Vec<&mut Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return Vec::new() };
    list.args
        .iter_mut()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}
