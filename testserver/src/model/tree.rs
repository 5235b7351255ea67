//! The content of a commit: a persistent ordered map from path to entry.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use sha2::{Digest, Sha256};

use super::entry::{Entry, Location};

/// A path: bytes, ordered as such.
pub(crate) type Path = Bytes;

/// A shared entry.
pub(crate) type EntryRef = Arc<Entry>;

/// The entries of a commit. A clone is O(1) and shares everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    entries: OrdMap<Path, EntryRef>,
    /// The exclusive or of the hashes of all records, so that it can follow a change without a walk.
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

    /// The entries at `start` and after it, in the order of their paths.
    pub(crate) fn iter_from<'a>(
        &'a self,
        start: &[u8],
    ) -> impl Iterator<Item = (&'a Path, &'a EntryRef)> + use<'a> {
        self.entries.range::<_, [u8]>((Bound::Included(start), Bound::Unbounded))
    }

    /// The least and the greatest path.
    pub(crate) fn bounds(&self) -> Option<(&Path, &Path)> {
        Some((&self.entries.get_min()?.0, &self.entries.get_max()?.0))
    }

    /// Whether both hold the very same records, known without a walk.
    pub(crate) fn same_records(&self, other: &Self) -> bool {
        self.entries.ptr_eq(&other.entries)
            || (self.digest == other.digest && self.entries.len() == other.entries.len())
    }

    /// The identifier of this content. Like lakeFS's it covers the place and time of every entry; unlike
    /// lakeFS's it depends on nothing else.
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
