//! Splits a text that arrives line by line into its statements.
//!
//! `phantomdb_sql::script` splits a text that is there as a whole. A shell has to know while the user types whether a
//! statement is complete, and must not keep all of a long file in memory.

/// A statement of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) sql: String,
    /// The line of the text on which it begins, from 1.
    pub(crate) line: usize,
}

/// What the scanner is within.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Within {
    Sql,
    /// A string or a quoted name, which this character ends. A doubled one does not.
    Quotes {
        end: char,
        has_escapes: bool,
    },
    /// A string between two of these: `$tag$`.
    Dollars(String),
    LineComment,
    /// A comment with this many levels.
    Comment(usize),
}

/// Takes a text in whole lines and returns its statements.
#[derive(Debug)]
pub(crate) struct Splitter {
    text: String,
    /// Everything before this byte is scanned.
    at: usize,
    within: Within,
    /// The line on which the text begins.
    line: usize,
    /// True when the scanned part has more than spaces and comments.
    has_content: bool,
    body: Body,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            text: String::new(),
            at: 0,
            within: Within::Sql,
            line: 1,
            has_content: false,
            body: Body::default(),
        }
    }
}

impl Splitter {
    /// Adds text, which must not end within a line.
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The next statement that a semicolon ends. It has no semicolon.
    pub(crate) fn next_statement(&mut self) -> Option<Piece> {
        while let Some(c) = self.text[self.at..].chars().next() {
            if self.within == Within::Sql && c == ';' && !self.body.is_open() {
                let has_content = self.has_content;
                let piece = self.take(self.at, 1);
                if has_content {
                    return Some(piece);
                }
                continue;
            }
            self.step(c);
        }
        None
    }

    /// The statement at the end of the text, which no semicolon ends. [`Self::next_statement`] must have answered none.
    pub(crate) fn last_statement(&mut self) -> Option<Piece> {
        let is_open = self.is_open();
        let piece = self.take(self.text.len(), 0);
        is_open.then_some(piece)
    }

    /// True when what is left is the beginning of a statement, of a string or of a comment.
    pub(crate) fn is_open(&self) -> bool {
        self.has_content || !matches!(self.within, Within::Sql | Within::LineComment)
    }

    /// True within a statement that lacks its end, and outside of its strings and comments.
    pub(crate) fn is_within_sql(&self) -> bool {
        self.has_content && self.within == Within::Sql
    }

    /// Removes the text before `end` and `more` bytes after it, and begins anew.
    fn take(&mut self, end: usize, more: usize) -> Piece {
        let text: String = self.text.drain(..end + more).collect();
        let sql = text[..end].trim_end();
        let start = sql.len() - sql.trim_start().len();
        let line = self.line + newlines(&sql[..start]);
        self.line += newlines(&text);
        self.at = 0;
        self.within = Within::Sql;
        self.has_content = false;
        self.body = Body::default();
        Piece { sql: sql[start..].to_owned(), line }
    }

