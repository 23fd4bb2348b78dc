//! Shows progress on stderr when that is a terminal.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use phantomdb_protocol::{Error, ErrorCode, Result};

pub(crate) struct Progress {
    bar: ProgressBar,
    /// How a step is shown that is counted.
    counted: fn() -> ProgressStyle,
    /// True once the user asked to stop.
    stop: Arc<AtomicBool>,
}

impl Progress {
    /// Draws nothing when stderr is no terminal.
    pub(crate) fn new(stop: Arc<AtomicBool>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(step());
        bar.set_message("read the tables");
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, counted, stop }
    }

    /// For work that is measured in bytes.
    pub(crate) fn bytes(stop: Arc<AtomicBool>) -> Self {
        let mut progress = Self::new(stop);
        progress.counted = in_bytes;
        progress.say("begin");
        progress
    }

    /// Counts from another place.
    pub(crate) fn counter(&self) -> Counter {
        Counter(self.bar.clone())
    }

    pub(crate) fn begin(&self, message: &str, rows: u64) {
        self.bar.reset();
        self.bar.set_style((self.counted)());
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
        self.bar.set_style(step());
        self.bar.set_message(message.to_owned());
    }
}

/// How a step without rows to count is shown.
fn step() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {spinner}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// How a step with rows is shown.
fn counted() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} rows {rate} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // It is not worth more than to leave it out when it cannot be written.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        })
}

/// How a step with bytes is shown.
fn in_bytes() -> ProgressStyle {
    ProgressStyle::with_template(
        "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Moves the bar on.
pub(crate) struct Counter(ProgressBar);

impl Counter {
    pub(crate) fn advance(&self, count: u64) {
        self.0.inc(count);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
