//! Compares a directory with the objects of a commit.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use crate::transfer::dir::local_files::local_path;
use crate::transfer::dir::name_folding::NameFolding;
use crate::transfer::dir::names::NameChecker;
use crate::transfer::working::base::BaseEntry;
use crate::transfer::working::files::{Files, LocalFile, Stamp, has_checksum};

/// A file that differs from the object of the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalChange {
    pub(crate) name: String,
    /// The local file; `None` if it was removed.
    pub(crate) stamp: Option<Stamp>,
    /// The object; `None` if the file was added.
    pub(crate) base: Option<BaseEntry>,
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// In byte order of the names.
    pub(crate) changes: Vec<LocalChange>,
    /// The stamps of the requested files, as far as they exist.
    pub(crate) stamps: HashMap<String, Stamp>,
    /// Names of local entries that are no files of a working copy, and the reasons.
    pub(crate) unsupported: BTreeMap<String, &'static str>,
    /// Names of objects that cannot be local files, and the reasons.
    pub(crate) impossible: BTreeMap<String, String>,
    /// The entries whose content has been compared and is that of the local file.
    pub(crate) verified: BTreeMap<String, Option<BaseEntry>>,
}

impl Scan {
    /// Returns the change of a file.
    pub(crate) fn change(&self, name: &str) -> Option<&LocalChange> {
        let found = self.changes.binary_search_by(|change| (*change.name).cmp(name));
        found.ok().and_then(|index| self.changes.get(index))
    }

    /// Returns the changes of the files below a directory, whose name ends with a slash.
    pub(crate) fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a LocalChange> {
        let first = self.changes.partition_point(|change| &*change.name < directory);
        self.changes[first..].iter().take_while(move |change| change.name.starts_with(directory))
    }

    /// Whether an entry of this name, or a parent directory of it, is unsupported.
    pub(crate) fn is_unsupported(&self, name: &str) -> bool {
        !self.unsupported.is_empty()
            && ancestors(name).chain([name]).any(|name| self.unsupported.contains_key(name))
    }
}

/// Returns the parent directories of a name, without a slash at their ends.
pub(crate) fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(end, _)| &name[..end])
}

