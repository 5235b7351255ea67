//! The points in time that the models hold as Unix seconds, as [`SystemTime`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

use crate::models::{
    AuthenticationToken, Commit, CommitCreation, CommitRecordCreation, Credentials, CredentialsWithSecret,
    DiffObjectStat, Group, ObjectStageCreation, ObjectStats, PathType, Policy, Repository, StagingLocation,
    StagingMetadata, User,
};

/// The time at a number of seconds after 1970-01-01 00:00:00 UTC, or before it; `None` where `SystemTime` cannot hold
/// it.
pub(crate) fn from_unix_seconds(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

/// Whole seconds since 1970-01-01 00:00:00 UTC, rounded down, and the nanoseconds beyond them; `None` where an `i64` cannot
/// hold them.
pub(crate) fn to_unix(time: SystemTime) -> Option<(i64, u32)> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Some((i64::try_from(after.as_secs()).ok()?, after.subsec_nanos())),
        Err(error) => {
            let before = error.duration();
            let seconds = 0_i64.checked_sub_unsigned(before.as_secs())?;
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

/// The Unix seconds of a time, rounded down, or the nearest ones that the API can hold.
pub(crate) fn nearest_unix_seconds(time: SystemTime) -> i64 {
    to_unix_seconds(time).unwrap_or(if time < UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

/// A time as the API writes it in queries; `None` where it cannot be written.
pub(crate) fn to_date_time(time: SystemTime) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = to_unix(time)?;
    DateTime::from_timestamp(seconds, nanos)
}

fn time(seconds: impl Into<Option<i64>>) -> Option<SystemTime> {
    seconds.into().and_then(from_unix_seconds)
}

/// Accessors of fields that hold Unix seconds.
macro_rules! unix_seconds {
    ($($model:ident { $($(#[$doc:meta])+ $accessor:ident => |$this:ident| $seconds:expr;)+ })+) => {
        $(
            impl $model {
                $(
                    $(#[$doc])+
                    ///
                    /// Returns `None` where the field is absent, or where `SystemTime` cannot represent it.
                    #[must_use]
                    pub fn $accessor(&self) -> Option<SystemTime> {
                        let $this = self;
                        time($seconds)
                    }
                )+
            }
        )+
    };
}

unix_seconds! {
    AuthenticationToken {
        /// Returns the time at which the token expires: [`token_expiration`](Self::token_expiration).
        expires_at => |token| token.token_expiration;
    }
    Commit {
        /// Returns the creation time of the commit: [`creation_date`](Self::creation_date).
        created_at => |commit| commit.creation_date;
    }
    CommitCreation {
        /// Returns the requested creation time of the commit: [`date`](Self::date).
        created_at => |commit| commit.date;
    }
    CommitRecordCreation {
        /// Returns the creation time of the commit: [`creation_date`](Self::creation_date).
        created_at => |commit| commit.creation_date;
    }
    Credentials {
        /// Returns the creation time of the credentials: [`creation_date`](Self::creation_date).
        created_at => |credentials| credentials.creation_date;
    }
    CredentialsWithSecret {
        /// Returns the creation time of the credentials: [`creation_date`](Self::creation_date).
        created_at => |credentials| credentials.creation_date;
    }
    DiffObjectStat {
        /// Returns the modification time of the object: [`mtime`](Self::mtime).
        modified_at => |stat| stat.mtime;
    }
    Group {
        /// Returns the creation time of the group: [`creation_date`](Self::creation_date).
        created_at => |group| group.creation_date;
    }
    ObjectStageCreation {
        /// Returns the modification time to record for the object: [`mtime`](Self::mtime).
        modified_at => |object| object.mtime;
    }
    ObjectStats {
        /// Returns the modification time of the object: [`mtime`](Self::mtime).
        ///
        /// A common prefix has none.
        modified_at => |stats| (stats.path_type != PathType::CommonPrefix).then_some(stats.mtime);
        /// Returns the time at which a pre-signed physical address expires:
        /// [`physical_address_expiry`](Self::physical_address_expiry).
        physical_address_expires_at => |stats| stats.physical_address_expiry;
    }
    Policy {
        /// Returns the creation time of the policy: [`creation_date`](Self::creation_date).
        created_at => |policy| policy.creation_date;
    }
    Repository {
        /// Returns the creation time of the repository: [`creation_date`](Self::creation_date).
        created_at => |repository| repository.creation_date;
    }
    StagingLocation {
        /// Returns the time at which the pre-signed URL expires: [`presigned_url_expiry`](Self::presigned_url_expiry).
        presigned_url_expires_at => |location| location.presigned_url_expiry;
    }
    StagingMetadata {
        /// Returns the modification time to record for the object: [`mtime`](Self::mtime).
        modified_at => |metadata| metadata.mtime;
    }
    User {
        /// Returns the creation time of the user: [`creation_date`](Self::creation_date).
        created_at => |user| user.creation_date;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_convert_both_ways() {
        for seconds in [0, 1, -1, 1_700_000_000, -86_400] {
            assert_eq!(from_unix_seconds(seconds).and_then(to_unix_seconds), Some(seconds));
        }
        assert_eq!(from_unix_seconds(1), Some(UNIX_EPOCH + Duration::from_secs(1)));
        // Whether `SystemTime` holds them depends on the platform.
        for seconds in [i64::MIN, i64::MAX] {
            assert!(from_unix_seconds(seconds).is_none_or(|time| to_unix_seconds(time) == Some(seconds)));
        }
    }

    #[test]
    fn fractions_are_rounded_down() {
        let half = Duration::from_millis(500);
        assert_eq!(to_unix_seconds(UNIX_EPOCH + half), Some(0));
        assert_eq!(to_unix_seconds(UNIX_EPOCH - half), Some(-1));
        assert_eq!(nearest_unix_seconds(UNIX_EPOCH + Duration::from_secs(7) + half), 7);
        assert_eq!(nearest_unix_seconds(UNIX_EPOCH - Duration::from_secs(7)), -7);
        assert_eq!(nearest_unix_seconds(UNIX_EPOCH - half), -1);
        assert_eq!(to_date_time(UNIX_EPOCH - half).unwrap().to_rfc3339(), "1969-12-31T23:59:59.500+00:00");
        assert_eq!(to_date_time(UNIX_EPOCH + half).unwrap().timestamp_millis(), 500);
    }

    #[test]
    fn time_that_cannot_be_written_is_none() {
        let far = UNIX_EPOCH.checked_add(Duration::from_secs(10_000_000_000_000_000));
        assert_eq!(far.and_then(to_date_time), None);
    }

    #[test]
    fn accessor_reads_the_field() {
        let stats = |path_type: &str| {
            let json = format!(
                r#"{{"path":"a","path_type":"{path_type}","physical_address":"s3://b/a","checksum":"c","mtime":7}}"#
            );
            serde_json::from_str::<ObjectStats>(&json).unwrap()
        };
        assert_eq!(stats("object").modified_at(), from_unix_seconds(7));
        assert_eq!(stats("object").physical_address_expires_at(), None);
        assert_eq!(stats("common_prefix").modified_at(), None);
    }
}
