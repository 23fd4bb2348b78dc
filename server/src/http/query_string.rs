//! What stands behind the `?` of a URL.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use phantomdb_protocol::{DeleteRows, ErrorCode, Find, TableName};
use serde::Deserialize;

use super::answer::HttpError;

/// Every parameter a call on a table can have. One that is not known is refused: a misspelt `condition` must not
/// mean "all rows".
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TableQuery {
    schema: Option<String>,
    condition: Option<String>,
    order_by: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
    columns: Option<String>,
    all: Option<String>,
    if_exists: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for TableQuery {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Query::<Self>::try_from_uri(&parts.uri).map(|Query(query)| query).map_err(|_| {
            HttpError::new(
                ErrorCode::BadRequest,
                "the query string cannot be read: it takes schema, condition, orderBy, limit, offset, columns, all \
                 and ifExists, each once and percent-encoded",
            )
        })
    }
}

impl TableQuery {
    pub(super) fn table(&mut self, name: String) -> TableName {
        TableName { name, schema: self.schema.take().filter(|schema| !schema.is_empty()) }
    }

    pub(super) fn find(self) -> Result<Find, HttpError> {
        Ok(Find {
            limit: count(self.limit, "limit")?,
            offset: count(self.offset, "offset")?,
            condition: self.condition,
            order_by: self.order_by,
            columns: self.columns,
        })
    }

    pub(super) fn delete(self) -> Result<DeleteRows, HttpError> {
        Ok(DeleteRows { all: flag(self.all, "all")?, condition: self.condition })
    }

    /// Whether it names rows, which a call on the table itself must not silently ignore.
    pub(super) const fn is_about_rows(&self) -> bool {
        self.condition.is_some() || self.all.is_some() || self.limit.is_some()
    }

    pub(super) fn if_exists(self) -> Result<bool, HttpError> {
        flag(self.if_exists, "ifExists")
    }
}

fn count(text: Option<String>, name: &str) -> Result<Option<u64>, HttpError> {
    text.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose().map_err(|_| {
        HttpError::new(ErrorCode::BadRequest, format!("{name} must be a whole number, 0 or more"))
    })
}

fn flag(text: Option<String>, name: &str) -> Result<bool, HttpError> {
    match text.as_deref() {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(HttpError::new(ErrorCode::BadRequest, format!("{name} must be true or false"))),
    }
}
