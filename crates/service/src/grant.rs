//! What a caller may do: rights, and the databases that they are for.

use phantomdb_engine::Access;
use phantomdb_protocol::{Call, Error, ErrorCode, Result, Right};

/// A set of rights. `schema` includes `write`, which includes `read`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    pub fn all() -> Self {
        Right::ALL.into_iter().collect()
    }

    pub const fn contains(self, right: Right) -> bool {
        self.0 & Self::bit(right) != 0
    }

    const fn bit(right: Right) -> u8 {
        1 << right as u8
    }

    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.contains(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        let with_lower = |right| match right {
            Right::Read | Right::Admin => Self::bit(right),
            Right::Write => Self::bit(Right::Read) | Self::bit(Right::Write),
            Right::Schema => Self::bit(Right::Read) | Self::bit(Right::Write) | Self::bit(Right::Schema),
        };
        Self(rights.into_iter().fold(0, |bits, right| bits | with_lower(right)))
    }
}

/// A name, or names with `*` for any text in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabasePattern(String);

impl DatabasePattern {
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

/// What a caller may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    name: Option<String>,
    rights: Rights,
    databases: Vec<DatabasePattern>,
}

impl Grant {
    /// Everything, for a caller without a name.
    pub fn everything() -> Self {
        Self { name: None, rights: Rights::all(), databases: vec![DatabasePattern::new("*")] }
    }

    /// Nothing, for a caller who is not known.
    pub fn nothing() -> Self {
        Self { name: None, rights: Rights::default(), databases: Vec::new() }
    }

    /// These rights, for these databases. The name is for logs.
    pub fn new(name: impl Into<String>, rights: Rights, databases: Vec<DatabasePattern>) -> Self {
        Self { name: Some(name.into()), rights, databases }
    }

    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub const fn rights(&self) -> Rights {
        self.rights
    }

    pub fn databases(&self) -> &[DatabasePattern] {
        &self.databases
    }

    /// True when the caller may know that there is such a database.
    pub fn covers(&self, database: &str) -> bool {
        self.databases.iter().any(|pattern| pattern.matches(database))
    }

    /// Fails with `FORBIDDEN` without the right, and for a database that it is not for. Whether the database exists does not
    /// matter.
    pub fn check(&self, right: Right, database: Option<&str>) -> Result<()> {
        let name = self.name.as_deref().unwrap_or_default();
        if !self.rights.contains(right) {
            let has: Vec<_> = self.rights.iter().map(Right::as_str).collect();
            let message = format!(
                "the token \"{name}\" lacks the right `{}`, which this call needs; it has {}",
                right.as_str(),
                if has.is_empty() { "none".to_owned() } else { has.join(", ") },
            );
            return Err(Error::new(ErrorCode::Forbidden, message));
        }
        match database {
            Some(database) if !self.covers(database) => {
                let message = format!("the token \"{name}\" is not for the database \"{database}\"");
                Err(Error::new(ErrorCode::Forbidden, message))
            }
            _ => Ok(()),
        }
    }

    /// Fails with `FORBIDDEN` when the caller may send no statements in the engine's own SQL. They can do whatever the
    /// engine's role can: in PostgreSQL they reach other databases.
    pub(crate) fn check_native(&self) -> Result<()> {
        self.check(Right::Admin, None)?;
        if self.databases.iter().any(|pattern| pattern.as_str() == "*") {
            return Ok(());
        }
        let message = "a statement in the engine's own SQL (native) needs a token with the right `admin` for all databases (*)";
        Err(Error::new(ErrorCode::Forbidden, message))
    }

    /// Fails with `FORBIDDEN` when the caller lacks the right that every such call needs.
    pub(crate) fn check_call(&self, call: &Call) -> Result<()> {
        match call.route().needs {
            Some(right) => self.check(right, call.named_database()),
            None => Ok(()),
        }
    }

    /// What statements may do in a database. Fails with `FORBIDDEN` when the caller may not even read it.
    pub(crate) fn access(&self, database: &str) -> Result<Access> {
        self.check(Right::Read, Some(database))?;
        Ok(match (self.rights.contains(Right::Schema), self.rights.contains(Right::Write)) {
            (true, _) => Access::Schema,
            (false, true) => Access::Write,
            (false, false) => Access::Read,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_any_text_in_place_of_each_star() {
        let matches = |pattern: &str, name: &str| DatabasePattern::new(pattern).matches(name);
        for (pattern, name) in [
            ("shop", "shop"),
            ("*", ""),
            ("*", "a"),
            ("shop_*", "shop_"),
            ("shop_*", "shop_1"),
            ("*_test", "a_test"),
            ("a*b*c", "abc"),
            ("a*b*c", "a1b2b3c"),
            ("a*a", "aa"),
            ("**", "x"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("shop", "shop2"),
            ("shop", "Shop"),
            ("shop_*", "shop"),
            ("*_test", "a_test2"),
            ("a*b*c", "acb"),
            ("a*a", "a"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_right_includes_those_below_it_but_admin_stands_for_itself() {
        let access = |rights: &[Right]| {
            Grant::new("t", rights.iter().copied().collect(), vec![DatabasePattern::new("a")])
                .access("a")
                .ok()
        };
        assert_eq!(access(&[Right::Read]), Some(Access::Read));
        assert_eq!(access(&[Right::Write]), Some(Access::Write));
        assert_eq!(access(&[Right::Schema]), Some(Access::Schema));
        assert_eq!(access(&[Right::Admin]), None);
        assert_eq!(access(&[Right::Admin, Right::Read]), Some(Access::Read));
    }

    #[test]
    fn a_grant_is_for_its_databases_only() {
        let grant = Grant::new("t", Rights::all(), vec![DatabasePattern::new("a")]);
        assert!(grant.check(Right::Admin, Some("a")).is_ok() && grant.check(Right::Admin, None).is_ok());
        let refused = grant.check(Right::Read, Some("b")).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden);
    }
}
