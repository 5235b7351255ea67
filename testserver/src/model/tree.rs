//! The content of a commit: a persistent ordered map from path to entry.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use sha2::{Digest, Sha256};

use super::entry::{Entry, Location};

/// The path of an object. Paths are ordered by their bytes.
pub(crate) type Path = Bytes;

/// A shared entry.
pub(crate) type EntryRef = Arc<Entry>;

/// The entries of a commit. Cloning is O(1).
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    entries: OrdMap<Path, EntryRef>,
    /// The exclusive or of the hashes of all records, which is updated in constant time.
    digest: [u8; 32],
}

impl Tree {
    pub(crate) fn get(&self, path: &[u8]) -> Option<&EntryRef> {
        self.entries.get(path)
    }

    pub(crate) fn insert(&mut self, path: &Path, entry: EntryRef) {
        self.toggle(path, &entry);
        if let Some(old) = self.entries.insert(path.clone(), entry) {
            self.toggle(path, &old);
        }
    }

    pub(crate) fn remove(&mut self, path: &[u8]) {
        if let Some(old) = self.entries.remove(path) {
            self.toggle(path, &old);
        }
    }

    /// Returns the entries from `start` on, in the order of their paths.
    pub(crate) fn iter_from<'a>(
        &'a self,
        start: &[u8],
    ) -> impl Iterator<Item = (&'a Path, &'a EntryRef)> + use<'a> {
        self.entries.range::<_, [u8]>((Bound::Included(start), Bound::Unbounded))
    }

    /// Returns the first and the last path.
    pub(crate) fn bounds(&self) -> Option<(&Path, &Path)> {
        Some((&self.entries.get_min()?.0, &self.entries.get_max()?.0))
    }

    /// Returns in constant time whether both trees have the same records.
    pub(crate) fn same_records(&self, other: &Self) -> bool {
        self.entries.ptr_eq(&other.entries)
            || (self.digest == other.digest && self.entries.len() == other.entries.len())
    }

    /// Returns the id of the content. As in lakeFS, it covers location and modification time of every entry.
    /// Unlike lakeFS's, it does not depend on how the entries are divided into ranges.
    pub(crate) fn meta_range_id(&self) -> String {
        hex::encode(Sha256::digest(self.digest))
    }

    fn toggle(&mut self, path: &[u8], entry: &Entry) {
        let (Location::Relative(location) | Location::Full(location)) = &entry.location;
        let record = Sha256::new()
            .chain_update((path.len() as u64).to_be_bytes())
            .chain_update(path)
            .chain_update(entry.identity())
            .chain_update(entry.modified.seconds.to_be_bytes())
            .chain_update(entry.modified.nanos.to_be_bytes())
            .chain_update(location)
            .finalize();
        self.digest.iter_mut().zip(record).for_each(|(byte, other)| *byte ^= other);
    }
}
