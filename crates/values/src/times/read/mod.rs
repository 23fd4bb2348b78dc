//! Reads dates, times of day and timestamps in the forms that PostgreSQL reads.

mod fields;
mod parts;
mod reading;
mod words;

use parts::{parts, parts_of_time};
use words::Special;
pub(super) use words::is_word;

use phantomdb_protocol::Result;

use super::{
    calendar::Civil,
    errors::timestamp_out_of_range,
    value::{Date, MICROS_PER_DAY, MICROS_PER_SECOND, TimeOfDay, Timestamp},
    zone::Zone,
};
use reading::{Reading, Refusal};

impl Timestamp {
    /// Reads a timestamp without a zone. A zone in the text is read over, as PostgreSQL does.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        match Self::from_stored(text) {
            Some(stored) => Ok(stored),
            None => moment(text, false).map_err(|refusal| refusal.explain(text, "a timestamp")),
        }
    }

    /// Reads a timestamp with a zone, which is UTC when the text has none.
    pub fn read_with_zone(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        match Self::from_stored(text) {
            Some(stored) => Ok(stored),
            None => moment(text, true).map_err(|refusal| refusal.explain(text, "a timestamp")),
        }
    }
}

impl Date {
    /// Reads a date. A time in the text is checked, and left out.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        if let Some(date) = Self::from_stored(text).filter(|date| !date.is_finite() || date.civil().year > 0)
        {
            return Ok(date);
        }
        if let Some(at) = Timestamp::from_stored(text) {
            return Ok(at.date());
        }
        let read = || -> Reading<Self> {
            let parts = parts(text)?;
            match parts.special {
                Some(Special::Infinity) => return Ok(Self::INFINITY),
                Some(Special::NegativeInfinity) => return Ok(Self::NEGATIVE_INFINITY),
                Some(Special::Epoch) => return Ok(epoch().date()),
                None => {}
            }
            parts.micros_of_day()?;
            let civil = parts.date()?;
            Self::from_civil(civil).map_err(Refusal::Other)
        };
        read().map_err(|refusal| refusal.explain(text, "a date"))
    }
}

impl TimeOfDay {
    /// Reads a time of day. A date and a zone in the text are read over.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        if let Some(time) = Self::from_stored(text) {
            return Ok(time);
        }
        let read = || -> Reading<Self> {
            let parts = parts_of_time(text)?;
            // The rule of a zone needs a day.
            if parts.has_date() {
                parts.civil()?;
            } else if matches!(parts.zone, Some(Zone::Rules(_))) {
                return Err(Refusal::Form);
            }
            let micros = parts.micros_of_day()?.ok_or(Refusal::Form)?;
            Self::new(micros).map_err(|_| Refusal::Range)
        };
        read().map_err(|refusal| refusal.explain(text, "a time of day"))
    }
}

fn epoch() -> Timestamp {
    Timestamp(Civil::new(1970, 1, 1).days() * MICROS_PER_DAY)
}

fn moment(text: &str, with_zone: bool) -> Reading<Timestamp> {
    let parts = parts(text)?;
    match parts.special {
        Some(Special::Infinity) => return Ok(Timestamp::INFINITY),
        Some(Special::NegativeInfinity) => return Ok(Timestamp::NEGATIVE_INFINITY),
        Some(Special::Epoch) => return Ok(epoch()),
        None => {}
    }
    let of_day = parts.micros_of_day()?.unwrap_or(0);
    let local = parts
        .date()?
        .days()
        .checked_mul(MICROS_PER_DAY)
        .and_then(|midnight| midnight.checked_add(of_day))
        .ok_or_else(|| Refusal::Other(timestamp_out_of_range()))?;
    let offset = match &parts.zone {
        Some(zone) if with_zone => zone.offset_of_local(local).map_err(Refusal::Other)?,
        _ => 0,
    };
    offset
        .checked_mul(MICROS_PER_SECOND)
        .and_then(|offset| local.checked_sub(offset))
        .ok_or_else(timestamp_out_of_range)
        .and_then(Timestamp::new)
        .map_err(Refusal::Other)
}
