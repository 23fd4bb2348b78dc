//! Completion: what may follow at a place of a statement.

use phantomdb_protocol::TableName;

use crate::{
    commands, keywords,
    names::{as_sql, table_as_sql},
};

use super::completion::{Completion, Names};

/// Words after which the name of a table follows.
const BEFORE_TABLE: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES", "TRUNCATE", "ONLY"];

/// The most tables whose columns are offered while the statement names no table yet.
const TABLES_MAX: usize = 20;

/// The completions at the end of `text`, which is what stands before the cursor. `whole` is the whole statement, which
/// may name its tables after the cursor.
pub(crate) fn complete(text: &str, whole: &str, names: &dyn Names) -> Completion {
    if let Some(completion) = commands::complete(text, names) {
        return completion;
    }
    let Some(word) = Word::before_cursor(text) else {
        return Completion { start: text.len(), candidates: Vec::new() };
    };
    let tables = names.tables();
    if let Some(qualifier) = &word.qualifier {
        return of_qualifier(&word, qualifier, whole, &tables, names);
    }
    let mut candidates = Vec::new();
    let previous = last_word(&text[..word.start]);
    if BEFORE_TABLE.contains(&previous.as_str()) {
        candidates.extend(tables.iter().map(table_as_sql).filter(|name| word.begins(name)));
        if candidates.is_empty() && !word.is_quoted {
            candidates.extend(words(&word));
        }
        return Completion { start: word.start, candidates };
    }
    let mut sources = mentioned_tables(whole, &tables);
    if sources.is_empty() && tables.len() <= TABLES_MAX {
        sources.clone_from(&tables);
    }
    for table in sources {
        candidates
            .extend(names.columns(&table).iter().map(|name| as_sql(name)).filter(|name| word.begins(name)));
    }
    candidates.extend(tables.iter().map(table_as_sql).filter(|name| word.begins(name)));
    candidates.sort();
    candidates.dedup();
    if !word.is_quoted && !word.typed.is_empty() {
        candidates.extend(words(&word));
    }
    Completion { start: word.start, candidates }
}

/// Functions and keywords that begin with the word, in the case in which the user types.
fn words(word: &Word) -> Vec<String> {
    let is_upper = word.typed.chars().any(char::is_uppercase) && !word.typed.chars().any(char::is_lowercase);
    let cased = |text: &str| if is_upper { text.to_uppercase() } else { text.to_lowercase() };
    let mut functions: Vec<String> =
        keywords::functions().filter(|name| word.begins(name)).map(|name| cased(name) + "(").collect();
    functions.sort();
    functions.dedup();
    let mut found: Vec<String> = keywords::all().filter(|name| word.begins(name)).map(cased).collect();
    found.sort();
    found.dedup();
    found.extend(functions);
    found
}

/// The columns of the table or of the alias before the point, or the tables of that schema.
fn of_qualifier(
    word: &Word,
    qualifier: &str,
    whole: &str,
    tables: &[TableName],
    names: &dyn Names,
) -> Completion {
    let same = |a: &str| a.eq_ignore_ascii_case(qualifier);
    let table =
        alias_of(whole, qualifier, tables).or_else(|| tables.iter().find(|table| same(&table.name)).cloned());
    let mut candidates: Vec<String> = match table {
        Some(table) => names.columns(&table).iter().map(|name| as_sql(name)).collect(),
        None => Vec::new(),
    };
    let in_schema = tables.iter().filter(|table| table.schema.as_deref().is_some_and(same));
    candidates.extend(in_schema.map(|table| as_sql(&table.name)));
    candidates.retain(|name| word.begins(name));
    Completion { start: word.start, candidates }
}

/// The word before the cursor.
struct Word {
    start: usize,
    /// The word as far as it is typed, without a quote before it.
    typed: String,
    is_quoted: bool,
    /// The name before the point before the word.
    qualifier: Option<String>,
}

impl Word {
    /// None where no name or keyword can stand: within a string or a comment.
    fn before_cursor(text: &str) -> Option<Self> {
        let open = open_quote(text)?;
        let start = open.unwrap_or_else(|| {
            text.rfind(|c: char| !is_word(c))
                .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8))
        });
        let typed = text[start..].trim_start_matches('"').to_owned();
        let qualifier = text[..start].strip_suffix('.').and_then(|before| {
            if let Some(quoted) = before.strip_suffix('"') {
                return quoted.rfind('"').map(|at| quoted[at + 1..].to_owned());
            }
            let name = before
                .rfind(|c: char| !is_word(c))
                .map_or(before, |at| &before[at + before[at..].chars().next().map_or(1, char::len_utf8)..]);
            (!name.is_empty()).then(|| name.to_owned())
        });
        Some(Self { start, typed, is_quoted: open.is_some(), qualifier })
    }

    /// True for a name that begins with the word, in upper or lower case, with or without quotes.
    fn begins(&self, name: &str) -> bool {
        let bare = name.strip_prefix('"').unwrap_or(name);
        if self.is_quoted && !name.starts_with('"') {
            return false;
        }
        let mut typed = self.typed.chars().flat_map(char::to_lowercase);
        let mut given = bare.chars().flat_map(char::to_lowercase);
        typed.all(|c| given.next() == Some(c))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the quoted name begins that the text ends in; `Some(None)` outside of one. None within a string or a comment.
#[expect(clippy::option_option, reason = "there are three cases, and the outer one ends the search")]
fn open_quote(text: &str) -> Option<Option<usize>> {
    let mut characters = text.char_indices().peekable();
    let mut open: Option<(char, usize)> = None;
    while let Some((at, c)) = characters.next() {
        match (open, c) {
            (Some((end, _)), c) if c == end => open = None,
            (None, '\'' | '"') => open = Some((c, at)),
            (None, '-') if characters.peek().is_some_and(|(_, next)| *next == '-') => open = Some(('\n', at)),
            _ => {}
        }
    }
    match open {
        None => Some(None),
        Some(('"', at)) => Some(Some(at)),
        Some(_) => None,
    }
}

/// The last whole word of a text, in upper case.
fn last_word(text: &str) -> String {
    let text = text.trim_end();
    let start = text
        .rfind(|c: char| !is_word(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    text[start..].to_uppercase()
}

/// The words and quoted names of a statement.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            c if is_word(c) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !token.trim().is_empty() && c != '\'' {
            tokens.push(token.trim_matches('"').to_owned());
        }
        rest = after;
    }
    tokens
}

