//! What the text of a statement says before it is sent: how its parameters are written, and whether it only reads.

use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use hashlink::LruCache;
use phantomdb_protocol::Value;
use phantomdb_sql::{
    PhantomDialect,
    insert_rows::row_of,
    parse::{self, Parsed},
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyMapping, PyTuple},
};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::{bind::value, error::raise};

/// The statements whose analysis is kept.
const KEPT: usize = 1_000;
/// Longer statements are not kept: their values are in the text, so the same text is not likely to come again.
const LONGEST_KEPT: usize = 32 << 10;

static ANALYSES: LazyLock<Mutex<LruCache<Box<str>, Arc<Analysis>>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(KEPT)));

/// A statement whose parameters were written in another way, with `$1 … $n`.
struct Numbered {
    sql: String,
    /// The name of each parameter; the number of its mark where marks have no names.
    names: Vec<String>,
}

/// What is known about a text.
pub(crate) struct Analysis {
    sql: Box<str>,
    /// The statement with `?` as its parameters, where it has any.
    marks: Option<Numbered>,
    /// The statement with `:name` as its parameters, where it has any.
    names: Option<Numbered>,
    /// True for a statement that reads rows and has no other effect, so that it means the same outside of a transaction
    /// that has not begun yet, and may be repeated.
    pub(crate) only_reads: bool,
    takes_rows: OnceLock<bool>,
}

impl Analysis {
    pub(crate) fn of(sql: &str) -> Arc<Self> {
        let mut kept = ANALYSES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(sql) {
            return Arc::clone(known);
        }
        let analysis = Arc::new(Self::new(sql));
        if sql.len() <= LONGEST_KEPT {
            kept.insert(sql.into(), Arc::clone(&analysis));
        }
        analysis
    }

    fn new(sql: &str) -> Self {
        // The server says what is wrong with a text that is none.
        let tokens = Tokenizer::new(&PhantomDialect, sql).tokenize_with_location().unwrap_or_default();
        let is_number =
            |token: &TokenWithSpan| matches!(&token.token, Token::Placeholder(name) if name.starts_with('$'));
        let has_numbers = tokens.iter().any(is_number);
        Self {
            sql: sql.into(),
            marks: if has_numbers { None } else { numbered(sql, &marks(&tokens)) },
            names: if has_numbers { None } else { numbered(sql, &names(&tokens)) },
            only_reads: only_reads(&tokens),
            takes_rows: OnceLock::new(),
        }
    }

    /// The statement as it is sent, and its values. Raises `ProgrammingError` when they do not fit together.
    pub(crate) fn bind(&self, parameters: Option<&Bound<'_, PyAny>>) -> PyResult<(&str, Vec<Value>)> {
        let Some(given) = parameters.filter(|given| !given.is_none()) else {
            return Ok((&self.sql, Vec::new()));
        };
        // Python takes long to find out that a tuple is no mapping, so the usual classes come first.
        let values: Vec<Value> = if let Ok(tuple) = given.cast::<PyTuple>() {
            tuple.iter_borrowed().map(|item| value(&item)).collect::<PyResult<_>>()?
        } else if let Ok(list) = given.cast::<PyList>() {
            list.iter().map(|item| value(&item)).collect::<PyResult<_>>()?
        } else if let Ok(mapping) = given.cast::<PyMapping>() {
            return self.bind_names(mapping);
        } else {
            given.try_iter()?.map(|item| value(&item?)).collect::<PyResult<_>>()?
        };
        match &self.marks {
            Some(marks) if !values.is_empty() => {
                if marks.names.len() != values.len() {
                    let message = format!(
                        "the statement has {} parameters, and {} are given",
                        marks.names.len(),
                        values.len()
                    );
                    return Err(raise(given.py(), "ProgrammingError", message));
                }
                Ok((&marks.sql, values))
            }
            _ => Ok((&self.sql, values)),
        }
    }

    fn bind_names(&self, mapping: &Bound<'_, PyMapping>) -> PyResult<(&str, Vec<Value>)> {
        let Some(named) = &self.names else { return Ok((&self.sql, Vec::new())) };
        let py = mapping.py();
        let missing =
            |name: &str| raise(py, "ProgrammingError", format!("the parameter :{name} has no value"));
        let find = |name: &String| {
            let found = match mapping.cast::<PyDict>() {
                Ok(dict) => dict.get_item(name)?,
                Err(_) => mapping.contains(name)?.then(|| mapping.get_item(name)).transpose()?,
            };
            value(&found.ok_or_else(|| missing(name))?)
        };
        Ok((&named.sql, named.names.iter().map(find).collect::<PyResult<_>>()?))
    }

