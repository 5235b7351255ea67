//! Timestamps with the range of commit dates: all seconds that fit in an `i64`.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the Unix epoch, with nanoseconds for ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Timestamp {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

impl Timestamp {
    pub(crate) fn now() -> Self {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { seconds: i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX), nanos: elapsed.subsec_nanos() }
    }

    pub(crate) const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }
}
