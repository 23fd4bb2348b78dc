//! Shows progress on stderr when that is a terminal.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use phantomdb_protocol::{Error, ErrorCode, Result};

pub(crate) struct Progress {
    bar: ProgressBar,
    /// True once the user asked to stop.
    stop: Arc<AtomicBool>,
}

impl Progress {
    /// Draws nothing when stderr is no terminal.
    pub(crate) fn new(stop: Arc<AtomicBool>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} rows {rate} {eta}");
        if let Ok(style) = style {
            bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                // It is not worth more than to leave it out when it cannot be written.
                let _ = write!(out, "{:.0}/s", state.per_sec());
            }));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, stop }
    }

    pub(crate) fn begin(&self, message: &str, rows: u64) {
        self.bar.reset();
        self.bar.set_length(rows);
        self.bar.set_message(message.to_owned());
    }

    /// Fails when the user asked to stop.
    pub(crate) fn at(&self, row: u64) -> Result<()> {
        self.bar.set_position(row);
        self.go_on()
    }

    pub(crate) fn go_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorCode::Unavailable, "it was told to stop"));
        }
        Ok(())
    }

    /// Hides the bar while something is printed or asked.
    pub(crate) fn paused<T>(&self, talk: impl FnOnce() -> T) -> T {
        self.bar.suspend(talk)
    }

    /// Shows a step that has no rows to count.
    pub(crate) fn say(&self, message: &str) {
        self.bar.set_message(message.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
