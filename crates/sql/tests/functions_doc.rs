//! docs/sql.md lists the functions of the table of signatures. `PHANTOMDB_WRITE_DOCS=1 cargo test -p phantomdb-sql --test
//! functions_doc` writes the list.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use phantomdb_sql::typing::{Kind, Signature, all, unsupported_functions};

const BEGIN: &str = "<!-- The list below is written from the table of signatures. -->\n";
const END: &str = "<!-- The end of the list. -->\n";

#[test]
fn the_documents_list_every_function() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    let wanted = list();
    if std::env::var_os("PHANTOMDB_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert!(
        listed == wanted,
        "docs/sql.md lists other functions than the table of signatures; see this test's head"
    );
}

fn list() -> String {
    let mut families: Vec<&str> = Vec::new();
    let mut functions: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for signature in all().iter().filter(|row| is_shown(row)) {
        if !families.contains(&signature.family) {
            families.push(signature.family);
        }
        functions.entry((signature.family, signature.name)).or_default().push(shown(signature));
    }
    let mut text = String::new();
    for family in families {
        let _ = write!(text, "\n### {family}\n\n");
        for ((_, _), rows) in functions.iter().filter(|((of, _), _)| *of == family) {
            let _ = writeln!(text, "- {}", rows.join(", "));
        }
    }
    text.push_str("\n### Functions of PostgreSQL that SQLite does not have here\n\n");
    for (name, reason) in unsupported_functions() {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let _ = writeln!(text, "- `{name}`{reason}");
    }
    text.push('\n');
    text
}

/// Casts follow from the types, and helpers of the engine are not for users.
fn is_shown(signature: &Signature) -> bool {
    signature.name != "::" && signature.name != "to_json_of" && !signature.name.starts_with("phantomdb")
}

fn shown(signature: &Signature) -> String {
    let arguments = &signature.arguments;
    let first_default = arguments.len() - signature.defaults.len();
    let parts: Vec<String> = arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| {
            let name = argument.name();
            match (signature.variadic && index + 1 == arguments.len(), index >= first_default) {
                (true, _) => format!("{name}, …"),
                (false, true) => format!("[{name}]"),
                (false, false) => name,
            }
        })
        .collect();
    let call = match (signature.kind, parts.as_slice()) {
        (Kind::Infix, [left, right]) => format!("{left} {} {right}", signature.name),
        (Kind::Prefix, [only]) => format!("{} {only}", signature.name),
        (_, parts) if signature.ordered > 0 => {
            let (direct, ordered) = parts.split_at(parts.len() - signature.ordered);
            format!(
                "{}({}) WITHIN GROUP (ORDER BY {})",
                signature.name,
                direct.join(", "),
                ordered.join(", ")
            )
        }
        (_, parts) => format!("{}({})", signature.name, parts.join(", ")),
    };
    let rows = if signature.kind == Kind::Set { "rows of " } else { "" };
    let result = if signature.columns.len() > 1 {
        let columns: Vec<String> = signature
            .columns
            .iter()
            .map(|(name, data_type)| format!("{name} {}", data_type.name()))
            .collect();
        format!("({})", columns.join(", "))
    } else {
        signature.result.name()
    };
    format!("`{call} → {rows}{result}`")
}
