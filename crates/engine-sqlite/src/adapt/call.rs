//! Function calls. A function is chosen from the table of signatures by the types of its arguments; a few have rules of their
//! own.

use phantomdb_protocol::Result;
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{literal, verbatim_expr, verbatim_ident},
    typing::{Category, Kind, Resolved, Type, functions, resolve, strength},
};
use sqlparser::{
    ast::{
        Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
        FunctionArguments, ObjectName, Spanned, WindowType,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    aggregate::{complete_separator, count, extreme_of_rows, sum_of_conditions},
    arguments::{expressions, is_untyped_literal},
    converted::{conversion, json, text},
    groups::is_aggregate,
    named_arguments,
    operators::{call_of, with_defaults, with_numbers},
    parameter_types::Assumed,
    special_form::normalization_form,
    typed::Typed,
    unknown_call::{refused, undetermined},
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
        match name.as_str() {
            "normalize" => normalization_form(function),
            "string_agg" => complete_separator(function),
            "sum" => sum_of_conditions(function),
            _ => {}
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
            _ if let (Some(to), &[typed]) = (cast_by_name(name, types), types) => {
                self.refuse_aggregate_clauses(function, name, span)?;
                let value = take_arguments(function).pop().unwrap_or_else(build::null);
                *expr = conversion(value, typed, to)?;
                Ok(Typed { nullable: typed.nullable, ..Typed::of(to) })
            }
            _ => self.table_call(expr, name, types),
        }
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
        let mut all_types = types.to_vec();
        if name == "string_agg" {
            // It joins values of any type, as texts.
            for (value, typed) in expressions(function).into_iter().zip(&mut all_types) {
                if !typed.data_type.is_text() && !typed.is_unknown() {
                    *value = text(build::take(value), *typed)?;
                    *typed = Typed { nullable: typed.nullable, ..Typed::of(Type::Text) };
                }
            }
        }
        let types = all_types.as_slice();
        let (resolved, is_assumed) = chosen(name, &argument_types(name, types), self.assumes_numbers())?;
        if is_undetermined(&resolved, types) {
            return Err(undetermined(name, types));
        }
        let is_aggregate = matches!(resolved.signature.kind, Kind::Aggregate | Kind::Window);
        if !is_aggregate {
            let what = format!("{name}() as an aggregate");
            let with_clauses = function.filter.is_some() || is_window || has_clauses(function);
            self.refuse(&[(with_clauses, what.as_str())], || span)?;
        }
        let mut arguments = take_arguments(function);
        let mut all_types = types.to_vec();
        let assumed = Assumed::of(is_assumed, &arguments, types);
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
            let typed = self.aggregate(expr, &resolved, arguments, &all_types)?;
            assumed.note();
            return Ok(typed);
        }
        let (value, typed) = call_of(&resolved, arguments, &all_types)?;
        assumed.note();
        let (value, typed) = if resolved.signature.kind == Kind::Set {
            self.set_in_columns(&resolved, value, typed)?
        } else {
            (value, typed)
        };
        *expr = value;
        Ok(typed)
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
        self.refuse_other_order(list)?;
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
                FunctionArgumentClause::OrderBy(order) => drop(self.order_exprs(order)?),
                other => return self.unsupported(&format!("'{other}' in a function call"), span),
            }
        }
        Ok(types)
    }

    fn argument(&mut self, argument: &mut FunctionArg) -> Result<Typed> {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(values))) => {
                let (row, typed) = self.row_document(std::mem::take(values))?;
                *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(row));
                Ok(typed)
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(Typed::OTHER),
            other => {
                let what = format!("the argument '{other}'");
                self.unsupported(&what, other.span())
            }
        }
    }

    /// `ROW(a, b)` as a document, whose members have PostgreSQL's names for the columns of such a row.
    fn row_document(&mut self, values: Vec<Expr>) -> Result<(Expr, Typed)> {
        let mut fields = Vec::with_capacity(2 * values.len());
        for (mut value, number) in values.into_iter().zip(1..) {
            let typed = self.expr(&mut value)?;
            fields.push(literal(format!("f{number}")));
            fields.push(build::call("json", vec![json(value, typed)?]));
        }
        Ok((build::call("json_object", fields), Typed::of(Type::Record)))
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
        "json_to_record" => "jsonb_to_record",
        "json_to_recordset" => "jsonb_to_recordset",
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
        // A fraction in quotes is one number, and no array of them.
        ("percentile_cont" | "percentile_disc", [first, _]) if is_untyped_literal(first) => {
            first.data_type = Type::Double;
        }
        // The name of a type before a string in quotes is a cast.
        (_, [only]) if is_untyped_literal(only) => {
            if let Some(named) = Type::from_short_name(name) {
                only.data_type = named;
            }
        }
        _ => {}
    }
    types
}

