//! The forms in which a result is written.

mod cell;
mod csv;
mod json;
mod markdown;
mod pages;
mod rows;
mod table;
pub(crate) mod terminal;
mod vertical;
mod width;

use std::io::{self, Write};

use clap::ValueEnum;

use pages::Ahead;

pub(crate) use cell::{harmless, harmless_lines};
pub(crate) use pages::{Pages, Whole};
pub(crate) use rows::count;
use terminal::Terminal;
pub(crate) use width::width;

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An aligned table, or one line for each value when the table is wider than the terminal
    Auto,
    /// An aligned table
    Table,
    /// One line for each value
    Vertical,
    /// Comma-separated values; NULL is an empty field, and an empty text is a pair of quotes
    Csv,
    /// An array of objects
    Json,
    /// A table of Markdown
    Markdown,
}

impl Format {
    /// The names of the formats, for messages.
    pub(crate) fn names() -> Vec<String> {
        let values = Self::value_variants().iter();
        values.filter_map(Self::to_possible_value).map(|value| value.get_name().to_owned()).collect()
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The format that a name means.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::from_str(name, true).ok()
    }

    /// The format of a file with this name.
    pub(crate) fn of_file(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "json" => Self::Json,
            "md" => Self::Markdown,
            "txt" => Self::Table,
            _ => return None,
        })
    }

    /// True for a format that programs read.
    pub(crate) fn is_for_programs(self) -> bool {
        matches!(self, Self::Csv | Self::Json)
    }
}

/// The bytes of rows that are measured for the columns of a table, before its first line is written.
const MEASURED: usize = 256 << 10;

/// Writes a result.
pub(crate) fn write(
    out: &mut dyn Write,
    pages: &mut dyn Pages,
    format: Format,
    terminal: Terminal,
) -> io::Result<()> {
    match format {
        Format::Auto | Format::Table => {
            let mut pages = Ahead::read(pages, MEASURED)?;
            let widths = table::Widths::measure(pages.columns(), pages.seen())?;
            let is_wide = terminal.width.is_some_and(|width| widths.total() > width);
            if format == Format::Auto && is_wide {
                return vertical::write(out, &mut pages, terminal);
            }
            table::write(out, &mut pages, widths, terminal)
        }
        Format::Vertical => vertical::write(out, pages, terminal),
        Format::Csv => csv::write(out, pages, terminal.width.is_some()),
        Format::Json => json::write(out, pages),
        Format::Markdown => markdown::write(out, pages),
    }
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::{Column, ColumnType, ResultSet};

    use super::*;

    fn result(columns: &[(&str, ColumnType)], rows: &str) -> ResultSet {
        let columns = columns.iter().map(|(name, column_type)| Column::new(*name, *column_type)).collect();
        let rows = serde_json::value::RawValue::from_string(rows.to_owned()).unwrap();
        ResultSet { columns, rows, affected_rows: 0 }
    }

    fn hostile() -> ResultSet {
        result(
            &[("id", ColumnType::Integer), ("na|me\n", ColumnType::String), ("x", ColumnType::String)],
            r#"[[1,"Ada \"A\", |x|\nL\u001b[31m","日本"],[20,null,"👩‍💻"],[3,"",""]]"#,
        )
    }

    fn written(result: &ResultSet, format: Format, width: Option<usize>) -> String {
        let mut out = Vec::new();
        let mut pages = Whole::new(std::slice::from_ref(result));
        write(&mut out, &mut pages, format, Terminal { width, has_colours: false }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_is_aligned_by_the_width_of_its_characters() {
        let text = written(&hostile(), Format::Table, None);
        let lines: Vec<&str> = text.lines().collect();
        let at = |line: &str| width(&line[..line.find(" | ").unwrap_or(0)]);
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["id", "|", r"na|me\n", "|", "x"]);
        assert!(lines[2].starts_with(r#"  1 | Ada "A", |x|\nL\u{1b}[31m | 日本"#), "{text}");
        assert_eq!(lines[3], " 20 | NULL                      | 👩‍💻");
        assert!(lines[2..5].iter().all(|line| at(line) == 3), "{text}");
        assert_eq!(lines[5], "(3 rows)");
    }

    #[test]
    fn a_table_that_is_too_wide_for_the_terminal_becomes_a_list() {
        assert_eq!(written(&hostile(), Format::Auto, Some(200)), written(&hostile(), Format::Table, None));
        assert_eq!(
            written(&hostile(), Format::Auto, Some(20)),
            written(&hostile(), Format::Vertical, Some(20))
        );
        let text = written(&hostile(), Format::Vertical, None);
        assert!(text.starts_with("-[ row 1 ]-"), "{text}");
        assert!(text.contains("id      | 1\n"), "{text}");
        assert!(text.contains("na|me\\n | NULL\n"), "{text}");
    }

    #[test]
    fn csv_tells_null_from_the_empty_text_and_quotes_what_it_must() {
        let text = written(&hostile(), Format::Csv, None);
        let expected = "id,\"na|me\n\",x\n1,\"Ada \"\"A\"\", |x|\nL\u{1b}[31m\",日本\n20,,👩‍💻\n3,\"\",\"\"\n";
        assert_eq!(text, expected);
        assert!(!written(&hostile(), Format::Csv, Some(80)).contains('\u{1b}'));
    }

    #[test]
    fn json_is_an_array_of_objects_that_can_be_read_back() {
        let text = written(&hostile(), Format::Json, None);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read[0]["na|me\n"], "Ada \"A\", |x|\nL\u{1b}[31m");
        assert!(!text.contains('\u{1b}'));
        let c1 = result(&[("a", ColumnType::String)], "[[\"\u{9b}\u{202e}\"]]");
        assert_eq!(written(&c1, Format::Json, None), "[\n{\"a\":\"\\u009b\\u202e\"}\n]\n");
        assert_eq!(written(&result(&[("a", ColumnType::Any)], "[]"), Format::Json, None), "[]\n");
        let twice = result(&[("a", ColumnType::Any), ("a", ColumnType::Any)], "[[1,2]]");
        let mut pages = Whole::new(std::slice::from_ref(&twice));
        let error = write(&mut Vec::new(), &mut pages, Format::Json, Terminal::default()).unwrap_err();
        assert!(error.to_string().contains("two columns are called \"a\""));
    }

    #[test]
    fn markdown_escapes_its_own_marks() {
        let text = written(&hostile(), Format::Markdown, None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r"| id | na\|me\\n | x |");
        assert_eq!(lines[1], "| ---: | --- | --- |");
        assert_eq!(lines[2], r#"| 1 | Ada "A", \|x\|\\nL\\u{1b}[31m | 日本 |"#);
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn a_file_has_the_format_of_its_ending() {
        assert_eq!(Format::of_file("a/b.CSV"), Some(Format::Csv));
        assert_eq!(Format::of_file("x.md"), Some(Format::Markdown));
        assert_eq!(Format::of_file("x.xlsx"), None);
    }
}