    /// The statement with its parameters as `$1 … $n`, and the names of the parameters where they have some.
    pub(crate) fn numbered(&self) -> (&str, Option<&[String]>) {
        match (&self.marks, &self.names) {
            (Some(marks), _) => (&marks.sql, None),
            (None, Some(named)) => (&named.sql, Some(&named.names)),
            (None, None) => (&self.sql, None),
        }
    }

    /// True for an INSERT of one row that has every parameter, which can be sent once with many rows.
    pub(crate) fn takes_rows(&self, sql: &str) -> bool {
        *self.takes_rows.get_or_init(|| {
            let parsed = parse::tokens(sql).and_then(|tokens| parse::statement(sql, tokens));
            match parsed {
                Ok(Parsed::Statement { mut statement, conflict: _ }) => row_of(&mut statement).is_some(),
                _ => false,
            }
        })
    }
}

/// The statement with its parameters as `$1 … $n`, and the names of the parameters where they have some.
#[pyfunction]
pub(crate) fn numbered_statement(sql: &str) -> (String, Option<Vec<String>>) {
    let analysis = Analysis::of(sql);
    let (text, names) = analysis.numbered();
    (text.to_owned(), names.map(<[String]>::to_vec))
}

/// A part of the text to replace.
struct Mark {
    start: Location,
    end: Location,
    /// The name of the parameter; none for a mark that stands for the operator `?`.
    name: Option<String>,
}

/// The parameters written as `?`. Two of them in a row are the operator.
fn marks(tokens: &[TokenWithSpan]) -> Vec<Mark> {
    let is_mark = |token: &TokenWithSpan| match &token.token {
        Token::Placeholder(name) => name == "?",
        other => *other == Token::Question,
    };
    let mut marks: Vec<Mark> = Vec::new();
    let mut count = 0_usize;
    for token in tokens.iter().filter(|token| is_mark(token)) {
        match marks.last_mut() {
            Some(last) if last.end == token.span.start && last.name.is_some() => {
                count -= 1;
                (last.end, last.name) = (token.span.end, None);
            }
            _ => {
                count += 1;
                marks.push(Mark {
                    start: token.span.start,
                    end: token.span.end,
                    name: Some(count.to_string()),
                });
            }
        }
    }
    if count == 0 { Vec::new() } else { marks }
}

