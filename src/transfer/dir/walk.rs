//! The files below a directory.

use std::collections::{BinaryHeap, VecDeque};
use std::path::{Path, PathBuf};
use std::{fs, io};

use futures::stream::{self, Stream, StreamExt as _};
use tokio::sync::mpsc;

use crate::transfer::dir::join::Named;

/// How many names of one directory are held at once. A larger directory is read several times.
const NAMES: usize = 10_000;

/// How many finds are handed over at once.
const BATCH: usize = 128;

/// What becomes of symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SymlinkPolicy {
    /// They are an error, before anything is moved.
    #[default]
    Refuse,
    /// They are left out.
    Skip,
    /// What they lead to is taken for what is in their place, also outside of the directory. One that leads to nothing,
    /// or back to a directory that it is in, is an error.
    Follow,
}

/// What there is at a place below the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its name below the directory, with slashes. That of a directory ends with one.
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File {
        bytes: u64,
    },
    Directory,
    /// A symbolic link that is not followed.
    Link,
    /// A socket, a pipe or a device.
    Special,
    /// Something that cannot be moved, and why.
    Refused(String),
}

impl Named for Found {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Walks through a directory and all below it, in the order of the bytes of the names.
pub(crate) fn walk(root: PathBuf, follow: bool) -> impl Stream<Item = io::Result<Found>> + Send + 'static {
    let (sender, mut batches) = mpsc::channel::<Vec<io::Result<Found>>>(2);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        for found in Walk::through(&root, follow, NAMES) {
            batch.push(found);
            // When nobody listens any more, the walk ends.
            if batch.len() == BATCH && sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
        _ = sender.blocking_send(batch);
    });
    stream::poll_fn(move |cx| batches.poll_recv(cx)).flat_map(stream::iter)
}

/// The same as an iterator, which blocks. It ends after an error.
struct Walk {
    /// Whether what a symbolic link leads to is taken for what is in its place.
    follow: bool,
    /// The directories from the root to where the walk is.
    levels: Vec<Level>,
    names: usize,
}

struct Level {
    /// Where it is by its names, and where it is without symbolic links.
    path: PathBuf,
    real: PathBuf,
    /// In front of the names of its entries.
    prefix: String,
    /// The next entries.
    entries: VecDeque<Entry>,
    /// The last entry that was read, behind which there are more.
    more: Option<String>,
}

/// An entry of a directory; ordered as its name is in full, where that of a directory ends with a slash.
struct Entry {
    name: String,
    path: PathBuf,
    kind: Kind,
    /// Where a directory is in truth.
    real: PathBuf,
}

impl Walk {
    fn through(root: &Path, follow: bool, names: usize) -> impl Iterator<Item = io::Result<Found>> + use<> {
        let mut walk = Self { follow, levels: Vec::new(), names };
        let mut failed = root
            .canonicalize()
            .and_then(|real| walk.enter(root.to_owned(), real, String::new()))
            .map_err(|error| about(root, &error))
            .err();
        std::iter::from_fn(move || {
            if let Some(error) = failed.take() {
                walk.levels.clear();
                return Some(Err(error));
            }
            match walk.step() {
                Ok(found) => found.map(Ok),
                Err(error) => {
                    walk.levels.clear();
                    Some(Err(error))
                }
            }
        })
    }

    fn enter(&mut self, path: PathBuf, real: PathBuf, prefix: String) -> io::Result<()> {
        let mut level = Level { path, real, prefix, entries: VecDeque::new(), more: None };
        self.read(&mut level, None)?;
        self.levels.push(level);
        Ok(())
    }

    fn step(&mut self) -> io::Result<Option<Found>> {
        loop {
            let Some(mut level) = self.levels.pop() else { return Ok(None) };
            let Some(Entry { name, path, kind, real }) = level.entries.pop_front() else {
                if let Some(last) = level.more.take() {
                    self.read(&mut level, Some(&last)).map_err(|error| about(&level.path, &error))?;
                    self.levels.push(level);
                }
                continue;
            };
            let name = format!("{}{name}", level.prefix);
            self.levels.push(level);
            if kind == Kind::Directory {
                match self.enter(path.clone(), real, name.clone()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    entered => entered.map_err(|error| about(&path, &error))?,
                }
            }
            return Ok(Some(Found { name, kind }));
        }
    }

    /// Reads the first entries of a directory behind `last`, in order.
    fn read(&self, level: &mut Level, last: Option<&str>) -> io::Result<()> {
        let mut first = BinaryHeap::with_capacity(self.names.min(64));
        for entry in fs::read_dir(&level.path)? {
            let entry = entry?;
            let entry = match self.look(level, &entry) {
                // It was there, and is gone.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                looked => looked.map_err(|error| about(&entry.path(), &error))?,
            };
            if last.is_some_and(|last| *entry.name <= *last) {
                continue;
            }
            first.push(entry);
            if first.len() > self.names {
                first.pop();
                level.more = Some(String::new());
            }
        }
        level.entries = first.into_sorted_vec().into();
        if let (Some(more), Some(last)) = (&mut level.more, level.entries.back()) {
            more.clone_from(&last.name);
        }
        Ok(())
    }

