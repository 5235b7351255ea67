//! The points in time that the models hold as Unix seconds, as [`SystemTime`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// The time at a number of seconds after 1970-01-01 00:00:00 UTC, or before it; `None` where `SystemTime` cannot hold
/// it.
pub(crate) fn from_unix_seconds(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

/// Whole seconds since 1970-01-01 00:00:00 UTC, rounded down, and the nanoseconds beyond them.
fn to_unix(time: SystemTime) -> Option<(i64, u32)> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Some((i64::try_from(after.as_secs()).ok()?, after.subsec_nanos())),
        Err(error) => {
            let before = error.duration();
            let seconds = i64::try_from(before.as_secs()).ok()?.checked_neg()?;
            match before.subsec_nanos() {
                0 => Some((seconds, 0)),
                nanos => Some((seconds.checked_sub(1)?, 1_000_000_000 - nanos)),
            }
        }
    }
}

/// The Unix seconds of a time, rounded down; `None` where the API cannot hold them.
pub(crate) fn to_unix_seconds(time: SystemTime) -> Option<i64> {
    to_unix(time).map(|(seconds, _)| seconds)
}

/// A time as the API writes it in queries; `None` where it cannot be written.
pub(crate) fn to_date_time(time: SystemTime) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = to_unix(time)?;
    DateTime::from_timestamp(seconds, nanos)
}
