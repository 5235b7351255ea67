//! The sizes of objects, as unsigned numbers.

use crate::models::{Diff, ObjectStats};

impl ObjectStats {
    /// Returns the size of the object in bytes: [`size_bytes`](Self::size_bytes).
    ///
    /// Returns `None` where the field is absent, as for a common prefix, or negative.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        size(self.size_bytes)
    }
}

impl Diff {
    /// Returns the size of the object in bytes: [`size_bytes`](Self::size_bytes).
    ///
    /// Returns `None` where the field is absent, as for a common prefix, or negative.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        size(self.size_bytes)
    }
}

fn size(bytes: Option<i64>) -> Option<u64> {
    bytes.and_then(|bytes| bytes.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_that_is_absent_or_negative_is_none() {
        for (bytes, expected) in [(Some(7), Some(7)), (Some(0), Some(0)), (Some(-1), None), (None, None)] {
            let stats = serde_json::json!({
                "checksum": "", "mtime": 1, "path": "a", "path_type": "object", "physical_address": "",
                "size_bytes": bytes,
            });
            let stats: ObjectStats = serde_json::from_value(stats).unwrap();
            let diff = serde_json::json!({
                "path": "a", "path_type": "object", "type": "added", "size_bytes": bytes,
            });
            let diff: Diff = serde_json::from_value(diff).unwrap();
            assert_eq!((stats.size(), diff.size()), (expected, expected));
        }
    }
}