    fn step(&mut self, c: char) {
        let rest = &self.text[self.at..];
        let mut length = c.len_utf8();
        match &mut self.within {
            Within::Sql => {
                let (within, taken) = opening(&self.text, self.at).unwrap_or((Within::Sql, length));
                let is_comment = matches!(within, Within::LineComment | Within::Comment(_));
                self.has_content |= !is_comment && !c.is_whitespace() && c != ';';
                self.body.see(c, within == Within::Sql);
                self.within = within;
                length = taken;
            }
            Within::Quotes { end, has_escapes } => {
                let end = *end;
                if *has_escapes && c == '\\' {
                    length += rest[length..].chars().next().map_or(0, char::len_utf8);
                } else if c == end {
                    if rest[length..].starts_with(end) {
                        length *= 2;
                    } else {
                        self.within = Within::Sql;
                    }
                }
            }
            Within::Dollars(mark) => {
                if rest.starts_with(&**mark) {
                    length = mark.len();
                    self.within = Within::Sql;
                }
            }
            Within::LineComment => {
                if c == '\n' {
                    self.within = Within::Sql;
                }
            }
            Within::Comment(levels) => {
                if rest.starts_with("/*") {
                    *levels += 1;
                    length = 2;
                } else if rest.starts_with("*/") {
                    length = 2;
                    *levels -= 1;
                    if *levels == 0 {
                        self.within = Within::Sql;
                    }
                }
            }
        }
        self.at += length;
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// What begins at this byte, and the length of the mark that begins it.
fn opening(text: &str, at: usize) -> Option<(Within, usize)> {
    let rest = &text[at..];
    let mut before = text[..at].chars().rev();
    let previous = before.next();
    match rest.chars().next()? {
        '\'' => {
            let is_escape = previous.is_some_and(|c| c == 'e' || c == 'E')
                && !before.next().is_some_and(is_word_character);
            Some((Within::Quotes { end: '\'', has_escapes: is_escape }, 1))
        }
        end @ ('"' | '`') => Some((Within::Quotes { end, has_escapes: false }, 1)),
        '-' if rest.starts_with("--") => Some((Within::LineComment, 2)),
        '/' if rest.starts_with("/*") => Some((Within::Comment(1), 2)),
        '$' if !previous.is_some_and(is_word_character) => {
            let end = rest[1..].find('$')?;
            let tag = &rest[1..=end];
            let is_tag = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !tag.starts_with(|c: char| c.is_ascii_digit());
            is_tag.then(|| (Within::Dollars(format!("${tag}$")), tag.len() + 2))
        }
        _ => None,
    }
}

/// Recognizes `CREATE TRIGGER … BEGIN …; …; END`. It is not PhantomDB SQL, and is to be refused as one statement.
#[derive(Debug, Default)]
struct Body {
    word: String,
    last: String,
    words: usize,
    creates: bool,
    is_routine: bool,
    has_begun: bool,
}

impl Body {
    fn see(&mut self, c: char, is_plain: bool) {
        if is_plain && is_word_character(c) {
            self.word.push(c.to_ascii_uppercase());
        } else if !self.word.is_empty() {
            self.end_word();
        }
    }

    fn end_word(&mut self) {
        self.last = std::mem::take(&mut self.word);
        self.words += 1;
        match self.last.as_str() {
            "CREATE" if self.words == 1 => self.creates = true,
            "TRIGGER" | "FUNCTION" | "PROCEDURE" if self.creates && self.words <= 5 => self.is_routine = true,
            "BEGIN" if self.is_routine => self.has_begun = true,
            _ => {}
        }
    }

    /// True when a semicolon ends a statement of the body only.
    fn is_open(&mut self) -> bool {
        if !self.word.is_empty() {
            self.end_word();
        }
        self.has_begun && self.last != "END"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut pieces = Vec::new();
        for line in text.split_inclusive('\n') {
            splitter.push(line);
            pieces.extend(std::iter::from_fn(|| splitter.next_statement()).map(|piece| piece.sql));
        }
        pieces.extend(splitter.last_statement().map(|piece| piece.sql));
        pieces
    }

    #[test]
    fn a_semicolon_ends_a_statement() {
        assert_eq!(split("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(split(";;a ;\n\n ;b;\n"), ["a", "b"]);
        assert_eq!(split(" -- nothing; here\n /* nor; here */ ; "), [""; 0]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn a_semicolon_within_a_string_a_name_or_a_comment_ends_nothing() {
        for sql in [
            "SELECT ';''; ' || 'ä'",
            "SELECT E'\\';' , 'it\\'",
            "SELECT \";\"\";\", `;`",
            "SELECT 1 -- ; '\n+ 2",
            "SELECT /* ; /* ' ; */ ; */ 1",
            "SELECT $$ ; ' $$, $a$ ; $$ ; $b$ ; $a$",
            "SELECT 'a\n;\nb'",
            "SELECT '日本;'",
        ] {
            assert_eq!(split(&format!("{sql};\nSELECT 2;")), [sql, "SELECT 2"], "{sql}");
        }
    }

    #[test]
    fn a_parameter_and_a_name_with_a_dollar_begin_no_string() {
        assert_eq!(split("SELECT $1; SELECT $2"), ["SELECT $1", "SELECT $2"]);
        assert_eq!(split("SELECT a$b; SELECT c$d"), ["SELECT a$b", "SELECT c$d"]);
        assert_eq!(split("SELECT type'a\\'; SELECT 2"), ["SELECT type'a\\'", "SELECT 2"]);
    }

    #[test]
    fn the_body_of_a_trigger_is_one_statement() {
        let trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END";
        assert_eq!(split(&format!("{trigger}; SELECT 1;")), [trigger, "SELECT 1"]);
        assert_eq!(
            split("CREATE TABLE trigger (a INTEGER); SELECT 1"),
            ["CREATE TABLE trigger (a INTEGER)", "SELECT 1"]
        );
    }

    #[test]
    fn it_splits_as_the_grammar_does() {
        for text in [
            "INSERT INTO t VALUES ('a;b', E'c\\';d', $x$;$x$); UPDATE t SET a = 'x' -- ; \n WHERE b = \"c;\"; SELECT 1",
            "SELECT 1 /* a; */; SELECT '--'; SELECT 2 -- ' \n; SELECT $$'$$",
        ] {
            let parts = phantomdb_sql::script::statements(text).unwrap().unwrap();
            let expected: Vec<_> = parts.iter().map(|part| part.sql.split_whitespace().count()).collect();
            let first: Vec<_> = parts.iter().map(|part| part.sql.get(..6).unwrap().to_owned()).collect();
            let found = split(text);
            assert_eq!(found.len(), expected.len(), "{text}");
            assert_eq!(found.iter().map(|sql| sql[..6].to_owned()).collect::<Vec<_>>(), first, "{text}");
        }
    }

    #[test]
    fn it_says_whether_a_statement_is_open() {
        for (text, is_open) in [
            ("", false),
            ("SELECT 1;", false),
            ("SELECT 1; -- done", false),
            ("SELECT 1", true),
            ("SELECT 1; SELECT", true),
            ("/* ", true),
            ("'", true),
        ] {
            let mut splitter = Splitter::default();
            splitter.push(text);
            while splitter.next_statement().is_some() {}
            assert_eq!(splitter.is_open(), is_open, "{text}");
        }
    }

    #[test]
    fn a_statement_says_on_which_line_it_begins() {
        let mut splitter = Splitter::default();
        splitter.push("a;\n\nb\n;c");
        let mut pieces: Vec<Piece> = std::iter::from_fn(|| splitter.next_statement()).collect();
        pieces.extend(splitter.last_statement());
        assert_eq!(pieces.iter().map(|piece| piece.line).collect::<Vec<_>>(), [1, 3, 4]);
    }
}
