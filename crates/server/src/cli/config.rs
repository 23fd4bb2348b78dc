//! The file of `phantomdb serve --config FILE`: the same options as on the command line, as TOML.
//!
//! A key of the file becomes the option of its name, unless the option is on the command line or its environment variable is
//! set. So the file has the checks and the messages of the command line.

use std::{ffi::OsString, path::Path};

use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use super::error::CommandError;

const OPTION: &str = "--config";
const VARIABLE: &str = "PHANTOMDB_CONFIG";

/// Puts the options of the file before those on the command line `args`, which begins with the name of the program.
/// `variable` reads the environment.
pub(super) fn with_file(
    args: Vec<String>,
    serve: &Command,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<String>, CommandError> {
    let Some((program, given)) =
        args.split_at_checked(2).filter(|(program, _)| program[1] == serve.get_name())
    else {
        return Ok(args);
    };
    let from_variable = || variable(VARIABLE).and_then(|path| path.into_string().ok());
    let Some(path) = value_of(given, OPTION).or_else(from_variable) else { return Ok(args) };
    let table = read(Path::new(&path))?;
    let mut all = program.to_vec();
    for (key, value) in &table {
        let option = find(serve, key).ok_or_else(|| {
            CommandError::misused(format!(
                "{path} has the key {key}, which is no option of `phantomdb serve`; its keys are the options without --"
            ))
        })?;
        let is_in_environment = option.get_env().and_then(|name| name.to_str()).and_then(&variable).is_some();
        if is_in_environment || is_given(given, key) {
            continue;
        }
        let wrong = |what: &str| CommandError::misused(format!("{path}: {key} must be {what}"));
        match value {
            Value::Array(items) if matches!(option.get_action(), ArgAction::Append) => {
                for item in items {
                    let text = text(item).ok_or_else(|| wrong("a list of strings"))?;
                    all.push(format!("--{key}={text}"));
                }
            }
            Value::Boolean(on) if matches!(option.get_action(), ArgAction::SetTrue) => {
                if *on {
                    all.push(format!("--{key}"));
                }
            }
            value if matches!(option.get_action(), ArgAction::Set | ArgAction::Append) => {
                let text = text(value).ok_or_else(|| wrong("a string or a number"))?;
                all.push(format!("--{key}={text}"));
            }
            _ => return Err(wrong("true or false")),
        }
    }
    all.extend_from_slice(given);
    Ok(all)
}

fn read(path: &Path) -> Result<Table, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CommandError::misused(format!("--config {} cannot be read: {error}", path.display()))
    })?;
    text.parse()
        .map_err(|error| CommandError::misused(format!("--config {} is not TOML: {error}", path.display())))
}

/// The option that a key names. A file names no other file.
fn find<'a>(serve: &'a Command, key: &str) -> Option<&'a Arg> {
    serve
        .get_arguments()
        .find(|option| option.get_long() == Some(key))
        .filter(|_| format!("--{key}") != OPTION)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// The value of an option on the command line.
fn value_of(given: &[String], option: &str) -> Option<String> {
    let mut words = given.iter();
    while let Some(word) = words.next() {
        if word == option {
            return words.next().cloned();
        }
        if let Some(value) = word.strip_prefix(option).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

fn is_given(given: &[String], key: &str) -> bool {
    given.iter().filter_map(|word| word.strip_prefix("--")).any(|word| word.split('=').next() == Some(key))
}

#[cfg(test)]
mod tests {
    use phantomdb_engine::limits::LIMITS;

    use super::*;
    use crate::cli::serve_command;

    fn with_text(text: &str, given: &[&str], variables: &[&str]) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut args: Vec<String> = ["phantomdb", "serve", "--config"].map(str::to_owned).to_vec();
        args.push(file.path().to_str().unwrap().to_owned());
        args.extend(given.iter().map(|word| (*word).to_owned()));
        let expanded =
            with_file(args, &serve_command(), |name| variables.contains(&name).then(|| OsString::from("1")));
        expanded.map(|args| args[2..args.len() - 2 - given.len()].to_vec()).map_err(|error| error.message)
    }

    #[test]
    fn the_keys_of_the_file_are_options() {
        let text = "listen = '127.0.0.1:0'\nmemory = true\nno-native = false\nbody-max = 5\nallow-host = ['a', 'b']\n";
        let read = with_text(text, &[], &[]).unwrap();
        assert_eq!(
            read,
            ["--allow-host=a", "--allow-host=b", "--body-max=5", "--listen=127.0.0.1:0", "--memory"]
        );
    }

    #[test]
    fn the_command_line_and_the_environment_go_before_the_file() {
        let text = "listen = 'a'\nbody-max = 5\nlog-level = 'info'\n";
        assert_eq!(with_text(text, &["--listen=b"], &["PHANTOMDB_LOG_LEVEL"]).unwrap(), ["--body-max=5"]);
        assert_eq!(
            with_text(text, &["--body-max", "6"], &["PHANTOMDB_LISTEN"]).unwrap(),
            ["--log-level=info"]
        );
    }

    #[test]
    fn it_refuses_unknown_keys_and_values_of_another_type() {
        for (text, why) in [
            ("listne = 'a'", "listne"),
            ("config = 'a'", "config"),
            ("[listen]\na = 1", "listen"),
            ("memory = 'yes'", "true or false"),
            ("listen = true", "a string or a number"),
            ("listen = ", "not TOML"),
        ] {
            let message = with_text(text, &[], &[]).unwrap_err();
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    #[test]
    fn every_option_of_the_server_can_be_in_the_file() {
        for option in serve_command().get_arguments() {
            let known =
                [ArgAction::Set, ArgAction::Append, ArgAction::SetTrue, ArgAction::Help, ArgAction::Version];
            assert!(option.get_long().is_some(), "{option:?}");
            assert!(known.iter().any(|known| format!("{known:?}") == format!("{:?}", option.get_action())));
        }
    }

    #[test]
    fn the_file_sets_every_limit() {
        let serve = serve_command();
        for limit in LIMITS {
            let key = limit.flag;
            let option = find(&serve, key).unwrap();
            let is_duration =
                option.get_value_names().is_some_and(|names| names.iter().any(|name| *name == "DURATION"));
            let value = if is_duration { "7s" } else { "7" };
            for text in [format!("{key} = '{value}'"), format!("{key} = 7")] {
                let read = with_text(&text, &[], &[]).unwrap();
                let expected = if text.ends_with('7') { "7" } else { value };
                assert_eq!(read, [format!("--{key}={expected}")]);
                let set = serve.clone().try_get_matches_from(["serve", &read[0]]);
                let set = set.unwrap_or_else(|error| panic!("{text}: {error}"));
                let taken: Vec<_> = set.get_raw(option.get_id().as_str()).unwrap().collect();
                assert_eq!(taken, [expected], "{text}");
            }
            let wrong = with_text(&format!("{key} = 'nonsense'"), &[], &[]).unwrap();
            let refused = serve.clone().try_get_matches_from(["serve", &wrong[0]]).unwrap_err();
            assert!(refused.to_string().contains(key), "{key}: {refused}");
        }
    }
}