/// The parameters written as `:name`.
fn names(tokens: &[TokenWithSpan]) -> Vec<Mark> {
    let pairs = tokens.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [colon, word] if colon.token == Token::Colon && colon.span.end == word.span.start => match &word
                .token
            {
                Token::Word(name) if name.quote_style.is_none() => {
                    Some(Mark { start: colon.span.start, end: word.span.end, name: Some(name.value.clone()) })
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The text with numbers in the place of these marks; none when there are no marks.
fn numbered(sql: &str, marks: &[Mark]) -> Option<Numbered> {
    if marks.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(sql.len() + marks.len());
    let mut names: Vec<String> = Vec::new();
    let mut marks = marks.iter().peekable();
    let mut at = Location { line: 1, column: 1 };
    let mut skipping_until = None;
    for character in sql.chars() {
        if skipping_until == Some(at) {
            skipping_until = None;
        }
        if let Some(mark) = marks.next_if(|mark| mark.start == at) {
            skipping_until = Some(mark.end);
            match &mark.name {
                None => text.push('?'),
                Some(name) => {
                    let known = names.iter().position(|other| other == name);
                    let index = known.unwrap_or_else(|| {
                        names.push(name.clone());
                        names.len() - 1
                    });
                    text.push('$');
                    text.push_str(&(index + 1).to_string());
                }
            }
        }
        if skipping_until.is_none() {
            text.push(character);
        }
        if character == '\n' {
            at = Location { line: at.line + 1, column: 1 };
        } else {
            at.column += 1;
        }
    }
    Some(Numbered { sql: text, names })
}

/// Words that can stand before a parenthesis in a query and call no function that has an effect. Functions of the database
/// itself are unknown here, so a statement that calls another function counts as one that may write. So do those that read
/// the clock, which stands still in a transaction.
const HARMLESS: &[&str] = &[
    "select",
    "from",
    "where",
    "and",
    "or",
    "not",
    "in",
    "exists",
    "any",
    "all",
    "some",
    "on",
    "as",
    "using",
    "having",
    "by",
    "when",
    "then",
    "else",
    "values",
    "union",
    "except",
    "intersect",
    "join",
    "left",
    "over",
    "filter",
    "distinct",
    "between",
    "like",
    "ilike",
    "is",
    "limit",
    "offset",
    "case",
    "cast",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "lower",
    "upper",
    "length",
    "char_length",
    "substring",
    "substr",
    "trim",
    "ltrim",
    "rtrim",
    "btrim",
    "replace",
    "concat",
    "position",
    "abs",
    "round",
    "floor",
    "ceil",
    "ceiling",
    "mod",
    "power",
    "sqrt",
    "sign",
    "extract",
    "date_part",
    "date_trunc",
    "row_number",
    "rank",
    "dense_rank",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "string_agg",
    "array_agg",
    "json_agg",
    "jsonb_agg",
    "varchar",
    "char",
    "numeric",
    "decimal",
    "timestamp",
    "time",
    "interval",
    "with",
    "recursive",
    "partition",
    "order",
    "group",
];

/// Words that make a query do more than read.
const EFFECTS: &[&str] = &[
    "for",
    "into",
    "insert",
    "update",
    "delete",
    "merge",
    "current_timestamp",
    "localtimestamp",
    "current_date",
    "current_time",
    "localtime",
    "current_user",
    "session_user",
    "tablesample",
];

fn only_reads(tokens: &[TokenWithSpan]) -> bool {
    let mut words =
        tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF)).peekable();
    let mut is_first = true;
    while let Some(token) = words.next() {
        let calls = words.peek().is_some_and(|next| next.token == Token::LParen);
        match &token.token {
            Token::Word(word) if word.quote_style.is_none() => {
                let lower = word.value.to_ascii_lowercase();
                let begins_well = !is_first || lower == "select" || lower == "with";
                if !begins_well
                    || EFFECTS.contains(&lower.as_str())
                    || (calls && !HARMLESS.contains(&lower.as_str()))
                {
                    return false;
                }
            }
            // A quoted name before a parenthesis is a function, or a table with a list of columns.
            Token::Word(_) if calls => return false,
            Token::SemiColon => return words.peek().is_none(),
            _ if is_first => return false,
            _ => {}
        }
        is_first = false;
    }
    !is_first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_marks(sql: &str) -> String {
        Analysis::new(sql).marks.map_or_else(|| sql.to_owned(), |marks| marks.sql)
    }

    #[test]
    fn question_marks_become_numbers_and_two_are_the_operator() {
        assert_eq!(with_marks("SELECT ?, 'a?', \"b?\" -- ?\n, ?"), "SELECT $1, 'a?', \"b?\" -- ?\n, $2");
        assert_eq!(with_marks("SELECT d ?? ? FROM t"), "SELECT d ? $1 FROM t");
        assert_eq!(with_marks("SELECT d ? 'a', $1"), "SELECT d ? 'a', $1");
        assert_eq!(with_marks("SELECT 'ä\u{1F600}', ?\r\n, ?"), "SELECT 'ä\u{1F600}', $1\r\n, $2");
    }

    #[test]
    fn names_become_numbers_and_casts_stay() {
        let named = Analysis::new("SELECT :a::int, :b, :a, ':c', x[1:2]").names.unwrap();
        assert_eq!(named.sql, "SELECT $1::int, $2, $1, ':c', x[1:2]");
        assert_eq!(named.names, ["a", "b"]);
    }

    #[test]
    fn a_statement_is_numbered_without_its_values() {
        let numbered = |sql: &str| numbered_statement(sql);
        assert_eq!(numbered("SELECT ?"), ("SELECT $1".to_owned(), None));
        assert_eq!(numbered("SELECT $2, d ? 'a'"), ("SELECT $2, d ? 'a'".to_owned(), None));
        let named = ("SELECT $1".to_owned(), Some(vec!["a".to_owned()]));
        assert_eq!(numbered("SELECT :a"), named);
    }

    #[test]
    fn only_a_query_without_effects_counts_as_one_that_reads() {
        for sql in [
            "SELECT * FROM t WHERE a IN (1, 2) AND lower(b) = $1;",
            "-- a comment\nselect count(*) from (select 1) as x",
            "WITH x AS (SELECT 1) SELECT * FROM x",
        ] {
            assert!(Analysis::new(sql).only_reads, "{sql}");
        }
        for sql in [
            "",
            "INSERT INTO t VALUES (1)",
            "SELECT * FROM t FOR UPDATE",
            "SELECT own_function()",
            "SELECT \"own\"(1)",
            "SELECT now()",
            "SELECT CURRENT_TIMESTAMP",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
            "SELECT 1; DELETE FROM t",
            "(SELECT nextval('s'))",
        ] {
            assert!(!Analysis::new(sql).only_reads, "{sql}");
        }
    }

    #[test]
    fn an_insert_of_one_row_takes_many() {
        let takes = |sql: &str| Analysis::new(sql).takes_rows(sql);
        assert!(takes("INSERT INTO t (a, b) VALUES ($1, $2)"));
        assert!(!takes("INSERT INTO t (a) VALUES ($1), ($2)"));
        assert!(!takes("UPDATE t SET a = $1"));
    }
}
