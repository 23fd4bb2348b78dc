//! Function calls: functions that PostgreSQL lacks, or has for fewer types of arguments.

use phantomdb_protocol::Result;
use phantomdb_sql::{
    build::{take, unnested},
    condition::is_condition,
    names::last_ident,
    printer::{literal, quote_identifier, verbatim_expr, verbatim_ident},
};
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments,
    ObjectName, Spanned, Value, ValueWithSpan,
};

use super::{
    adapter::Adapter,
    cast::cast,
    function::{expressions, function_name, name_and_arguments},
    known_functions::is_known,
    other_sessions::refuse_function,
    session_change::refuse_session_function,
};

/// How a function is written for PostgreSQL: its name there, and the types that its first arguments are cast to.
struct FunctionRewrite {
    name: &'static str,
    arguments: &'static [Option<&'static str>],
}

/// How the function of this name is written; none when it stays as it is.
fn rewrite(name: &str) -> Option<FunctionRewrite> {
    const TEXT: Option<&str> = Some("text");
    const DOCUMENT: Option<&str> = Some("jsonb");
    const NUMBER: Option<&str> = Some("float8");
    let (name, arguments): (_, &[_]) = match name {
        "uuid_generate_v4" | "uuid_generate_v1" => ("gen_random_uuid", &[]),
        "instr" => ("strpos", &[]),
        "char" => ("chr", &[]),
        "unicode" => ("ascii", &[]),
        "ifnull" => ("coalesce", &[]),
        "string_agg" | "group_concat" => ("string_agg", &[TEXT, TEXT]),
        "json_typeof" | "jsonb_typeof" => ("jsonb_typeof", &[DOCUMENT]),
        "json_array_length" | "jsonb_array_length" => ("jsonb_array_length", &[DOCUMENT]),
        "json_array_elements" => ("jsonb_array_elements", &[DOCUMENT]),
        "json_array_elements_text" => ("jsonb_array_elements_text", &[DOCUMENT]),
        "json_object_keys" => ("jsonb_object_keys", &[DOCUMENT]),
        "json_each" => ("jsonb_each", &[DOCUMENT]),
        "json_each_text" => ("jsonb_each_text", &[DOCUMENT]),
        "json_extract_path" | "jsonb_extract_path" => ("jsonb_extract_path", &[DOCUMENT]),
        "json_extract_path_text" | "jsonb_extract_path_text" => ("jsonb_extract_path_text", &[DOCUMENT]),
        // These are floats, whatever the numbers are.
        "stddev" => ("stddev", &[NUMBER]),
        "stddev_pop" => ("stddev_pop", &[NUMBER]),
        "stddev_samp" => ("stddev_samp", &[NUMBER]),
        "var_pop" => ("var_pop", &[NUMBER]),
        "var_samp" => ("var_samp", &[NUMBER]),
        "variance" => ("variance", &[NUMBER]),
        "json_set" | "jsonb_set" => ("jsonb_set", &[DOCUMENT, None, DOCUMENT]),
        "typeof" => ("pg_typeof", &[]),
        _ => return None,
    };
    Some(FunctionRewrite { name, arguments })
}

/// True when the call is rewritten so that its column would get another name.
pub(crate) fn is_renamed(name: &str) -> bool {
    name == "phantomdb_created"
        || current_time(name).is_some()
        || name == "typeof"
        || rewrite(name).is_some_and(|rewrite| rewrite.name != name)
}

/// The name in PostgreSQL of a function that returns rows.
pub(crate) fn set_function(name: &str) -> String {
    match name {
        "json_each" => "jsonb_each".to_owned(),
        "json_each_text" => "jsonb_each_text".to_owned(),
        "json_array_elements" => "jsonb_array_elements".to_owned(),
        "json_array_elements_text" => "jsonb_array_elements_text".to_owned(),
        "json_object_keys" => "jsonb_object_keys".to_owned(),
        "json_to_record" => "jsonb_to_record".to_owned(),
        "json_to_recordset" => "jsonb_to_recordset".to_owned(),
        name if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => name.to_owned(),
        name => quote_identifier(name),
    }
}

