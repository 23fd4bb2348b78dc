//! A diagram of entities and relations as a picture.

use std::fmt::Write as _;

use phantomdb_protocol::TableSchema;

use super::{
    layout::{Point, Size, layout},
    relations::{is_foreign_key, relations},
};
use crate::format::{harmless, width};

/// The sizes, in pixels, of a line of text and of a character of the monospaced font.
const LINE: f64 = 20.0;
const CHARACTER: f64 = 7.4;
const PADDING: f64 = 10.0;
const MARGIN: f64 = 20.0;
/// The most characters of a name or a type.
const TEXT_MAX: usize = 40;

const STYLE: &str = "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1f2328}\
    .name{font-weight:bold}.type{fill:#656d76}.box{fill:#fff;stroke:#8c959f}.head{fill:#ddf4ff;stroke:#8c959f}\
    .line{fill:none;stroke:#0969da;stroke-width:1.5}.end{fill:#0969da}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.type{fill:#8b949e}.box{fill:#161b22;stroke:#6e7681}\
    .head{fill:#0c2d6b;stroke:#6e7681}.line{stroke:#58a6ff}.end{fill:#58a6ff}}";

pub(super) fn text(schemas: &[TableSchema]) -> String {
    let sizes: Vec<Size> = schemas.iter().map(size).collect();
    let relations = relations(schemas);
    let edges: Vec<(usize, usize)> =
        relations.iter().map(|relation| (relation.child, relation.parent)).collect();
    let (places, whole) = layout(&sizes, &edges);
    let (width, height) = (whole.width + 2.0 * MARGIN, whole.height + 2.0 * MARGIN);
    let mut svg = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"{:.0} {:.0} \
         {width:.0} {height:.0}\" role=\"img\">\n<title>The tables of a database and their foreign keys</title>\n\
         <style>{STYLE}</style>",
        -MARGIN, -MARGIN
    );
    for relation in &relations {
        let (child, parent) = (relation.child, relation.parent);
        let from = (places[child], sizes[child], row_of(&schemas[child], relation.columns));
        let to = (places[parent], sizes[parent], row_of(&schemas[parent], &relation.reference.columns));
        line(&mut svg, from, to, child == parent);
    }
    for ((schema, place), size) in schemas.iter().zip(&places).zip(&sizes) {
        table(&mut svg, schema, *place, *size);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A text that is not too long, without characters that XML forbids.
fn shown(text: &str) -> String {
    let text = harmless(text);
    if text.chars().count() <= TEXT_MAX {
        return text.into_owned();
    }
    text.chars().take(TEXT_MAX - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[expect(clippy::cast_precision_loss, reason = "no text and no table is that long")]
fn pixels(characters: usize) -> f64 {
    characters as f64 * CHARACTER
}

#[expect(clippy::cast_precision_loss, reason = "no table has that many columns")]
fn lines(count: usize) -> f64 {
    count as f64 * LINE
}

fn column_text(schema: &TableSchema, at: usize) -> (String, String) {
    let column = &schema.columns[at];
    let is_key = schema.primary_key.contains(&column.name);
    let mark = match (is_key, is_foreign_key(schema, &column.name)) {
        (true, _) => "● ",
        (false, true) => "○ ",
        (false, false) => "  ",
    };
    let null = if column.allow_null && !is_key { "?" } else { "" };
    (format!("{mark}{}", shown(&column.name)), format!("{}{null}", shown(&column.data_type)))
}

fn size(schema: &TableSchema) -> Size {
    let head = width(&shown(&schema.table.label()));
    let rows = (0..schema.columns.len()).map(|at| {
        let (name, data_type) = column_text(schema, at);
        width(&name) + 2 + width(&data_type)
    });
    let widest = rows.chain([head]).max().unwrap_or_default();
    Size { width: pixels(widest) + 2.0 * PADDING, height: lines(schema.columns.len() + 1) + PADDING }
}

/// The middle of the row of a column, from the top of its box.
fn row_of(schema: &TableSchema, columns: &[String]) -> f64 {
    let first =
        columns.first().and_then(|name| schema.columns.iter().position(|column| column.name == *name));
    lines(first.map_or(0, |at| at + 1)) + LINE / 2.0
}

fn table(svg: &mut String, schema: &TableSchema, Point { x, y }: Point, Size { width, height }: Size) {
    let name = escaped(&shown(&schema.table.label()));
    let _ = writeln!(
        svg,
        "<g><rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"5\"/>\
         <rect class=\"head\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{LINE:.1}\" rx=\"5\"/>\
         <text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
        x + PADDING,
        y + 14.0
    );
    for at in 0..schema.columns.len() {
        let (name, data_type) = column_text(schema, at);
        let base = y + lines(at + 1) + 15.0;
        let _ = writeln!(
            svg,
            "<text xml:space=\"preserve\" x=\"{:.1}\" y=\"{base:.1}\">{}</text>\
             <text class=\"type\" text-anchor=\"end\" x=\"{:.1}\" y=\"{base:.1}\">{}</text>",
            x + PADDING,
            escaped(&name),
            x + width - PADDING,
            escaped(&data_type)
        );
    }
    svg.push_str("</g>\n");
}

/// A line from the column of a key to the one that it points to, which has a dot.
fn line(svg: &mut String, from: (Point, Size, f64), to: (Point, Size, f64), is_own: bool) {
    let (from_place, from_size, from_row) = from;
    let (to_place, to_size, to_row) = to;
    let (start_y, end_y) = (from_place.y + from_row, to_place.y + to_row);
    let is_to_the_left = to_place.x + to_size.width < from_place.x;
    let start_x = if is_to_the_left { from_place.x } else { from_place.x + from_size.width };
    let end_x = to_place.x + to_size.width;
    let bend = if is_to_the_left { (start_x - end_x) / 2.0 } else { 40.0 };
    let start_bend = if is_to_the_left { start_x - bend } else { start_x.max(end_x) + bend };
    let end_bend =
        if is_own { start_bend } else { end_x.max(if is_to_the_left { end_x } else { start_x }) + bend };
    let _ = writeln!(
        svg,
        "<path class=\"line\" d=\"M{start_x:.1} {start_y:.1}C{start_bend:.1} {start_y:.1} {end_bend:.1} {end_y:.1} \
         {end_x:.1} {end_y:.1}\"/><circle class=\"end\" cx=\"{end_x:.1}\" cy=\"{end_y:.1}\" r=\"4\"/>"
    );
}

#[cfg(test)]
mod tests {
    use crate::schema::testing::shop;

    #[test]
    fn a_picture_has_each_table_and_each_key_and_no_markup_of_a_name() {
        let svg = super::text(&shop());
        assert_eq!(svg.matches("<g>").count(), 5);
        assert_eq!(svg.matches("class=\"line\"").count(), 4);
        assert!(svg.contains("a &quot;&lt;b&gt;&quot;</text>"), "{svg}");
        assert!(svg.contains("x&lt;&amp;y</text>"), "{svg}");
        assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    }
}
