//! A call as the parts of an HTTP request, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    DeleteRows, Error, ErrorCode, Find, Parameter, Result, TableName, json_text::read_json,
    parameters::Parameters,
};

/// The characters that stand for themselves in every part of a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A call as an HTTP request, without its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: Method,
    /// Below the URL of the server, with the query parameters.
    pub path: String,
    /// JSON.
    pub body: Option<Vec<u8>>,
}

/// Fills the template of a path. Each part is written in the order in which it stands in the path.
pub(crate) struct UrlWriter {
    /// The rest of the template.
    template: &'static str,
    path: String,
    /// With the `?`; empty without parameters.
    query: String,
}

impl UrlWriter {
    pub(crate) fn new(template: &'static str) -> Self {
        Self { template, path: String::with_capacity(64), query: String::new() }
    }

    /// Writes the next variable segment of the path.
    pub(crate) fn segment(mut self, text: &str) -> Self {
        if let Some((before, rest)) = self.template.split_once('{') {
            self.path.push_str(before);
            self.path.extend(utf8_percent_encode(text, ENCODED));
            self.template = rest.split_once('}').map_or("", |(_, rest)| rest);
        }
        self
    }

    fn parameter(mut self, parameter: Parameter, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.query.push(if self.query.is_empty() { '?' } else { '&' });
            self.query.push_str(parameter.name());
            self.query.push('=');
            self.query.extend(utf8_percent_encode(value, ENCODED));
        }
        self
    }

    fn flag(self, parameter: Parameter, value: bool) -> Self {
        self.parameter(parameter, value.then_some("true"))
    }

    fn count(self, parameter: Parameter, value: Option<u64>) -> Self {
        self.parameter(parameter, value.map(|count| count.to_string()).as_deref())
    }

    /// Writes the name of a table as a segment, and its schema as a parameter.
    pub(crate) fn table(self, table: &TableName) -> Self {
        self.segment(&table.name).parameter(Parameter::Schema, table.schema.as_deref())
    }

    pub(crate) fn find(self, find: &Find) -> Self {
        self.parameter(Parameter::Condition, find.condition.as_deref())
            .parameter(Parameter::OrderBy, find.order_by.as_deref())
            .parameter(Parameter::Columns, find.columns.as_deref())
            .count(Parameter::Limit, find.limit)
            .count(Parameter::Offset, find.offset)
    }

    pub(crate) fn delete(self, delete: &DeleteRows) -> Self {
        self.parameter(Parameter::Condition, delete.condition.as_deref()).flag(Parameter::All, delete.all)
    }

    pub(crate) fn if_exists(self, if_exists: &bool) -> Self {
        self.flag(Parameter::IfExists, *if_exists)
    }

    pub(crate) fn finish(mut self) -> String {
        self.path.push_str(self.template);
        self.path.push_str(&self.query);
        self.path
    }
}

/// The parts of a request that its call is read from. Its methods are those of `UrlWriter`, the other way.
#[derive(Debug)]
pub struct RequestReader<'a> {
    segments: std::vec::IntoIter<String>,
    /// The parameters that the route has.
    known: &'static [Parameter],
    parameters: Parameters,
    body: &'a [u8],
}

impl<'a> RequestReader<'a> {
    pub(crate) fn new(
        segments: Vec<String>,
        query: &str,
        known: &'static [Parameter],
        body: &'a [u8],
    ) -> Result<Self> {
        Ok(Self { segments: segments.into_iter(), known, parameters: Parameters::read(query)?, body })
    }

    pub(crate) fn segment(&mut self) -> Result<String> {
        self.segments.next().ok_or_else(|| Error::internal("the path has fewer segments than its call"))
    }

    pub(crate) fn table(&mut self) -> Result<TableName> {
        let schema = self.parameters.text(Parameter::Schema).filter(|schema| !schema.is_empty());
        Ok(TableName { name: self.segment()?, schema })
    }

    pub(crate) fn find(&mut self) -> Result<Find> {
        Ok(Find {
            limit: self.parameters.count(Parameter::Limit)?,
            offset: self.parameters.count(Parameter::Offset)?,
            condition: self.parameters.text(Parameter::Condition),
            order_by: self.parameters.text(Parameter::OrderBy),
            columns: self.parameters.text(Parameter::Columns),
        })
    }

    pub(crate) fn delete(&mut self) -> Result<DeleteRows> {
        Ok(DeleteRows {
            all: self.parameters.flag(Parameter::All)?,
            condition: self.parameters.text(Parameter::Condition),
        })
    }

    /// Refuses parameters that name rows, which a call on the table itself must not silently ignore.
    pub(crate) fn if_exists(&mut self) -> Result<bool> {
        if [Parameter::Condition, Parameter::All, Parameter::Limit]
            .iter()
            .any(|&parameter| self.parameters.is_given(parameter))
        {
            let message = "this call drops the table; DELETE …/rows deletes the rows of a condition";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        self.parameters.flag(Parameter::IfExists)
    }

    /// The call, once all that the request says is read. Refuses a parameter that other calls have and this one has not.
    pub(crate) fn finish<C>(&self, call: C) -> Result<C> {
        self.parameters.refuse_others_than(self.known)?;
        match self.segments.len() {
            0 => Ok(call),
            _ => Err(Error::internal("the path has more segments than its call")),
        }
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T> {
        read_body(self.body)
    }
}

pub(crate) fn write_body<T: Serialize + ?Sized>(body: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(body).map_err(|_| Error::internal("the call could not be written as JSON"))
}

/// Reads the body of a request as JSON. The error says where and what, and repeats no value: a body holds the user's
/// data.
pub fn read_body<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    read_json("the body", body)
}
