//! Walks the entries below a local directory in the byte order of their names.

use std::collections::{BinaryHeap, VecDeque};
use std::path::{Path, PathBuf};
use std::{fs, io};

use futures::stream::{self, Stream, StreamExt as _};
use tokio::sync::mpsc;

use crate::transfer::dir::merge::Named;

/// How many entries of one directory are held at once. A larger directory is read several times.
const MAX_ENTRIES: usize = 10_000;

/// How many entries are sent to the async side at once.
const BATCH: usize = 128;

/// An entry below the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalEntry {
    /// The path below the directory, with slashes. The name of a directory ends with one.
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File {
        bytes: u64,
    },
    Directory,
    /// A symbolic link that is not followed.
    Symlink,
    /// A socket, a pipe or a device.
    Special,
    /// An entry that cannot be transferred, and the reason.
    Unsupported(String),
}

impl Named for LocalEntry {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Walks a directory and everything below it, in the byte order of the names. Ends after an error.
pub(crate) fn walk(
    root: PathBuf,
    follow_symlinks: bool,
) -> impl Stream<Item = io::Result<LocalEntry>> + Send + 'static {
    let (sender, mut batches) = mpsc::channel::<Vec<io::Result<LocalEntry>>>(2);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        for entry in Walker::entries(&root, follow_symlinks, MAX_ENTRIES) {
            batch.push(entry);
            // The walk ends when the stream has been dropped.
            if batch.len() == BATCH && sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
        _ = sender.blocking_send(batch);
    });
    stream::poll_fn(move |cx| batches.poll_recv(cx)).flat_map(stream::iter)
}

/// The blocking walk.
struct Walker {
    follow_symlinks: bool,
    /// The directories from the root to the current position.
    open: Vec<OpenDirectory>,
    max_entries: usize,
}

struct OpenDirectory {
    path: PathBuf,
    /// The path without symbolic links.
    real: PathBuf,
    /// The name of the directory, which the names of its entries start with.
    prefix: String,
    /// The next entries.
    entries: VecDeque<DirectoryEntry>,
    /// The last of `entries`, if the directory has more entries after it.
    resume_after: Option<String>,
}

/// An entry of an open directory. Ordered by name, where the name of a directory ends with a slash.
struct DirectoryEntry {
    name: String,
    path: PathBuf,
    kind: EntryKind,
    /// The path of a directory without symbolic links.
    real: PathBuf,
}

impl Walker {
    /// Ends after an error.
    fn entries(
        root: &Path,
        follow_symlinks: bool,
        max_entries: usize,
    ) -> impl Iterator<Item = io::Result<LocalEntry>> + use<> {
        let mut walker = Self { follow_symlinks, open: Vec::new(), max_entries };
        let mut failed = root
            .canonicalize()
            .and_then(|real| walker.enter(root.to_owned(), real, String::new()))
            .map_err(|error| with_path(root, &error))
            .err();
        std::iter::from_fn(move || {
            let next = match failed.take() {
                Some(error) => Err(error),
                None => walker.next_entry(),
            };
            if next.is_err() {
                walker.open.clear();
            }
            next.transpose()
        })
    }

    fn enter(&mut self, path: PathBuf, real: PathBuf, prefix: String) -> io::Result<()> {
        let mut directory =
            OpenDirectory { path, real, prefix, entries: VecDeque::new(), resume_after: None };
        self.read(&mut directory, None)?;
        self.open.push(directory);
        Ok(())
    }

    fn next_entry(&mut self) -> io::Result<Option<LocalEntry>> {
        loop {
            let Some(mut directory) = self.open.pop() else { return Ok(None) };
            let Some(DirectoryEntry { name, path, kind, real }) = directory.entries.pop_front() else {
                if let Some(last) = directory.resume_after.take() {
                    self.read(&mut directory, Some(&last))
                        .map_err(|error| with_path(&directory.path, &error))?;
                    self.open.push(directory);
                }
                continue;
            };
            let name = format!("{}{name}", directory.prefix);
            self.open.push(directory);
            if kind == EntryKind::Directory {
                match self.enter(path.clone(), real, name.clone()) {
                    // The directory has been deleted in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    entered => entered.map_err(|error| with_path(&path, &error))?,
                }
            }
            return Ok(Some(LocalEntry { name, kind }));
        }
    }

    /// Reads the first entries of a directory after `last`, in order.
    fn read(&self, directory: &mut OpenDirectory, last: Option<&str>) -> io::Result<()> {
        let mut first = BinaryHeap::with_capacity(self.max_entries.min(64));
        let mut has_more = false;
        for entry in fs::read_dir(&directory.path)? {
            let entry = entry?;
            let entry = match self.inspect(directory, &entry) {
                // The entry has been deleted in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entry_or_error => entry_or_error.map_err(|error| with_path(&entry.path(), &error))?,
            };
            if last.is_some_and(|last| *entry.name <= *last) {
                continue;
            }
            first.push(entry);
            if first.len() > self.max_entries {
                first.pop();
                has_more = true;
            }
        }
        directory.entries = first.into_sorted_vec().into();
        let last = directory.entries.back().filter(|_| has_more);
        directory.resume_after = last.map(|last| last.name.clone());
        Ok(())
    }

