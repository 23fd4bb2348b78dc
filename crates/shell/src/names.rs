//! Names as they are shown and searched.

use phantomdb_protocol::TableName;

/// How alike two names must be for one to be taken for a misspelling of the other.
const ALIKE: f64 = 0.75;
/// The most names in a list.
const LISTED_MAX: usize = 20;

/// The name that is most like the given one, if one is like it.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    names
        .map(|other| (strsim::jaro_winkler(&lower, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// A list of names for a message.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED_MAX);
    let shown: Vec<&str> = names.take(LISTED_MAX).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Reads `name` or `schema.name`, each perhaps in double quotes.
pub(crate) fn table_name(text: &str) -> Option<TableName> {
    let (first, rest) = part(text.trim())?;
    if rest.is_empty() {
        return Some(TableName::new(first));
    }
    let (name, rest) = part(rest.strip_prefix('.')?)?;
    rest.is_empty().then_some(TableName { name, schema: Some(first) })
}

/// The first part of a name, and what follows it.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                characters.next();
                name.push('"');
            }
            '"' => return Some((name, &quoted[at + 1..])),
            c => name.push(c),
        }
    }
    None
}

/// A name as SQL writes it: in double quotes unless it is a plain word that is not a reserved one.
pub(crate) fn as_sql(name: &str) -> String {
    let mut characters = name.chars();
    let is_plain = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !crate::keywords::is_reserved(name);
    if is_plain { name.to_owned() } else { phantomdb_sql::printer::quote_identifier(name) }
}

/// The name of a table as SQL writes it.
pub(crate) fn table_as_sql(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", as_sql(schema), as_sql(&table.name)),
        None => as_sql(&table.name),
    }
}

/// True when a name matches a pattern of `*` and `?`, in upper or lower case.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n) = (0, 0);
    // The last `*`, and the character from which on it takes one more when what follows it does not match.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some('?') => (p, n) = (p + 1, n + 1),
            Some(c) if *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_a_misspelt_name() {
        let names = ["name", "email", "createdAt"];
        assert_eq!(nearest("nmae", names.into_iter()), Some("name"));
        assert_eq!(nearest("createdat", names.into_iter()), Some("createdAt"));
        assert_eq!(nearest("zzz", names.into_iter()), None);
    }

    #[test]
    fn it_reads_names_with_and_without_quotes() {
        let plain = |name: &str| Some(TableName::new(name));
        assert_eq!(table_name("users"), plain("users"));
        assert_eq!(table_name("\"a \"\"b\"\".c\""), plain("a \"b\".c"));
        let qualified = Some(TableName { name: "leads x".into(), schema: Some("crm".into()) });
        assert_eq!(table_name("crm.\"leads x\""), qualified);
        for wrong in ["", "\"a", ".a", "a.", "a.b.c", "\"a\"b"] {
            assert_eq!(table_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_quotes_what_is_no_plain_word() {
        assert_eq!(as_sql("createdAt"), "createdAt");
        assert_eq!(as_sql("order"), "\"order\"");
        assert_eq!(as_sql("a\"b"), "\"a\"\"b\"");
        assert_eq!(as_sql("1a"), "\"1a\"");
    }

    #[test]
    fn a_pattern_matches_names() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("us*", "Users", true),
            ("*s", "users", true),
            ("u?ers", "users", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbc", false),
            ("users", "user", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
