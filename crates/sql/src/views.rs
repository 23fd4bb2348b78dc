//! Views as text.

use phantomdb_protocol::{TableName, ViewDefinition};

use crate::ddl;

/// The name of a view, which a statement can read like a table.
pub fn name(view: &ViewDefinition) -> TableName {
    TableName { name: view.name.clone(), schema: view.schema.clone() }
}

/// The statements that make the views, in an order in which they run.
pub fn sql_text(views: &[ViewDefinition]) -> String {
    in_order(views).into_iter().map(definition).collect()
}

fn definition(view: &ViewDefinition) -> String {
    let name = ddl::table_name(&name(view));
    match &view.query {
        Some(query) => format!("CREATE VIEW {name} AS {query};\n"),
        None => format!("-- The view {} is not in PhantomDB SQL.\n", on_one_line(&name)),
    }
}

/// A name that does not end the comment that it stands in.
fn on_one_line(name: &str) -> String {
    name.replace(['\n', '\r'], " ")
}

/// The views, each after those that its query names.
fn in_order(views: &[ViewDefinition]) -> Vec<&ViewDefinition> {
    let mut waiting: Vec<&ViewDefinition> = views.iter().collect();
    let mut ordered = Vec::with_capacity(views.len());
    while !waiting.is_empty() {
        let is_ready = |view: &&ViewDefinition| {
            !waiting.iter().any(|other| !std::ptr::eq(*other, *view) && is_named(other, view))
        };
        // Views that a name in a text makes wait for each other are in no order.
        let at = waiting.iter().position(is_ready).unwrap_or_default();
        ordered.push(waiting.remove(at));
    }
    ordered
}

/// True when the query of a view may read another one. The queries have every name in quotes.
fn is_named(other: &ViewDefinition, by: &ViewDefinition) -> bool {
    let name = ddl::table_name(&TableName::new(other.name.clone()));
    by.query.as_ref().is_some_and(|query| query.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, query: Option<&str>) -> ViewDefinition {
        ViewDefinition { name: name.to_owned(), schema: None, query: query.map(str::to_owned) }
    }

    #[test]
    fn a_view_comes_after_those_that_it_reads() {
        let views = [
            view("a", Some("SELECT * FROM \"b\"")),
            view("b", Some("SELECT * FROM \"t\"")),
            view("c\n;", None),
        ];
        let expected = "CREATE VIEW \"b\" AS SELECT * FROM \"t\";\n\
                        CREATE VIEW \"a\" AS SELECT * FROM \"b\";\n\
                        -- The view \"c ;\" is not in PhantomDB SQL.\n";
        assert_eq!(sql_text(&views), expected);
    }

    #[test]
    fn views_that_seem_to_read_each_other_are_all_there() {
        let views = [view("a", Some("SELECT '\"b\"'")), view("b", Some("SELECT * FROM \"a\""))];
        assert_eq!(sql_text(&views).lines().count(), 2);
    }
}
