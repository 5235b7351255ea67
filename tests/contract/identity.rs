//! Computes the identifier of a commit as lakeFS does: a hash of its fields.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lakefs::models::Commit;
use sha2::{Digest as _, Sha256};

/// Returns the identifier of a commit with these fields.
pub(crate) fn commit_id(commit: &Commit) -> String {
    let mut parents = Hash::default();
    parents.list(&commit.parents);
    let mut hash = Hash::default();
    hash.text("commit:v1");
    hash.text(&commit.committer);
    hash.text(&commit.message);
    hash.text(&commit.meta_range_id);
    hash.number(commit.creation_date);
    hash.map(&commit.metadata);
    hash.hash(&parents.0.finalize());
    let id = hash.0.finalize();
    id.iter().fold(String::new(), |mut id, byte| {
        _ = write!(id, "{byte:02x}");
        id
    })
}

/// A hash of values. Each value follows a byte for its type and, if its size varies, its length.
#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    fn number(&mut self, value: i64) {
        self.0.update([2, 8]);
        self.0.update(value.to_be_bytes());
    }

    fn text(&mut self, value: &str) {
        self.0.update([1]);
        self.length(value.len());
        self.0.update(value);
    }

    fn list(&mut self, values: &[String]) {
        self.0.update([3]);
        self.length(values.len());
        for value in values {
            self.text(value);
        }
    }

    fn map(&mut self, pairs: &BTreeMap<String, String>) {
        self.0.update([4]);
        self.length(pairs.len());
        for (key, value) in pairs {
            self.text(key);
            self.text(value);
        }
    }

    fn hash(&mut self, value: &[u8]) {
        self.0.update([5, 0]);
        self.length(value.len());
        self.0.update(value);
    }

    fn length(&mut self, value: usize) {
        self.number(i64::try_from(value).unwrap());
    }
}
