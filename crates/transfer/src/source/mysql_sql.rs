//! Text of MySQL's SQL.

/// Quotes a name: `` `a``b` ``.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
