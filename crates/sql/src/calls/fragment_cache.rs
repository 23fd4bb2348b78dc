//! A cache of parsed pieces of SQL. Lists of columns and orders are found by their text, conditions by their text without
//! its literals, so that a condition on another id costs one look-up.

use std::sync::Arc;

use hashlink::LruCache;
use parking_lot::Mutex;
use phantomdb_protocol::Result;

use crate::calls::{
    fragment::{self, Condition},
    template::{Scanned, Template, scan},
};

/// Pieces of each kind that are kept.
const ENTRIES_MAX: usize = 1_000;
/// A longer piece is parsed each time, so that the cache stays small.
const LENGTH_MAX: usize = 16 * 1024;

type Cache<T> = Mutex<LruCache<String, T>>;

/// Parses pieces of SQL, and keeps what it parsed unless it is [`Fragments::uncached`].
pub struct Fragments(Option<Caches>);

struct Caches {
    /// By the key of the scan. None for a form whose literals the scan does not find as the parser does.
    templates: Cache<Option<Arc<Template>>>,
    /// By their text: the conditions that have no template.
    conditions: Cache<Condition>,
    orders: Cache<Arc<str>>,
    columns: Cache<Arc<str>>,
}

impl Default for Fragments {
    fn default() -> Self {
        Self(Some(Caches { templates: cache(), conditions: cache(), orders: cache(), columns: cache() }))
    }
}

impl Fragments {
    /// For a single call: parses each piece and keeps nothing.
    pub const fn uncached() -> Self {
        Self(None)
    }

    pub fn condition(&self, text: &str) -> Result<Condition> {
        match &self.0 {
            Some(caches) if text.len() <= LENGTH_MAX => caches.condition(text),
            _ => fragment::condition(text).map(Condition::from),
        }
    }

    pub fn order_by(&self, text: &str) -> Result<Arc<str>> {
        let parse = || fragment::order_by(text).map(Arc::from);
        match &self.0 {
            Some(caches) => cached(&caches.orders, text, parse),
            None => parse(),
        }
    }

    pub fn columns(&self, text: &str) -> Result<Arc<str>> {
        let parse = || fragment::columns(text).map(Arc::from);
        match &self.0 {
            Some(caches) => cached(&caches.columns, text, parse),
            None => parse(),
        }
    }
}

impl Caches {
    fn condition(&self, text: &str) -> Result<Condition> {
        let Some(scanned) = scan(text) else { return self.whole_condition(text) };
        let template = self.templates.lock().get(&scanned.key).cloned();
        match template {
            None => self.new_template(text, scanned),
            Some(template) => match template.and_then(|template| template.fill(scanned)) {
                Some(condition) => Ok(condition),
                None => self.whole_condition(text),
            },
        }
    }

    fn new_template(&self, text: &str, scanned: Scanned<'_>) -> Result<Condition> {
        let parsed = fragment::condition(text)?;
        let template = Template::new(text, &scanned, &parsed).map(Arc::new);
        self.templates.lock().insert(scanned.key, template);
        Ok(parsed.into())
    }

    fn whole_condition(&self, text: &str) -> Result<Condition> {
        cached(&self.conditions, text, || fragment::condition(text).map(Condition::from))
    }
}

fn cache<T>() -> Cache<T> {
    Mutex::new(LruCache::new(ENTRIES_MAX))
}

