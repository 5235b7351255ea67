//! The hashes that identify commits and entries.
//!
//! As in lakeFS, they are the SHA-256 of all values, each prefixed with a byte for its type.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

const BYTES: u8 = 0x00;
const STRING: u8 = 0x01;
const INT64: u8 = 0x02;
const SLICE: u8 = 0x03;
const MAP: u8 = 0x04;
const EMBEDDED: u8 = 0x05;

/// A SHA-256 hash.
pub(crate) type Identity = [u8; 32];

/// Hashes values in lakeFS's canonical encoding.
#[derive(Default)]
pub(crate) struct IdentityHasher(Sha256);

impl IdentityHasher {
    pub(crate) fn int(mut self, value: i64) -> Self {
        self.0.update([INT64, 8]);
        self.0.update(value.to_be_bytes());
        self
    }

    pub(crate) fn string(mut self, value: &str) -> Self {
        self.0.update([STRING]);
        self = self.length(value.len());
        self.0.update(value);
        self
    }

    pub(crate) fn strings<'a>(mut self, values: impl ExactSizeIterator<Item = &'a str>) -> Self {
        self.0.update([SLICE]);
        self = self.length(values.len());
        values.fold(self, Self::string)
    }

    pub(crate) fn map(mut self, map: &BTreeMap<String, String>) -> Self {
        self.0.update([MAP]);
        self = self.length(map.len());
        map.iter().fold(self, |hasher, (key, value)| hasher.string(key).string(value))
    }

    pub(crate) fn embed(mut self, identity: &Identity) -> Self {
        self.0.update([EMBEDDED, BYTES]);
        self = self.length(identity.len());
        self.0.update(identity);
        self
    }

    pub(crate) fn finish(self) -> Identity {
        self.0.finalize().into()
    }

    fn length(self, length: usize) -> Self {
        self.int(i64::try_from(length).unwrap_or(i64::MAX))
    }
}