    fn look(&self, level: &Level, entry: &fs::DirEntry) -> io::Result<Entry> {
        let path = entry.path();
        let kind = entry.file_type()?;
        let Ok(name) = entry.file_name().into_string() else {
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = Kind::Refused("its name is not Unicode".to_owned());
            return Ok(Entry { name, path, kind, real: PathBuf::new() });
        };
        let simple = |kind| Ok(Entry { name: name.clone(), path: path.clone(), kind, real: PathBuf::new() });
        let directory =
            |real| Ok(Entry { name: format!("{name}/"), path: path.clone(), kind: Kind::Directory, real });
        if kind.is_dir() {
            return directory(level.real.join(&name));
        }
        if kind.is_file() {
            return simple(Kind::File { bytes: entry.metadata()?.len() });
        }
        if !kind.is_symlink() {
            return simple(Kind::Special);
        }
        if !self.follow {
            return simple(Kind::Link);
        }
        match path.canonicalize().and_then(|real| Ok((real.metadata()?, real))) {
            Err(error) => simple(Kind::Refused(format!("it is a symbolic link that leads nowhere: {error}"))),
            Ok((metadata, _)) if metadata.is_file() => simple(Kind::File { bytes: metadata.len() }),
            Ok((metadata, real)) if metadata.is_dir() => {
                let mut above = self.levels.iter().chain([level]);
                if above.any(|level| level.real == real) {
                    let why = "it is a symbolic link that leads back to a directory that it is in";
                    return simple(Kind::Refused(why.to_owned()));
                }
                directory(real)
            }
            Ok(_) => simple(Kind::Special),
        }
    }
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, follow: bool, at_once: usize) -> Vec<String> {
        let found = Walk::through(root, follow, at_once).collect::<io::Result<Vec<_>>>().unwrap();
        found.into_iter().map(|found| found.name).collect()
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
    fn it_goes_in_the_order_of_the_paths_however_few_names_are_held() {
        let root = tree(&["a.txt", "a/b", "a/b-c", "a/b d/e", "a-b", "a0", "\u{e9}", "Z", "a/z/y/x"]);
        let expected = [
            "Z", "a-b", "a.txt", "a/", "a/b", "a/b d/", "a/b d/e", "a/b-c", "a/z/", "a/z/y/", "a/z/y/x",
            "a0", "\u{e9}",
        ];
        for at_once in [1, 2, 3, 100] {
            assert_eq!(names(root.path(), false, at_once), expected, "{at_once}");
        }
        let mut sorted = expected.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_seen_or_followed_and_loops_are_found() {
        use std::os::unix::fs::symlink;

        let root = tree(&["d/f", "e"]);
        symlink("d", root.path().join("to")).unwrap();
        symlink("../..", root.path().join("d/up")).unwrap();
        symlink("..", root.path().join("d/loop")).unwrap();
        symlink("nothing", root.path().join("dead")).unwrap();
        fs::remove_file(root.path().join("d/up")).unwrap();
        let kinds = |follow| {
            let found = Walk::through(root.path(), follow, 10).collect::<io::Result<Vec<_>>>().unwrap();
            found.into_iter().map(|found| (found.name, found.kind)).collect::<Vec<_>>()
        };
        let file = |bytes| Kind::File { bytes };
        let seen = |name: &str, kind| (name.to_owned(), kind);
        assert_eq!(
            kinds(false),
            [
                seen("d/", Kind::Directory),
                seen("d/f", file(3)),
                seen("d/loop", Kind::Link),
                seen("dead", Kind::Link),
                seen("e", file(1)),
                seen("to", Kind::Link),
            ]
        );
        let followed = kinds(true);
        let names: Vec<_> = followed.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["d/", "d/f", "d/loop", "dead", "e", "to/", "to/f", "to/loop"]);
        for refused in [2, 3, 7] {
            assert!(matches!(followed[refused].1, Kind::Refused(_)), "{:?}", followed[refused]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_unicode_is_named_all_the_same() {
        use std::os::unix::ffi::OsStrExt as _;

        let root = tree(&["a"]);
        fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"b\xff")), "").unwrap();
        let found = Walk::through(root.path(), false, 10).collect::<io::Result<Vec<_>>>().unwrap();
        assert!(
            matches!(&found[1], Found { name, kind: Kind::Refused(_) } if name == "b\u{fffd}"),
            "{found:?}"
        );
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let root = tree(&["a"]);
        for place in ["nothing", "a"] {
            let mut walk = Walk::through(&root.path().join(place), false, 10);
            assert!(walk.next().unwrap().is_err(), "{place}");
            assert!(walk.next().is_none(), "{place}");
        }
    }
}