/// The tables that a statement names, in the order of the statement. A column with the name of a table counts too: it is
/// not known yet what the statement will be.
pub(crate) fn mentioned_tables(sql: &str, tables: &[TableName]) -> Vec<TableName> {
    let mut found: Vec<TableName> = Vec::new();
    for token in tokens(sql) {
        let named = tables.iter().find(|table| table.name.eq_ignore_ascii_case(&token));
        if let Some(table) = named.filter(|table| !found.contains(table)) {
            found.push(table.clone());
        }
    }
    found
}

/// The table that an alias stands for: `FROM users AS u`, `JOIN users u`.
fn alias_of(sql: &str, alias: &str, tables: &[TableName]) -> Option<TableName> {
    let tokens = tokens(sql);
    let table = |name: &str| tables.iter().find(|table| table.name.eq_ignore_ascii_case(name)).cloned();
    tokens.iter().enumerate().filter(|(_, token)| token.eq_ignore_ascii_case(alias)).find_map(|(at, _)| {
        let before = tokens.get(at.checked_sub(1)?)?;
        let before = if before.eq_ignore_ascii_case("as") { tokens.get(at.checked_sub(2)?)? } else { before };
        table(before)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shop;

    impl Names for Shop {
        fn tables(&self) -> Vec<TableName> {
            let lead = TableName { name: "leads".into(), schema: Some("crm".into()) };
            vec![TableName::new("users"), TableName::new("User Orders"), lead]
        }

        fn columns(&self, table: &TableName) -> Vec<String> {
            let columns: &[&str] = match table.name.as_str() {
                "users" => &["id", "name", "createdAt"],
                "User Orders" => &["id", "total", "order"],
                _ => &["source"],
            };
            columns.iter().map(|name| (*name).to_owned()).collect()
        }

        fn databases(&self) -> Vec<String> {
            vec!["app".into(), "my app".into()]
        }
    }

    /// The candidates at the place of `|`.
    fn at(text: &str) -> Vec<String> {
        let (before, after) = text.split_once('|').unwrap();
        complete(before, &format!("{before}{after}"), &Shop).candidates
    }

    #[test]
    fn after_from_there_are_the_tables() {
        assert_eq!(at("SELECT * FROM |"), ["users", "\"User Orders\"", "crm.leads"]);
        assert_eq!(at("SELECT * FROM us|"), ["users", "\"User Orders\""]);
        assert_eq!(at("insert into \"us|"), ["\"User Orders\""]);
        assert_eq!(at("SELECT * FROM crm.|"), ["leads"]);
    }

    #[test]
    fn a_column_is_of_the_tables_that_the_statement_names() {
        assert_eq!(at("SELECT na| FROM users"), ["name", "natural"]);
        assert!(at("SELECT crea| FROM users").contains(&"createdAt".to_owned()));
        assert!(!at("SELECT tot| FROM users").contains(&"total".to_owned()));
        assert_eq!(at("SELECT tot|"), ["total"]);
        assert_eq!(at("SELECT u.| FROM users AS u"), ["id", "name", "createdAt"]);
        assert_eq!(at("SELECT o.o| FROM users u JOIN \"User Orders\" o"), ["\"order\""]);
        assert_eq!(at("SELECT users.n| FROM users"), ["name"]);
    }

    #[test]
    fn keywords_and_functions_have_the_case_of_what_is_typed() {
        assert_eq!(at("SEL|"), ["SELECT"]);
        assert_eq!(at("sel|"), ["select"]);
        assert!(at("SELECT coal|").contains(&"coalesce(".to_owned()));
        assert!(at("SELECT COAL|").contains(&"COALESCE(".to_owned()));
        assert!(at("CREATE TABLE t (a VARCH|").contains(&"VARCHAR".to_owned()));
    }

    #[test]
    fn there_is_nothing_within_a_string_or_a_comment() {
        assert_eq!(at("SELECT 'us|"), [""; 0]);
        assert_eq!(at("SELECT 1 -- us|"), [""; 0]);
    }

    #[test]
    fn commands_complete_their_names_and_their_arguments() {
        assert_eq!(at(".ta|"), [".tables"]);
        assert_eq!(at(".describe us|"), ["users", "\"User Orders\""]);
        assert_eq!(at(".mode j|"), ["json"]);
        assert_eq!(at(".use my|"), ["my app"]);
        assert_eq!(at("\\d us|"), ["users", "\"User Orders\""]);
    }
}
