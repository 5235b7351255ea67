//! Dates in the forms that HTTP and JSON want.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::Timestamp;

/// Reads an RFC 3339 date.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(Timestamp { seconds: date.unix_timestamp(), nanos: date.nanosecond() })
}

/// Writes an RFC 3339 date.
pub(crate) fn format(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.seconds)
        .and_then(|date| date.replace_nanosecond(at.nanos))
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// Writes the date of an HTTP header.
pub(crate) fn http(at: Timestamp) -> String {
    let whole = Duration::from_secs(at.seconds.unsigned_abs());
    let date = if at.seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    // The year 9999 is the last that the format knows.
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(date.unwrap_or(UNIX_EPOCH).clamp(UNIX_EPOCH, last))
}

/// The same, for this moment.
pub(crate) fn http_in(ahead: Duration) -> String {
    httpdate::fmt_http_date(SystemTime::now() + ahead)
}
