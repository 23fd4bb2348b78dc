//! Completes the error for a value that an ENUM column does not allow: PostgreSQL names the check and shows the row, and
//! the catalog has the values.

use phantomdb_protocol::{Error, TableName};
use phantomdb_sql::types::{SqlType, listed};

use crate::{catalog, connection::Connection, schemas::DEFAULT_SCHEMA};

/// Says in the error which value was refused and which are allowed. When the look-up fails, the error stays as it is.
pub(crate) async fn name_values(connection: &Connection, error: &mut Error) {
    let Some(row) = error.details.failing_row.take() else { return };
    let (Some(table), [column]) = (&error.details.table, error.details.columns.as_slice()) else { return };
    let (schema, name) = table.split_once('.').unwrap_or((DEFAULT_SCHEMA, table));
    let schema = Some(schema.to_owned()).filter(|schema| schema != DEFAULT_SCHEMA);
    let described = match catalog::describe(connection, &TableName { name: name.to_owned(), schema }).await {
        Ok(described) => described,
        Err(error) => {
            tracing::debug!(%error, "the values of an ENUM could not be found out");
            return;
        }
    };
    let Some(index) = described.columns.iter().position(|known| known.name == *column) else { return };
    let Ok(SqlType::Enum(values)) = SqlType::parse(&described.columns[index].data_type) else { return };
    let value = value_at(&row, index, described.columns.len());
    let what = value.map_or_else(|| "a value".to_owned(), |value| format!("the value '{value}'"));
    error.message = format!(
        "{what} is not one of those that the column \"{column}\" allows; it takes {}",
        listed(&values)
    );
}

/// The value of a column in a row such as `1, x, null`. None when a value has a comma, so that they cannot be told apart.
fn value_at(row: &str, index: usize, width: usize) -> Option<&str> {
    let values: Vec<&str> = row.split(", ").collect();
    values.get(index).copied().filter(|_| values.len() == width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_found_where_values_can_be_told_apart() {
        assert_eq!(value_at("1, x, null", 1, 3), Some("x"));
        assert_eq!(value_at("1, x, y, null", 1, 3), None);
    }
}
