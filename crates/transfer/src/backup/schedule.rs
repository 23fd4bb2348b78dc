//! Backups into a directory: one, or one after the other, of which the newest are kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use phantomdb_protocol::{Error, Result};

use super::{
    copy,
    file::{checksum_path, not_written},
};
use crate::{endpoint::Endpoint, say};

/// How often the wait for the next backup looks whether it is to stop.
const LOOK_AFTER: Duration = Duration::from_millis(200);
/// The form of the time in the name of a file, in UTC, and its length.
const TIME: &str = "%Y%m%dT%H%M%SZ";
const TIME_LENGTH: usize = 16;

/// Makes backups in the directory. A backup that fails is tried again at the next time, and deletes nothing.
pub(super) async fn run(
    place: &Endpoint,
    database: &str,
    directory: &Path,
    (every, keep): (Option<Duration>, Option<u32>),
    stop: Arc<AtomicBool>,
) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| not_written(directory, &error))?;
    loop {
        let begun = Instant::now();
        let made = one(place, database, directory, keep, &stop).await;
        let Some(every) = every else { return made };
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Err(error) = made {
            say(&format!(
                "no backup was made: {}; the next attempt is in {} s\n",
                error.message,
                every.as_secs()
            ));
        }
        while begun.elapsed() < every {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AFTER.min(every.saturating_sub(begun.elapsed()))).await;
        }
    }
}

async fn one(
    place: &Endpoint,
    database: &str,
    directory: &Path,
    keep: Option<u32>,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC).strftime(TIME).to_string();
    copy(place, database, &directory.join(format!("{database}-{now}.db")), Arc::clone(stop)).await?;
    let Some(keep) = keep else { return Ok(()) };
    let made = backups(database, directory).map_err(|error| not_written(directory, &error))?;
    for old in made.iter().rev().skip(usize::try_from(keep).unwrap_or(usize::MAX)) {
        delete(old).map_err(|error| {
            Error::internal(format!("{} cannot be deleted: {}", old.display(), error.kind()))
        })?;
        say(&format!("{}: deleted\n", old.display()));
    }
    Ok(())
}

/// The backups of the database in the directory, the oldest first. No other file has such a name.
fn backups(database: &str, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let is_backup = |name: &str| {
        let time = name.strip_prefix(database).and_then(|rest| rest.strip_prefix('-')?.strip_suffix(".db"));
        time.is_some_and(|time| {
            time.len() == TIME_LENGTH
                && time.bytes().enumerate().all(|(at, byte)| match at {
                    8 => byte == b'T',
                    15 => byte == b'Z',
                    _ => byte.is_ascii_digit(),
                })
        })
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_backup) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Deletes the checksum first: a file without one is still a database.
fn delete(backup: &Path) -> io::Result<()> {
    match fs::remove_file(checksum_path(backup)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::remove_file(backup)
}

pub(super) fn interval(text: &str) -> std::result::Result<Duration, String> {
    let wrong = || "it is written like 90s, 15m, 1h or 1d".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: u64 = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u32 = digits.parse().map_err(|_| wrong())?;
    if count == 0 { Err(wrong()) } else { Ok(Duration::from_secs(u64::from(count) * seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_intervals() {
        let read = |text: &str| interval(text).map(|interval| interval.as_secs());
        assert_eq!(["90s", "15m", "1h", "1d"].map(read), [Ok(90), Ok(900), Ok(3_600), Ok(86_400)]);
        assert!(["", "1", "0s", "-1h", "1.5h", "1w"].into_iter().all(|text| interval(text).is_err()));
    }

    #[test]
    fn it_takes_no_other_file_for_a_backup() {
        let directory = tempfile::tempdir().unwrap();
        let names = ["shop-20260101T000000Z.db", "shop-20250101T000000Z.db"];
        let others = [
            "shop.db",
            "shop-20260101T000000Z.db.sha256",
            "shop-2-20260101T000000Z.db",
            "shop-2026xx01T000000Z.db",
        ];
        for name in names.iter().chain(&others) {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let found = backups("shop", directory.path()).unwrap();
        assert_eq!(found, [directory.path().join(names[1]), directory.path().join(names[0])]);
    }
}
