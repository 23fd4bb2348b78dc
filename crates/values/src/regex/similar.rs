//! SIMILAR TO: SQL's own regular expressions, which become PostgreSQL's.

use phantomdb_protocol::Result;

use crate::text::limit::invalid;

/// Where a pattern is within brackets.
struct Brackets {
    depth: usize,
    /// 1 behind `[`, 2 behind `[^`, 3 when the brackets have contents, so that `]` ends them.
    position: u8,
}

impl Brackets {
    /// Takes note of a character within brackets.
    fn enter(&mut self, c: char) {
        match c {
            ']' if self.position > 2 => self.depth -= 1,
            '[' => (self.depth, self.position) = (self.depth + 1, 3),
            '^' => self.position = self.position.saturating_add(1),
            _ => self.position = 3,
        }
    }
}

/// The regular expression that means the same as a pattern of SIMILAR TO.
///
/// Two escaped quotes divide the pattern into three parts, of which `substring` returns the middle one.
pub fn to_regex(pattern: &str, escape: Option<char>) -> Result<String> {
    let mut result = String::from("^(?:");
    let mut brackets = Brackets { depth: 0, position: 0 };
    let mut quotes = 0;
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        if Some(c) == escape {
            match characters.next() {
                Some('"') if brackets.depth == 0 => {
                    quotes += 1;
                    result.push_str(match quotes {
                        1 => "){1,1}?(",
                        2 => "){1,1}(?:",
                        _ => return Err(invalid("a SQL regular expression has two escaped quotes at most")),
                    });
                }
                // Any character may be escaped; so a backslash and a letter may be a class.
                Some(escaped) => {
                    result.extend(['\\', escaped]);
                    brackets.position = 3;
                }
                None => {}
            }
        } else if brackets.depth > 0 {
            if c == '\\' {
                result.push('\\');
            }
            result.push(c);
            brackets.enter(c);
        } else {
            match c {
                '[' => {
                    brackets = Brackets { depth: 1, position: 1 };
                    result.push('[');
                }
                '%' => result.push_str(".*"),
                '_' => result.push('.'),
                '(' => result.push_str("(?:"),
                '\\' | '.' | '^' | '$' => result.extend(['\\', c]),
                _ => result.push(c),
            }
        }
    }
    result.push_str(")$");
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_what_postgresql_writes() {
        let cases = [
            ("a%b_", "^(?:a.*b.)$"),
            ("(a|b).c^$", r"^(?:(?:a|b)\.c\^\$)$"),
            (r"a\%\d", r"^(?:a\%\d)$"),
            ("[%_(]%", "^(?:[%_(].*)$"),
            ("[]%]%", "^(?:[]%].*)$"),
            ("[^]%]%", "^(?:[^]%].*)$"),
            ("[[:alpha:]%]_", "^(?:[[:alpha:]%].)$"),
            (r#"a\"b\"c"#, "^(?:a){1,1}?(b){1,1}(?:c)$"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(to_regex(pattern, Some('\\')).unwrap(), expected, "{pattern}");
        }
        assert_eq!(to_regex(r"a#%\d", Some('#')).unwrap(), r"^(?:a\%\\d)$");
        assert_eq!(to_regex(r"[\d]", Some('#')).unwrap(), r"^(?:[\\d])$");
        assert!(to_regex(r#"\"\"\""#, Some('\\')).is_err());
    }
}
