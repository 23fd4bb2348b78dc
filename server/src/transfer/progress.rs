//! What is going on, on stderr while it is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Draws nothing when stderr is no terminal.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} rows {per_sec} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }

    pub(crate) fn begin(&self, message: &str, rows: u64) {
        self.0.reset();
        self.0.set_length(rows);
        self.0.set_message(message.to_owned());
    }

    pub(crate) fn at(&self, row: u64) {
        self.0.set_position(row);
    }

    /// Takes the bar away while something is printed.
    pub(crate) fn pause(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Says that something is done that has no rows to count.
    pub(crate) fn say(&self, message: &str) {
        self.0.set_message(message.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