    fn inspect(&self, directory: &OpenDirectory, entry: &fs::DirEntry) -> io::Result<DirectoryEntry> {
        let path = entry.path();
        let file_type = entry.file_type()?;
        let Ok(name) = entry.file_name().into_string() else {
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = EntryKind::Unsupported("the file name is not valid Unicode".to_owned());
            return Ok(DirectoryEntry { name, path, kind, real: PathBuf::new() });
        };
        let with_kind =
            |kind| Ok(DirectoryEntry { name: name.clone(), path: path.clone(), kind, real: PathBuf::new() });
        let with_directory = |real| {
            let (name, path) = (format!("{name}/"), path.clone());
            Ok(DirectoryEntry { name, path, kind: EntryKind::Directory, real })
        };
        if file_type.is_dir() {
            return with_directory(directory.real.join(&name));
        }
        if file_type.is_file() {
            return with_kind(EntryKind::File { bytes: entry.metadata()?.len() });
        }
        if !file_type.is_symlink() {
            return with_kind(EntryKind::Special);
        }
        if !self.follow_symlinks {
            return with_kind(EntryKind::Symlink);
        }
        match path.canonicalize().and_then(|real| Ok((real.metadata()?, real))) {
            Err(error) => {
                let why = format!("the target of the symbolic link cannot be read: {error}");
                with_kind(EntryKind::Unsupported(why))
            }
            Ok((metadata, _)) if metadata.is_file() => with_kind(EntryKind::File { bytes: metadata.len() }),
            Ok((metadata, real)) if metadata.is_dir() => {
                let mut parents = self.open.iter().chain([directory]);
                if parents.any(|parent| parent.real == real) {
                    let why = "the symbolic link leads to a directory that it is in";
                    return with_kind(EntryKind::Unsupported(why.to_owned()));
                }
                with_directory(real)
            }
            Ok(_) => with_kind(EntryKind::Special),
        }
    }
}

fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl PartialEq for DirectoryEntry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for DirectoryEntry {}

impl PartialOrd for DirectoryEntry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DirectoryEntry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(root: &Path, follow_symlinks: bool, max_entries: usize) -> Vec<LocalEntry> {
        Walker::entries(root, follow_symlinks, max_entries).collect::<io::Result<_>>().unwrap()
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    #[test]
    fn entries_are_in_byte_order_however_few_are_held() {
        let root = tree(&["a.txt", "a/b", "a/b-c", "a/b d/e", "a-b", "a0", "\u{e9}", "Z", "a/z/y/x"]);
        let expected = [
            "Z", "a-b", "a.txt", "a/", "a/b", "a/b d/", "a/b d/e", "a/b-c", "a/z/", "a/z/y/", "a/z/y/x",
            "a0", "\u{e9}",
        ];
        for max_entries in [1, 2, 3, 100] {
            let names: Vec<_> =
                entries(root.path(), false, max_entries).into_iter().map(|entry| entry.name).collect();
            assert_eq!(names, expected, "{max_entries}");
        }
        let mut sorted = expected.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_reported_or_followed_and_loops_are_detected() {
        use std::os::unix::fs::symlink;

        let root = tree(&["d/f", "e"]);
        symlink("d", root.path().join("to")).unwrap();
        symlink("../..", root.path().join("d/up")).unwrap();
        symlink("..", root.path().join("d/loop")).unwrap();
        symlink("nothing", root.path().join("dead")).unwrap();
        fs::remove_file(root.path().join("d/up")).unwrap();
        let entry = |name: &str, kind| LocalEntry { name: name.to_owned(), kind };
        assert_eq!(
            entries(root.path(), false, 10),
            [
                entry("d/", EntryKind::Directory),
                entry("d/f", EntryKind::File { bytes: 3 }),
                entry("d/loop", EntryKind::Symlink),
                entry("dead", EntryKind::Symlink),
                entry("e", EntryKind::File { bytes: 1 }),
                entry("to", EntryKind::Symlink),
            ]
        );
        let followed = entries(root.path(), true, 10);
        let names: Vec<_> = followed.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["d/", "d/f", "d/loop", "dead", "e", "to/", "to/f", "to/loop"]);
        for unsupported in [2, 3, 7] {
            let entry = &followed[unsupported];
            assert!(matches!(entry.kind, EntryKind::Unsupported(_)), "{entry:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn name_that_is_not_unicode_is_reported() {
        use std::os::unix::ffi::OsStrExt as _;

        let root = tree(&["a"]);
        fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"b\xff")), "").unwrap();
        let entry = &entries(root.path(), false, 10)[1];
        assert!(
            matches!(entry, LocalEntry { name, kind: EntryKind::Unsupported(_) } if name == "b\u{fffd}"),
            "{entry:?}"
        );
    }

    #[test]
    fn missing_directory_is_one_error() {
        let root = tree(&["a"]);
        for name in ["nothing", "a"] {
            let mut walk = Walker::entries(&root.path().join(name), false, 10);
            assert!(walk.next().unwrap().is_err(), "{name}");
            assert!(walk.next().is_none(), "{name}");
        }
    }
}
