//! The query parameters: what follows the `?` of a URL.

use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::{Error, ErrorCode, Result};

/// How the value of a query parameter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    Text,
    /// A whole number, 0 or more.
    Count,
    /// `true` or `false`.
    Flag,
}

/// A query parameter of a call on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Parameter {
    Schema,
    Condition,
    OrderBy,
    Limit,
    Offset,
    Columns,
    All,
    IfExists,
}

impl Parameter {
    /// Every parameter, in the order of the enum.
    pub const ALL: [Self; 8] = [
        Self::Schema,
        Self::Condition,
        Self::OrderBy,
        Self::Limit,
        Self::Offset,
        Self::Columns,
        Self::All,
        Self::IfExists,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Condition => "condition",
            Self::OrderBy => "orderBy",
            Self::Limit => "limit",
            Self::Offset => "offset",
            Self::Columns => "columns",
            Self::All => "all",
            Self::IfExists => "ifExists",
        }
    }

    pub const fn value_type(self) -> ParameterType {
        match self {
            Self::Limit | Self::Offset => ParameterType::Count,
            Self::All | Self::IfExists => ParameterType::Flag,
            Self::Schema | Self::Condition | Self::OrderBy | Self::Columns => ParameterType::Text,
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Self::Schema => "The schema of the table, if it is not in the default one",
            Self::Condition => "One SQL expression",
            Self::OrderBy => "An SQL list of expressions with directions",
            Self::Columns => "An SQL list of columns and expressions",
            Self::All => "Must be true to change every row",
            Self::IfExists => "No error when there is no such table",
            Self::Limit => "Rows at most",
            Self::Offset => "Rows to leave out first",
        }
    }
}

/// The most characters of an unknown name in an error.
const NAME_MAX: usize = 40;

/// The values of the query parameters of one request.
#[derive(Debug, Default)]
pub(crate) struct Parameters([Option<String>; Parameter::ALL.len()]);

impl Parameters {
    /// Reads what follows the `?`. A parameter that no call has is refused: a misspelt `condition` must not mean
    /// "all rows". The error names it, and not its value.
    pub(crate) fn read(query: &str) -> Result<Self> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let parameter = Parameter::ALL.into_iter().find(|parameter| parameter.name() == name);
            let parameter = parameter.ok_or_else(|| unknown_parameter(name))?;
            if parameters.0[parameter as usize].replace(decoded(name, value)?).is_some() {
                return Err(refused(format!("the parameter {name} is given twice")));
            }
        }
        Ok(parameters)
    }

    pub(crate) const fn is_given(&self, parameter: Parameter) -> bool {
        self.0[parameter as usize].is_some()
    }

    /// Refuses a parameter that was given and not read, unless it is one of `known`.
    pub(crate) fn refuse_others_than(&self, known: &[Parameter]) -> Result<()> {
        let other = Parameter::ALL
            .into_iter()
            .find(|&parameter| self.is_given(parameter) && !known.contains(&parameter));
        let Some(other) = other else { return Ok(()) };
        let names: Vec<&str> = known.iter().map(|parameter| parameter.name()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(refused(format!(
            "this call does not take the parameter {} in its URL; it takes {names}",
            other.name()
        )))
    }

    pub(crate) const fn text(&mut self, parameter: Parameter) -> Option<String> {
        self.0[parameter as usize].take()
    }

    pub(crate) fn count(&mut self, parameter: Parameter) -> Result<Option<u64>> {
        let text = self.text(parameter).filter(|text| !text.is_empty());
        text.map(|text| text.parse())
            .transpose()
            .map_err(|_| refused(format!("{} must be a whole number, 0 or more", parameter.name())))
    }

    pub(crate) fn flag(&mut self, parameter: Parameter) -> Result<bool> {
        match self.text(parameter).as_deref() {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(refused(format!("{} must be true or false", parameter.name()))),
        }
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}

fn unknown_parameter(name: &str) -> Error {
    let [first @ .., last] = Parameter::ALL.map(Parameter::name);
    let name: String = name.chars().take(NAME_MAX).collect();
    refused(format!(
        "no call has the parameter {name:?} in its URL; there are {} and {last}",
        first.join(", ")
    ))
}

fn decoded(name: &str, value: &str) -> Result<String> {
    // A form writes a space as `+`, and a plus sign as `%2B`.
    let spaced = value.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(refused(format!("the parameter {name} must be percent-encoded UTF-8"))),
    }
}
