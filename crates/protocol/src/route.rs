//! The rows of the table of routes.

use schemars::{Schema, SchemaGenerator};

use crate::{Call, Parameter, RequestReader, Result, ServerEndpoint};

/// Every path also answers below this one.
pub const API_PREFIX: &str = "/api/v1";

/// Makes the JSON schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

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

/// The part of the server that answers a request.
#[derive(Debug, Clone, Copy)]
pub enum Endpoint {
    /// The service, to which the request is a [`Call`]. The function reads it.
    Call(fn(&mut RequestReader<'_>) -> Result<Call>),
    /// The server itself.
    Server(ServerEndpoint),
}

/// The body of a successful answer.
#[derive(Debug, Clone, Copy)]
pub enum AnswerBody {
    Empty,
    Text,
    Json(SchemaOf),
    /// JSON documents of this schema, each on a line of its own. A request with such an answer holds many calls, which
    /// carry in its body what a lone call has in its headers.
    Lines(SchemaOf),
}

/// A row of the table of routes.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The name of the call, in camel case.
    pub name: &'static str,
    pub summary: &'static str,
    pub method: Method,
    /// With the names of its variable segments in braces: `/databases/{db}/tables`.
    pub path: &'static str,
    /// The query parameters that the call can have.
    pub parameters: &'static [Parameter],
    /// The schema of the body of the request, if it has one.
    pub body: Option<SchemaOf>,
    /// The status of a successful answer.
    pub status: u16,
    pub answer: AnswerBody,
    pub endpoint: Endpoint,
}

impl Route {
    /// The names of the variable segments of the path, in order.
    pub fn segment_names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(variable)
    }

    /// The variable segments of a path of this route as they stand in it, still percent-encoded. `None` for a path of
    /// another route.
    pub fn segments_of<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut segments = Vec::new();
        let mut rest = path.split('/');
        for expected in self.path.split('/') {
            let segment = rest.next()?;
            match variable(expected) {
                Some(_) => segments.push(segment),
                None if segment == expected => {}
                None => return None,
            }
        }
        rest.next().is_none().then_some(segments)
    }
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_variable_segments_of_a_path() {
        let id = "t".to_owned();
        let route = Call::CommitTransaction { id }.route();
        assert_eq!(route.segments_of("/transactions/a%20b/commit"), Some(vec!["a%20b"]));
        for other in ["/transactions/a", "/transactions/a/rollback", "/transactions/a/commit/b", "/", ""] {
            assert_eq!(route.segments_of(other), None, "{other}");
        }
    }
}
