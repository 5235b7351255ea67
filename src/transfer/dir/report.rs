//! What a directory transfer reports: the totals, and the action for each entry.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// The totals of a directory transfer. After a dry run, the totals that a real run would have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SyncReport {
    /// The number of files that were uploaded or downloaded.
    pub transferred: u64,
    /// The total size of the transferred files in bytes.
    pub bytes_transferred: u64,
    /// The number of files that were skipped because both sides are equal.
    pub unchanged: u64,
    /// The total size of the unchanged files in bytes.
    pub bytes_unchanged: u64,
    /// The number of objects or local files that were deleted.
    pub deleted: u64,
    /// The number of downloaded files whose bytes were not verified: the verification was off, or the checksum of the
    /// object is not one of its bytes. See [`Verify`](crate::Verify).
    pub unverified: u64,
}

/// The action that a directory transfer took for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SyncAction {
    /// The file was uploaded or downloaded. Contains its size in bytes.
    Transferred(u64),
    /// The file was skipped because both sides are equal. Contains its size in bytes.
    Unchanged(u64),
    /// The object or local file was deleted, because it does not exist on the other side.
    Deleted,
}

impl SyncReport {
    pub(crate) fn add(&mut self, action: SyncAction) {
        match action {
            SyncAction::Transferred(bytes) => {
                self.transferred += 1;
                self.bytes_transferred += bytes;
            }
            SyncAction::Unchanged(bytes) => {
                self.unchanged += 1;
                self.bytes_unchanged += bytes;
            }
            SyncAction::Deleted => self.deleted += 1,
        }
    }
}

/// The callback for each entry, if there is one.
#[derive(Clone, Default)]
#[expect(clippy::type_complexity, reason = "the type of the callback is written once")]
pub(crate) struct EntryCallback(Option<Arc<dyn Fn(&str, SyncAction) + Send + Sync>>);

impl EntryCallback {
    pub(crate) fn new(on_entry: impl Fn(&str, SyncAction) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(on_entry)))
    }

    pub(crate) fn call(&self, name: &str, action: SyncAction) {
        if let Some(on_entry) = &self.0 {
            on_entry(name, action);
        }
    }
}

impl fmt::Debug for EntryCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "EntryCallback" } else { "EntryCallback(None)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_add_up_and_the_report_is_serialized() {
        let mut report = SyncReport::default();
        for action in [SyncAction::Transferred(3), SyncAction::Unchanged(4), SyncAction::Deleted] {
            report.add(action);
            report.add(action);
        }
        let expected = serde_json::json!({
            "transferred": 2, "bytes_transferred": 6, "unchanged": 2, "bytes_unchanged": 8, "deleted": 2,
            "unverified": 0,
        });
        assert_eq!(serde_json::to_value(report).unwrap(), expected);
        let actions = serde_json::json!([{ "transferred": 3 }, "deleted"]);
        assert_eq!(serde_json::to_value([SyncAction::Transferred(3), SyncAction::Deleted]).unwrap(), actions);
    }
}
