//! A diagram of entities and relations for Mermaid.

use phantomdb_protocol::TableSchema;

use super::relations::{is_foreign_key, is_unique, relations};

pub(super) fn text(schemas: &[TableSchema]) -> String {
    let mut text = String::from("erDiagram\n");
    let names: Vec<String> = schemas.iter().enumerate().map(|(at, schema)| entity(at, schema)).collect();
    for (schema, name) in schemas.iter().zip(&names) {
        let shown = schema.table.label();
        let head = if *name == shown { name.clone() } else { format!("{name}[\"{}\"]", quoted(&shown)) };
        text.push_str(&format!("    {head} {{\n"));
        for column in &schema.columns {
            let mut keys = Vec::new();
            if schema.primary_key.contains(&column.name) {
                keys.push("PK");
            }
            if is_foreign_key(schema, &column.name) {
                keys.push("FK");
            }
            let plain = word(&column.name);
            let comment =
                if plain == column.name { String::new() } else { format!(" \"{}\"", quoted(&column.name)) };
            let keys = if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) };
            text.push_str(&format!("        {} {plain}{keys}{comment}\n", data_type(&column.data_type)));
        }
        text.push_str("    }\n");
    }
    for relation in relations(schemas) {
        let child = &schemas[relation.child];
        let may_be_null =
            child.columns.iter().any(|column| column.allow_null && relation.columns.contains(&column.name));
        let one = if may_be_null { "|o" } else { "||" };
        let many = if is_unique(child, relation.columns) { "o|" } else { "o{" };
        let label = quoted(&relation.columns.join(", "));
        let (parent, child) = (&names[relation.parent], &names[relation.child]);
        text.push_str(&format!("    {parent} {one}--{many} {child} : \"{label}\"\n"));
    }
    text
}

/// The name of a table, or an own one where Mermaid cannot write it.
fn entity(at: usize, schema: &TableSchema) -> String {
    let name = schema.table.to_string();
    let is_plain = word(&name) == name && !name.contains('-');
    if is_plain { name } else { format!("table{at}") }
}

/// A name of the letters that Mermaid takes.
fn word(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain } else { format!("c_{plain}") }
}

/// A type as one word. The values of an ENUM are left out.
fn data_type(written: &str) -> String {
    let (name, rest) = written.split_once('(').unwrap_or((written, ""));
    let name = word(name.trim());
    match rest.split_once(')') {
        Some((numbers, more))
            if numbers.bytes().all(|byte| byte.is_ascii_digit() || b", ".contains(&byte)) =>
        {
            let more = if more.contains("[]") { "[]" } else { "" };
            format!("{name}({}){more}", numbers.replace(", ", "_").replace(',', "_"))
        }
        _ => name,
    }
}

fn quoted(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().replace('"', "#quot;")
}

#[cfg(test)]
mod tests {
    use crate::schema::testing::shop;

    #[test]
    fn a_diagram_has_the_tables_and_their_relations() {
        let text = super::text(&shop());
        assert!(text.starts_with(
            "erDiagram\n    users {\n        INTEGER id PK\n        INTEGER parentId FK\n    }\n"
        ));
        assert!(text.contains("    table1[\"a #quot;<b>#quot;\"] {\n"), "{text}");
        assert!(text.contains("        DECIMAL(10_2) x__y \"x<&y\"\n"), "{text}");
        assert!(text.contains("    users |o--o{ table1 : \"userId\"\n"), "{text}");
        assert!(text.contains("    users |o--o{ users : \"parentId\"\n"), "{text}");
    }
}
