//! Tables of text for people.

use super::model::Loss;

/// Returns the losses, one line each.
pub(crate) fn losses(losses: &[Loss]) -> String {
    let mut rows = vec![["table", "column", "is", "becomes", "because"].map(str::to_owned)];
    rows.extend(losses.iter().map(|loss| {
        [&loss.table, &loss.what, &loss.from, &loss.to, &loss.why].map(|text| text.replace('\n', " "))
    }));
    aligned(&rows)
}

/// Returns the number of rows of each table in the source and in the target.
pub(crate) fn counts(tables: &[(String, u64, u64)]) -> String {
    let mut rows = vec![["table", "source rows", "target rows", ""].map(str::to_owned)];
    rows.extend(tables.iter().map(|(table, source, target)| {
        let verdict = if source == target { "ok" } else { "DIFFERENT" };
        [table.clone(), source.to_string(), target.to_string(), verdict.to_owned()]
    }));
    aligned(&rows)
}

fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width.saturating_sub(cell.chars().count()) + 2;
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', pad));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let text = counts(&[("a".into(), 1, 1), ("longer".into(), 10, 9)]);
        assert_eq!(
            text,
            "table   source rows  target rows\na       1            1            ok\n\
             longer  10           9            DIFFERENT\n"
        );
    }
}
