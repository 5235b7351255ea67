//! Dates in the formats of HTTP headers and of JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::Timestamp;

pub(crate) fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(Timestamp { seconds: date.unix_timestamp(), nanos: date.nanosecond() })
}

/// Formats a date as RFC 3339. Returns an empty string for a date that RFC 3339 cannot express.
pub(crate) fn format_rfc3339(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.seconds)
        .and_then(|date| date.replace_nanosecond(at.nanos))
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// Formats a date as an HTTP header value. Dates out of the range of the format are clamped to it.
pub(crate) fn format_http_date(at: Timestamp) -> String {
    let distance = Duration::from_secs(at.seconds.unsigned_abs());
    let date =
        if at.seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    // The format ends with the year 9999.
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(date.unwrap_or(UNIX_EPOCH).clamp(UNIX_EPOCH, last))
}

/// Formats the date that lies `duration` after now as an HTTP header value.
pub(crate) fn http_date_after(duration: Duration) -> String {
    httpdate::fmt_http_date(SystemTime::now() + duration)
}
