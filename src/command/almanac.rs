//! The almanac of a configuration: when a run is due, in which time zone, and when it is overdue.

use anyhow::anyhow;
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::Failure;
use crate::config::{Config, Schedule};
use crate::domain::schedule::{Almanac, Rhythm, expression};

/// A run that is later than this is overdue: a machine that was off for a night is not.
pub(crate) const OVERDUE: SignedDuration = SignedDuration::from_hours(24);

/// The schedule as configured; without `[schedule]` a weekly one.
pub(crate) fn almanac(config: &Config) -> Result<Almanac, Failure> {
    let schedule = config.schedule.clone().unwrap_or_default();
    let zone = match &schedule.zone {
        None => TimeZone::system(),
        Some(name) => TimeZone::get(name).map_err(|_| {
            Failure::bad_input(anyhow!(
                "{}: schedule.zone: this machine does not know {name}; install its time zones (Debian: tzdata)",
                config.file.display()
            ))
        })?,
    };
    Ok(Almanac::new(rhythm(&schedule), zone))
}

fn rhythm(schedule: &Schedule) -> Rhythm {
    match schedule.expression.as_deref().and_then(expression) {
        Some(cron) => Rhythm::Expression(Box::new(cron)),
        None => Rhythm::every(schedule.every, schedule.weekday, schedule.time),
    }
}