/// The type that a call casts its argument to: `uuid(word)` reads a text as CAST does, where no function has such an argument.
fn cast_by_name(name: &str, types: &[Typed]) -> Option<Type> {
    let &[typed] = types else { return None };
    let to = Type::from_short_name(name).filter(|to| to.category() != Category::Pseudo)?;
    // The casts of a document to a number or a boolean are functions, too.
    let of_document = typed.is(Type::Jsonb) && (to.is_number() || to == Type::Boolean);
    let by_text =
        typed.data_type.is_text() != to.is_text() && typed.data_type.category() != Category::Unknown;
    let is_function = chosen(name, types, true).is_ok();
    ((by_text || of_document) && !is_function && strength(typed.data_type, to).is_some()).then_some(to)
}

/// The function of the table for arguments of these types, and whether a parameter was taken for a number for it, which
/// happens only if the call `assumes_numbers`.
fn chosen(name: &str, types: &[Typed], assumes_numbers: bool) -> Result<(Resolved, bool)> {
    let given: Vec<Type> = types.iter().map(|typed| typed.data_type).collect();
    match resolve(functions(name), &given, false) {
        Ok(resolved) => Ok((resolved, false)),
        Err(why) if assumes_numbers && types.iter().any(|typed| typed.is_parameter()) => {
            let found =
                with_numbers(&given).find_map(|numbers| resolve(functions(name), &numbers, false).ok());
            found.map(|resolved| (resolved, true)).ok_or_else(|| refused(name, types, why))
        }
        // The types of a table that another program made are not known, so any function may be meant.
        Err(why) if given.contains(&Type::Other) => {
            let texts: Vec<Type> = given
                .iter()
                .map(|given| if *given == Type::Other { Type::Unknown } else { *given })
                .collect();
            let found = resolve(functions(name), &texts, false);
            found.map(|resolved| (resolved, false)).map_err(|_| refused(name, types, why))
        }
        Err(why) => Err(refused(name, types, why)),
    }
}

/// True when the arguments that decide what `anyelement` stands for are strings in quotes and NULLs, which have no type. A
/// parameter has the type of its value. `array_agg` and `mode`, which have a row for each type, are no different.
fn is_undetermined(resolved: &Resolved, types: &[Typed]) -> bool {
    let name = resolved.signature.name;
    let by_rows = matches!(name, "array_agg" | "mode" | "percentile_disc");
    let is_document =
        matches!(name, "to_json" | "to_jsonb") || name.ends_with("json_agg") || name.ends_with("jsonb_agg");
    let is_document = is_document || name.ends_with("_agg_strict") && !name.contains("object");
    let last = types.len().saturating_sub(1);
    let decides = |index: usize, declared: Type| match declared {
        Type::AnyElement | Type::AnyArray => true,
        Type::AnyJson => is_document,
        _ => by_rows && index == last,
    };
    let mut deciding = resolved
        .signature
        .arguments
        .iter()
        .zip(types)
        .enumerate()
        .filter(|(index, (declared, _))| decides(*index, **declared))
        .peekable();
    deciding.peek().is_some()
        && deciding.all(|(_, (declared, typed))| match declared {
            // A parameter has no type, either.
            Type::AnyElement | Type::AnyArray | Type::AnyJson => typed.is_unknown(),
            _ => is_untyped_literal(typed),
        })
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