impl Adapter<'_> {
    /// Notes what the function of a call may do. `is_local` tells whether its third argument is the word `true`.
    pub(crate) fn note_call(&mut self, function: &ObjectName, is_local: bool) -> Result<()> {
        let mut parts = function.0.iter().rev().map(|part| part.as_ident());
        let Some(name) = parts.next().flatten() else {
            self.unknown_functions.push(function.to_string());
            self.session.add_change();
            return Ok(());
        };
        let name =
            if name.quote_style.is_none() { name.value.to_ascii_lowercase() } else { name.value.clone() };
        let schema = parts.next().map(|part| part.map_or("", |ident| ident.value.as_str()));
        let refused = refuse_session_function(&name, is_local).and_then(|()| refuse_function(&name));
        refused.map_err(|error| self.source.at(error, function.span()))?;
        if schema.is_some_and(|schema| schema != "pg_catalog") || !is_known(&name) {
            self.unknown_functions.push(name.clone());
        }
        self.session.add_call(schema, &name);
        Ok(())
    }

    /// Writes a call in the way in which PostgreSQL knows the function.
    pub(crate) fn call(&mut self, expr: &mut Expr) -> Result<()> {
        let Expr::Function(call) = expr else { return Ok(()) };
        let (function, arguments) = name_and_arguments(call);
        let Some(ident) = last_ident(function) else { return Ok(()) };
        let name = ident.value.to_ascii_lowercase();
        let third =
            expressions(arguments).and_then(|mut arguments| arguments.get_mut(2).map(|third| is_true(third)));
        self.note_call(function, third == Some(true))?;
        if function.0.len() > 1 {
            return Ok(());
        }
        if let Some(now) = current_time(&name) {
            *expr = verbatim_expr(now);
            return Ok(());
        }
        if name == "phantomdb_created" {
            // A row that existed was locked before it was changed, and `xmax` is the transaction that locked it.
            *expr = verbatim_expr(if self.traits.has_xmax { "(xmax = 0)" } else { "NULL::bool" });
            return Ok(());
        }
        if matches!(name.as_str(), "round" | "trunc")
            && let Some([value, _]) = expressions(arguments).as_deref_mut()
        {
            // PostgreSQL has this function for `numeric` only.
            **value = cast(take(value), "numeric");
        }
        if name == "normalize"
            && let Some([_, form]) = expressions(arguments).as_deref_mut()
            && let Some(word) = normalization_form(form)
        {
            **form = verbatim_expr(word);
        }
        if name == "sum"
            && let Some([value]) = expressions(arguments).as_deref_mut()
            && is_condition(value)
        {
            **value = cast(take(value), "int4");
        }
        if let Some(rewrite) = rewrite(&name) {
            *function = ObjectName::from(vec![verbatim_ident(rewrite.name)]);
            if name == "group_concat"
                && let FunctionArguments::List(list) = &mut *arguments
                && list.args.len() == 1
            {
                list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(literal(","))));
            }
            let targets = rewrite.arguments.iter();
            let mut replaced = Vec::new();
            for (argument, target) in expressions(arguments).into_iter().flatten().zip(targets) {
                if let Some(target) = target {
                    let written = take(argument);
                    *argument = cast(written.clone(), target);
                    replaced.push((written, argument.clone()));
                }
            }
            replace_in_order(arguments, &replaced);
        }
        if matches!(name.as_str(), "typeof" | "pg_typeof") {
            // A `regtype` travels as a number.
            *expr = cast(take(expr), "text");
        }
        Ok(())
    }
}

/// True for `pg_typeof(…)` as it was rewritten: the name of a type.
pub(crate) fn is_type_name(expr: &Expr) -> bool {
    match unnested(expr) {
        Expr::Cast { kind: _, expr, data_type: _, format: _ } => {
            matches!(expr.as_ref(), Expr::Function(call) if function_name(call).as_deref() == Some("pg_typeof"))
        }
        _ => false,
    }
}

/// True for the word `true`.
pub(crate) fn is_true(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Boolean(true), span: _ }))
}

/// The current time with milliseconds, as PhantomDB's types have it.
fn current_time(name: &str) -> Option<&'static str> {
    Some(match name {
        "now" | "current_timestamp" | "transaction_timestamp" | "localtimestamp" => "current_timestamp(3)",
        "statement_timestamp" => "statement_timestamp()::timestamptz(3)",
        "clock_timestamp" => "clock_timestamp()::timestamptz(3)",
        "current_time" | "localtime" => "localtime(3)",
        _ => return None,
    })
}

/// The form that `normalize` names, which PostgreSQL's grammar takes as a word only.
fn normalization_form(form: &Expr) -> Option<&'static str> {
    let text = match form {
        Expr::Identifier(word) if word.quote_style.is_none() => word.value.as_str(),
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span: _ }) => text.as_str(),
        _ => return None,
    };
    ["NFC", "NFD", "NFKC", "NFKD"].into_iter().find(|form| form.eq_ignore_ascii_case(text))
}

/// Casts in ORDER BY what was cast in the arguments: beside DISTINCT, PostgreSQL sorts by arguments only.
fn replace_in_order(arguments: &mut FunctionArguments, replaced: &[(Expr, Expr)]) {
    let FunctionArguments::List(FunctionArgumentList { duplicate_treatment: Some(_), args: _, clauses }) =
        arguments
    else {
        return;
    };
    for clause in clauses {
        if let FunctionArgumentClause::OrderBy(items) = clause {
            for item in items {
                if let Some((_, cast)) = replaced.iter().find(|(written, _)| *written == item.expr) {
                    item.expr = cast.clone();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_whole_name() {
        for name in ["abs", "count", "json_agg", "phantomdb_created", "version"] {
            assert!(is_known(name) && !is_known(&name[1..]), "{name}");
        }
    }
}