/// Stops a scan when the future that waits for it is dropped.
#[derive(Debug, Default)]
pub(crate) struct CancelOnDrop(pub(crate) Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Compares the files below `root` with the objects of a commit, in byte order. Reads a file only if its size is that of
/// the object and its time does not decide. Returns the stamps of the files that `watched` names.
pub(crate) fn scan(
    root: &Path,
    base: impl Iterator<Item = io::Result<BaseEntry>>,
    watched: &HashSet<String>,
    cancelled: &AtomicBool,
) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let mut names = NameChecker::new(NameFolding::detect(root));
    let mut files = Files::below(root).peekable();
    for entry in base {
        let entry = entry?;
        if let Err(why) = names.check(&entry.name, entry.bytes) {
            scan.impossible.insert(entry.name, why);
            continue;
        }
        let mut same = None;
        while let Some(file) = files.next_if(|file| match file {
            Ok(file) => *file.name <= *entry.name,
            Err(_) => true,
        }) {
            if cancelled.load(Relaxed) {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let LocalFile { name, stamp } = file?;
            match (stamp, name.cmp(&entry.name)) {
                (Err(why), order) => {
                    scan.unsupported.insert(name, why);
                    if order == Ordering::Equal {
                        same = Some(None);
                    }
                }
                (Ok(stamp), Ordering::Equal) => same = Some(Some(stamp)),
                (Ok(stamp), _) => scan.add(name, stamp, watched),
            }
        }
        match same {
            Some(Some(stamp)) => scan.compare(root, entry, stamp, watched),
            // Nothing is known of a file whose place has something else.
            Some(None) => {}
            None if scan.is_unsupported(&entry.name) => {}
            None => {
                let name = entry.name.clone();
                scan.changes.push(LocalChange { name, stamp: None, base: Some(entry) });
            }
        }
    }
    for file in files {
        let LocalFile { name, stamp } = file?;
        match stamp {
            Ok(stamp) => scan.add(name, stamp, watched),
            Err(why) => _ = scan.unsupported.insert(name, why),
        }
    }
    Ok(scan)
}

impl Scan {
    fn add(&mut self, name: String, stamp: Stamp, watched: &HashSet<String>) {
        if watched.contains(&name) {
            self.stamps.insert(name.clone(), stamp);
        }
        self.changes.push(LocalChange { name, stamp: Some(stamp), base: None });
    }

    fn compare(&mut self, root: &Path, entry: BaseEntry, stamp: Stamp, watched: &HashSet<String>) {
        if watched.contains(&entry.name) {
            self.stamps.insert(entry.name.clone(), stamp);
        }
        let equal = entry.compare(&stamp).unwrap_or_else(|| {
            let path = local_path(root, &entry.name);
            let equal = has_checksum(root, &path, entry.bytes, &entry.checksum);
            // The file may have changed since its stamp was taken.
            if equal && Stamp::read(root, &path).is_ok_and(|now| now == Some(stamp)) {
                let verified = BaseEntry { verified: Some(stamp.modified), ..entry.clone() };
                self.verified.insert(entry.name.clone(), Some(verified));
            }
            equal
        });
        if !equal {
            let name = entry.name.clone();
            self.changes.push(LocalChange { name, stamp: Some(stamp), base: Some(entry) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn run(root: &Path, base: &[BaseEntry]) -> Scan {
        let base = base.iter().cloned().map(Ok);
        let watched = ["new", "same", "gone"].map(str::to_owned).into();
        scan(root, base, &watched, &AtomicBool::new(false)).unwrap()
    }

    fn kinds(scan: &Scan) -> Vec<String> {
        let kind = |change: &LocalChange| match (&change.base, change.stamp) {
            (None, _) => format!("+{}", change.name),
            (_, None) => format!("-{}", change.name),
            _ => format!("~{}", change.name),
        };
        scan.changes.iter().map(kind).collect()
    }

    #[test]
    fn changes_are_found_by_size_and_content() {
        let root = tempfile::tempdir().unwrap();
        for (name, data) in [("a/b", "1"), ("a-b", "2"), ("new", "3"), ("same", "4"), ("size", "55")] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, data).unwrap();
        }
        let base = [
            BaseEntry::of_data("a-b", "x"),
            BaseEntry::of_data("a/b", "1"),
            BaseEntry::of_data("gone", ""),
            BaseEntry::of_data("same", "4"),
            BaseEntry::of_data("size", "5"),
            BaseEntry::of_data("../out", ""),
        ];
        let mut base = base.to_vec();
        base.sort_by(|one, other| one.name.cmp(&other.name));
        let scan = run(root.path(), &base);
        assert_eq!(kinds(&scan), ["~a-b", "-gone", "+new", "~size"]);
        assert_eq!(scan.verified.keys().collect::<Vec<_>>(), ["a/b", "same"]);
        assert_eq!(scan.impossible.keys().collect::<Vec<_>>(), ["../out"]);
        let mut watched: Vec<_> = scan.stamps.keys().collect();
        watched.sort();
        assert_eq!(watched, ["new", "same"]);
        assert!(scan.change("new").is_some() && scan.change("same").is_none());
        assert_eq!(scan.below("").count(), 4);
        // What was compared is not read again.
        let base: Vec<_> = base
            .into_iter()
            .map(|entry| scan.verified.get(&entry.name).cloned().flatten().unwrap_or(entry))
            .collect();
        assert!(run(root.path(), &base).verified.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn objects_at_and_below_a_symbolic_link_are_not_removed() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/", root.path().join("a")).unwrap();
        let scan = run(
            root.path(),
            &[BaseEntry::of_data("a-x", ""), BaseEntry::of_data("a/b", ""), BaseEntry::of_data("a0", "")],
        );
        assert_eq!(kinds(&scan), ["-a-x", "-a0"]);
        assert!(scan.is_unsupported("a") && scan.is_unsupported("a/b") && !scan.is_unsupported("a0"));
        assert_eq!(kinds(&run(root.path(), &[BaseEntry::of_data("a", "")])), [""; 0]);
    }

    #[test]
    fn cancelled_scan_ends() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "").unwrap();
        let base = [Ok(BaseEntry::of_data("a", ""))].into_iter();
        assert!(scan(root.path(), base, &HashSet::new(), &AtomicBool::new(true)).is_err());
    }
}
