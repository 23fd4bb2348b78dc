//! What stands behind the `?` of a URL.

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use phantomdb_protocol::{DeleteRows, ErrorCode, Find, TableName};

use super::answer::HttpError;

/// Every parameter a call on a table can have. One that is not known is refused: a misspelt `condition` must not
/// mean "all rows".
#[derive(Debug, Default)]
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
        let mut query = Self::default();
        let text = parts.uri.query().unwrap_or_default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = query.slot(name)?;
            if slot.replace(decoded(name, value)?).is_some() {
                return Err(refused(format!("the parameter {name} is given twice")));
            }
        }
        Ok(query)
    }
}

fn refused(message: impl Into<String>) -> HttpError {
    HttpError::new(ErrorCode::BadRequest, message)
}

fn decoded(name: &str, value: &str) -> Result<String, HttpError> {
    // A form writes a space as `+`, and a plus sign as `%2B`.
    let spaced = value.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(refused(format!("the parameter {name} must be percent-encoded UTF-8"))),
    }
}

impl TableQuery {
    fn slot(&mut self, name: &str) -> Result<&mut Option<String>, HttpError> {
        Ok(match name {
            "schema" => &mut self.schema,
            "condition" => &mut self.condition,
            "orderBy" => &mut self.order_by,
            "limit" => &mut self.limit,
            "offset" => &mut self.offset,
            "columns" => &mut self.columns,
            "all" => &mut self.all,
            "ifExists" => &mut self.if_exists,
            _ => {
                return Err(refused(
                    "a parameter of the URL is not known; there are schema, condition, orderBy, limit, offset, \
                     columns, all and ifExists",
                ));
            }
        })
    }

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
