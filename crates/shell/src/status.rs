//! `phantomdb status`: what is at a URL, and whether it answers.

use std::{io::Write as _, time::Instant};

use clap::Args;
use tokio::runtime::Handle;

use crate::{
    connection::Connection,
    failure::{Failure, Result, output_failed},
    format::{self, Format, Whole},
    interrupts::Interrupts,
    listing::listing,
    names::listed,
    open::{OnCtrlC, UrlOption, close, connect, on_own_thread},
    output::Screen,
};

#[derive(Debug, Args)]
pub struct StatusOptions {
    #[command(flatten)]
    url: UrlOption,
    /// The form of the answer
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    format: Format,
}

/// Runs `phantomdb status`. Fails with the exit code 3 when nothing answers there.
pub async fn status(options: StatusOptions) -> Result<()> {
    on_own_thread(OnCtrlC::End, move |runtime, interrupts| run(&options, &runtime, &interrupts)).await
}

fn run(options: &StatusOptions, runtime: &Handle, interrupts: &Interrupts) -> Result<()> {
    let place = options.url.place()?;
    if place.is_memory() {
        return Err(Failure::misused(
            "memory: is in the process that opened it; name a directory or a server",
        ));
    }
    let connection = connect(&place, runtime, interrupts)?;
    let outcome = show(&connection, options.format);
    close(connection, outcome)
}

fn show(connection: &Connection, format: Format) -> Result<()> {
    let begun = Instant::now();
    let info = connection.info()?;
    let taken = begun.elapsed();
    let databases = connection.databases()?;
    let text = |text: &str| Some(text.to_owned());
    let rows = [
        [text("url"), text(connection.url())],
        [text("version"), text(&info.version)],
        [text("engine"), Some(format!("{} {}", info.engine.name, info.engine.version))],
        [text("databases"), Some(databases.len().to_string())],
        [text("names"), Some(listed(databases.iter().map(String::as_str)))],
        [text("answered in"), Some(format!("{:.1} ms", taken.as_secs_f64() * 1_000.0))],
    ];
    let mut out = std::io::stdout().lock();
    let result = listing(["what", "value"], &rows);
    format::write(&mut out, &mut Whole::new(&[result]), format, Screen::of_stdout().terminal())
        .and_then(|()| out.flush())
        .map_err(|error| output_failed(&error))
}
