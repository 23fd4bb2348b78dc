//! SQL of the user in ORDER BY: `Sequelize.literal('"User"."name" DESC NULLS LAST, cnt')`.
//!
//! A simple select takes such a text as it is. A select that orders its rows twice, inside a sub-query and outside of it,
//! needs its items: expressions and directions.

use super::plan::{Expr, OrderItem, Select};

/// The order of a plan, each literal in it split into its items. An item that names an output is its alias; one that is the
/// number of an output is that output's expression.
pub(super) fn split_order(plan: &Select) -> Vec<OrderItem> {
    let mut order = Vec::with_capacity(plan.order.len());
    for item in &plan.order {
        let Expr::Literal(text) = &item.expr else {
            order.push(item.clone());
            continue;
        };
        let mut items: Vec<OrderItem> =
            split(text).iter().map(|text| order_item(text, item.own, plan)).collect();
        // What stands beside the literal follows its text.
        if let Some(last) = items.last_mut() {
            last.direction = last.direction.take().or_else(|| item.direction.clone());
            last.literal_direction.clone_from(&item.literal_direction);
        }
        order.append(&mut items);
    }
    order
}

fn order_item(text: &str, own: bool, plan: &Select) -> OrderItem {
    let (expr, direction) = take_direction(text);
    OrderItem { expr: output(expr, plan), direction, literal_direction: None, own }
}

/// The output that the text names or numbers; else the text as an expression.
fn output(text: &str, plan: &Select) -> Expr {
    let columns = plan.columns.as_deref().unwrap_or_default();
    if let Some(name) = name(text)
        && columns.iter().any(|column| column.alias.as_deref() == Some(name.as_str()))
    {
        return Expr::Path(vec![name]);
    }
    let number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match number.and_then(|index| columns.get(index)) {
        Some(column) => match &column.alias {
            Some(alias) => Expr::Path(vec![alias.clone()]),
            None => column.expr.clone(),
        },
        None => Expr::Literal(text.to_owned()),
    }
}

/// The name that the text is, with or without quotes.
fn name(text: &str) -> Option<String> {
    for quote in ['"', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let escaped = [quote, quote].iter().collect::<String>();
            let is_one = !inner.replace(&escaped, "").contains(quote);
            return is_one.then(|| inner.replace(&escaped, &quote.to_string()));
        }
    }
    let is_name = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    is_name.then(|| text.to_owned())
}

/// Splits the direction from the end of an item.
fn take_direction(text: &str) -> (&str, Option<String>) {
    let mut rest = text.trim();
    let mut words = Vec::new();
    for last in ["FIRST", "LAST"] {
        let nulls = without_word(rest, last).and_then(|before| without_word(before, "NULLS"));
        if let Some(before) = nulls {
            rest = before;
            words.extend([last, "NULLS"]);
            break;
        }
    }
    for direction in ["ASC", "DESC"] {
        if let Some(before) = without_word(rest, direction) {
            rest = before;
            words.push(direction);
            break;
        }
    }
    words.reverse();
    (rest, (!words.is_empty()).then(|| words.join(" ")))
}

/// The text before a word at its end.
fn without_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.len().checked_sub(word.len())?;
    let (before, last) = (text.get(..start)?, text.get(start..)?);
    let is_apart = before.ends_with(|c: char| c.is_whitespace() || matches!(c, ')' | '"' | '`' | '\''));
    (last.eq_ignore_ascii_case(word) && is_apart).then(|| before.trim_end())
}

/// The items of a list, without comments. A comma within parentheses or quotes separates nothing.
fn split(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                push(&mut items, " ");
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.split_once("*/").map_or("", |(_, after)| after);
                push(&mut items, " ");
                continue;
            }
            ',' if depth == 0 => {
                items.push(String::new());
                rest = &rest[1..];
                continue;
            }
            '\'' | '"' | '`' => quoted(rest, first),
            '(' | '[' => {
                depth += 1;
                1
            }
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                1
            }
            other => other.len_utf8(),
        };
        push(&mut items, &rest[..length]);
        rest = &rest[length..];
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn push(items: &mut [String], text: &str) {
    if let Some(item) = items.last_mut() {
        item.push_str(text);
    }
}

/// The length of the quoted text that begins here. A doubled quote is two quoted texts, which is the same.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<(String, Option<String>)> {
        split(text)
            .iter()
            .map(|item| {
                let (expr, direction) = take_direction(item);
                (expr.to_owned(), direction)
            })
            .collect()
    }

    fn item(expr: &str, direction: Option<&str>) -> (String, Option<String>) {
        (expr.to_owned(), direction.map(str::to_owned))
    }

    #[test]
    fn a_literal_is_split_into_expressions_with_directions() {
        assert_eq!(items(r#""A"."n" DESC"#), [item(r#""A"."n""#, Some("DESC"))]);
        assert_eq!(items("a desc, b"), [item("a", Some("DESC")), item("b", None)]);
        assert_eq!(
            items(r#"coalesce(a, 'x, y') asc nulls first, "b,c" nulls LAST"#),
            [item("coalesce(a, 'x, y')", Some("ASC NULLS FIRST")), item("\"b,c\"", Some("NULLS LAST"))]
        );
        assert_eq!(
            items("f(x)DESC -- why\n, 'it''s, so' /* c, */"),
            [item("f(x)", Some("DESC")), item("'it''s, so'", None)]
        );
        assert_eq!(items("xdesc, desc"), [item("xdesc", None), item("desc", None)]);
    }

    #[test]
    fn a_name_is_read_with_and_without_quotes() {
        assert_eq!(name("cnt").as_deref(), Some("cnt"));
        assert_eq!(name(r#""a""b""#).as_deref(), Some("a\"b"));
        assert_eq!(name(r#""a"."b""#), None);
        assert_eq!(name("a.b"), None);
        assert_eq!(name("f(x)"), None);
    }
}