fn cached<T: Clone>(cache: &Cache<T>, text: &str, parse: impl FnOnce() -> Result<T>) -> Result<T> {
    if let Some(piece) = cache.lock().get(text) {
        return Ok(piece.clone());
    }
    let parsed = parse()?;
    if text.len() <= LENGTH_MAX {
        cache.lock().insert(text.to_owned(), parsed.clone());
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::Value;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn conditions_that_differ_in_their_values_share_one_parsed_text() {
        let fragments = Fragments::default();
        let first = fragments.condition("a = 1 AND b = 'x'").unwrap();
        let second = fragments.condition("a = 23 AND b = 'it''s'").unwrap();
        assert!(Arc::ptr_eq(&first.sql, &second.sql));
        assert_eq!(second.literals, [Value::Integer(23), Value::String("it's".into())]);
    }

    #[test]
    fn conditions_with_other_values_where_they_stay_in_the_text_are_told_apart() {
        let fragments = Fragments::default();
        let first = fragments.condition("f(1) = a").unwrap();
        let second = fragments.condition("f(2) = a").unwrap();
        assert_eq!((&*first.sql, &*second.sql), (r#"f(1) = "a""#, r#"f(2) = "a""#));
    }

    /// Literals in every form that a condition can hold, and near misses of them.
    fn literal() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => any::<i32>().prop_map(|n| n.to_string()),
            2 => "[a-z' \\\\%-]{0,6}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
            1 => (any::<i64>(), 0_u32..20).prop_map(|(n, digits)| format!("{n}.{digits}")),
            1 => (0_u64..99, -400_i32..400).prop_map(|(n, exponent)| format!("{n}e{exponent}")),
            1 => any::<i128>().prop_map(|n| n.to_string()),
            1 => "[0-9.eE'\\-x_$ENXU& ]{1,6}",
            1 => prop::sample::select(vec![
                "E'a\\'b'", "$$a'b$$", "N'x'", "X'00ff'", "U&'\\0041'", "NULL", "TRUE", "1.", ".5", "0x1F", "1_000", "+1",
                "- 1", "--1", "-(1)", "'a' 'b'", "'a'\n'b'", "'é'", "'x'::text", "1::int", "TIMESTAMP '2026-01-01'",
                "INTERVAL '1 day'", "DATE '2026-01-01'", "CURRENT_DATE", "9223372036854775807", "9223372036854775808",
                "-9223372036854775808", "1 /* x */", "1 -- x", "$1", "b.c", "\"d'1\"", "`e\"2`", "1e5", "1.5E-3",
                "(SELECT 1 LIMIT 2)", "ARRAY[1, 2]", "'{\"a\":1}'",
            ]).prop_map(str::to_owned),
        ]
    }

    fn comparison() -> impl Strategy<Value = String> {
        let operator = prop::sample::select(vec![
            "=",
            " = ",
            "<",
            " >= ",
            "<>",
            "!=",
            " + ",
            "-",
            " || ",
            " ~ ",
            " !~* ",
            " LIKE ",
            " NOT ILIKE ",
            " -> ",
            " #>> ",
            " @> ",
            " IS DISTINCT FROM ",
            " % ",
            "=-",
            " AT TIME ZONE ",
            "::",
            " ",
        ]);
        let column =
            prop::sample::select(vec!["a", "\"b\"", "`c`", "t.d", "é", "lower(e)", "\"x'\"", "a1", "n"]);
        (column, operator, literal(), literal(), 0..9).prop_map(|(column, operator, one, two, form)| {
            match form {
                0 => format!("{column} IN ({one}, {two})"),
                1 => format!("{column} BETWEEN {one} AND {two}"),
                2 => format!("{column} LIKE {one} ESCAPE {two}"),
                3 => format!("f({one}, {column}){operator}{two}"),
                4 => format!("CASE {column} WHEN {one} THEN {two} END"),
                5 => format!("CAST({one} AS VARCHAR({two})){operator}{column}"),
                6 => format!("{column} IN (SELECT x FROM y WHERE z = {one} LIMIT {two})"),
                _ => format!("{column}{operator}{one}"),
            }
        })
    }

    fn condition() -> impl Strategy<Value = String> {
        comparison().prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} AND {b}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}\nOR {b})")),
                inner.prop_map(|a| format!("NOT ({a})")),
            ]
        })
    }

    /// The condition with other literals: every digit and every letter in a string is another one.
    fn with_other_literals(text: &str) -> String {
        let mut in_string = false;
        text.chars()
            .map(|c| match c {
                '\'' => {
                    in_string = !in_string;
                    c
                }
                '0'..='8' => char::from(c as u8 + 1),
                'a'..='y' if in_string => char::from(c as u8 + 1),
                _ => c,
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn the_cache_answers_what_the_parser_answers(text in condition()) {
            let fragments = Fragments::default();
            let other = with_other_literals(&text);
            // Twice, so that both are read out of what the other one left behind.
            for text in [&text, &other, &text, &other] {
                prop_assert_eq!(fragments.condition(text), Fragments::uncached().condition(text), "{}", text);
            }
        }
    }
}
