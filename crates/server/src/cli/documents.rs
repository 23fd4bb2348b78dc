//! What is made of the description of the command line: completions for shells, and man pages.

use std::io::{ErrorKind, Write as _, stdout};

use clap::{Args, Command};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::error::CommandError;

/// The commands that the npm package adds, and what they do.
const OF_NPM: [(&str, &str); 4] = [
    ("init", "Write a configuration and a first model into a project"),
    ("models", "Write Sequelize models for the tables of a database"),
    ("studio", "Open the console for a place of databases in a browser"),
    ("build-addon", "Build the addon where no prebuilt one fits"),
];

#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell. For bash: `phantomdb completions bash > ~/.local/share/bash-completion/completions/phantomdb`
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManOptions {
    /// The command that the page is about. Without one it is the program as a whole
    command: Option<String>,
}

pub(super) fn completions(options: &CompletionsOptions, cli: Command) -> Result<(), CommandError> {
    let mut cli =
        OF_NPM.iter().fold(cli, |cli, (name, about)| cli.subcommand(Command::new(*name).about(*about)));
    let mut text = Vec::new();
    generate(options.shell, &mut cli, "phantomdb", &mut text);
    print(&text)
}

pub(super) fn man(options: &ManOptions, mut cli: Command) -> Result<(), CommandError> {
    // Building fills in the whole names of the commands.
    cli.build();
    let command = match &options.command {
        None => cli,
        Some(name) => cli.find_subcommand(name).cloned().ok_or_else(|| no_page(name))?,
    };
    let mut page = Vec::new();
    let name = command.get_display_name().unwrap_or("phantomdb").to_owned();
    let written = Man::new(command).title(name.to_uppercase()).render(&mut page);
    written.map_err(|error| CommandError::failed(format!("the man page cannot be made: {error}")))?;
    print(&page)
}

fn no_page(name: &str) -> CommandError {
    CommandError::misused(match OF_NPM.iter().any(|(of_npm, _)| *of_npm == name) {
        true => format!("{name} has no man page; `npx phantomdb {name} --help` describes it"),
        false => format!("there is no command {name}; `phantomdb --help` lists them"),
    })
}

/// Writes to stdout. A reader that reads no further, such as `head`, has what it wanted.
fn print(text: &[u8]) -> Result<(), CommandError> {
    let mut out = stdout();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::failed(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
