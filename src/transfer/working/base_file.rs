//! Files that hold the objects of a commit: one JSON text a line, in the order of the names.
//!
//! A commit never changes, so a file for its id is valid for ever. The cache holds one file for each working copy. A file
//! that cannot be cached is a temporary one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::transfer::digest::hex;
use crate::transfer::md5::Md5;
use crate::transfer::working::base::BaseEntry;

/// What a file holds. It is the first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BaseKey {
    version: u32,
    endpoint: String,
    repository: String,
    prefix: String,
    commit: String,
}

/// The last line: without it, the file is incomplete.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: u64,
}

impl BaseKey {
    pub(crate) fn new(endpoint: &str, repository: &str, prefix: &str, commit: &str) -> Self {
        Self {
            version: 1,
            endpoint: endpoint.to_owned(),
            repository: repository.to_owned(),
            prefix: prefix.to_owned(),
            commit: commit.to_owned(),
        }
    }

    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }
}

/// The directory of the cache: `lakefs/working-copies` in that of the user. `None` if there is none.
pub(crate) fn user_cache_dir() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|home| home.is_absolute());
    let cache = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
    };
    Some(cache?.join("lakefs").join("working-copies"))
}

/// Returns the file of a working copy in the cache.
pub(crate) fn cache_file(cache: &Path, root: &Path) -> io::Result<PathBuf> {
    let root = root.canonicalize()?;
    Ok(cache.join(format!("{}.jsonl", hex(&Md5::digest(root.as_os_str().as_encoded_bytes())))))
}

/// Reads the entries of a file. Ends after an error.
#[derive(Debug)]
pub(crate) struct BaseReader {
    lines: BufReader<File>,
    line: String,
    entries: u64,
    is_at_end: bool,
    /// Deletes a temporary file.
    _temporary: Option<NamedTempFile>,
}

impl BaseReader {
    /// Opens the file of a cache if it holds this commit.
    pub(crate) fn open(path: &Path, key: &BaseKey) -> Option<Self> {
        let mut reader = Self::new(File::open(path).ok()?, None);
        let is_of_key = reader.read_header().is_ok_and(|header| header == *key);
        is_of_key.then_some(reader)
    }

    fn new(file: File, temporary: Option<NamedTempFile>) -> Self {
        let lines = BufReader::with_capacity(64 * 1024, file);
        Self { lines, line: String::new(), entries: 0, is_at_end: false, _temporary: temporary }
    }

    fn read_header(&mut self) -> io::Result<BaseKey> {
        self.line.clear();
        self.lines.read_line(&mut self.line)?;
        Ok(serde_json::from_str(&self.line)?)
    }

    fn read(&mut self) -> io::Result<Option<BaseEntry>> {
        self.line.clear();
        self.lines.read_line(&mut self.line)?;
        if self.line.starts_with('[') {
            self.entries += 1;
            return Ok(Some(serde_json::from_str(&self.line)?));
        }
        let end: End = serde_json::from_str(&self.line)?;
        if end.entries != self.entries {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "entries are missing"));
        }
        Ok(None)
    }
}

impl Iterator for BaseReader {
    type Item = io::Result<BaseEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_at_end {
            return None;
        }
        // Whatever the cause, the list has to be requested again.
        let next = self.read().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
        self.is_at_end = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

/// Writes a file.
#[derive(Debug)]
pub(crate) struct BaseWriter {
    lines: BufWriter<NamedTempFile>,
    entries: u64,
    /// Where the complete file is stored.
    path: Option<PathBuf>,
}

impl BaseWriter {
    /// Starts a file for the path of a cache. Without it, or if the cache cannot be written, the file is a temporary
    /// one.
    pub(crate) fn create(path: Option<&Path>, key: &BaseKey) -> io::Result<Self> {
        let in_cache = path.and_then(|path| {
            let parent = path.parent()?;
            fs::create_dir_all(parent).ok()?;
            Some((NamedTempFile::new_in(parent).ok()?, path.to_owned()))
        });
        let (file, path) = match in_cache {
            Some((file, path)) => (file, Some(path)),
            None => (NamedTempFile::new()?, None),
        };
        let mut new = Self { lines: BufWriter::with_capacity(64 * 1024, file), entries: 0, path };
        new.write(key)?;
        Ok(new)
    }

    pub(crate) fn push(&mut self, entry: &BaseEntry) -> io::Result<()> {
        self.entries += 1;
        self.write(entry)
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.lines, line)?;
        self.lines.write_all(b"\n")
    }

    /// Completes the file, and returns a reader of it.
    pub(crate) fn finish(mut self) -> io::Result<BaseReader> {
        let end = End { entries: self.entries };
        self.write(&end)?;
        let mut temporary = self.lines.into_inner().map_err(io::IntoInnerError::into_error)?;
        temporary.rewind()?;
        let file = temporary.reopen()?;
        let temporary = match self.path {
            Some(path) => temporary.persist(path).err().map(|error| error.file),
            None => Some(temporary),
        };
        let mut reader = BaseReader::new(file, temporary);
        reader.read_header()?;
        Ok(reader)
    }
}

/// Writes the file of a commit from that of another commit. `updates` has the new entries, and `None` for removed ones.
pub(crate) fn rewrite(
    base: impl Iterator<Item = io::Result<BaseEntry>>,
    mut updates: BTreeMap<String, Option<BaseEntry>>,
    mut writer: BaseWriter,
) -> io::Result<BaseReader> {
    for entry in base {
        let entry = entry?;
        let after = updates.split_off(&entry.name);
        for new in std::mem::replace(&mut updates, after).into_values().flatten() {
            writer.push(&new)?;
        }
        match updates.remove(&entry.name) {
            None => writer.push(&entry)?,
            Some(Some(new)) => writer.push(&new)?,
            Some(None) => {}
        }
    }
    for new in updates.into_values().flatten() {
        writer.push(&new)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, bytes: u64) -> BaseEntry {
        BaseEntry {
            name: name.to_owned(),
            bytes,
            checksum: "0123".to_owned(),
            modified: 5,
            uploaded: -6,
            verified: Some((5, 7)),
        }
    }

    fn key(commit: &str) -> BaseKey {
        BaseKey::new("http://localhost", "repo", "data/", commit)
    }

    fn write(path: Option<&Path>, entries: &[BaseEntry]) -> BaseReader {
        let mut writer = BaseWriter::create(path, &key("1")).unwrap();
        for entry in entries {
            writer.push(entry).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(reader: BaseReader) -> Vec<BaseEntry> {
        reader.map(Result::unwrap).collect()
    }

    #[test]
    fn file_is_read_for_its_commit_only() {
        let cache = tempfile::tempdir().unwrap();
        let path = cache.path().join("new/file.jsonl");
        let entries = [entry("a", 1), entry("b\n\"\u{e9}", 0)];
        assert_eq!(read(write(Some(&path), &entries)), entries);
        assert_eq!(read(write(None, &entries)), entries);
        assert_eq!(read(BaseReader::open(&path, &key("1")).unwrap()), entries);
        assert!(BaseReader::open(&path, &key("2")).is_none());
        assert!(BaseReader::open(&cache.path().join("nothing"), &key("1")).is_none());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn incomplete_file_ends_with_an_error() {
        let cache = tempfile::tempdir().unwrap();
        let path = cache.path().join("file.jsonl");
        drop(write(Some(&path), &[entry("a", 1), entry("b", 2)]));
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for damaged in [lines[..3].join("\n"), [lines[0], lines[1], lines[3]].join("\n")] {
            fs::write(&path, damaged).unwrap();
            let reader = BaseReader::open(&path, &key("1")).unwrap();
            assert!(reader.collect::<io::Result<Vec<_>>>().is_err());
        }
    }

    #[test]
    fn updates_are_merged_in_order() {
        let base = ["b", "c", "d"].map(|name| Ok(entry(name, 1)));
        let updates =
            [("a", Some(2)), ("b", None), ("c", Some(3)), ("cc", Some(4)), ("e", Some(5)), ("f", None)];
        let updates = updates.map(|(name, bytes)| (name.to_owned(), bytes.map(|bytes| entry(name, bytes))));
        let writer = BaseWriter::create(None, &key("2")).unwrap();
        let merged = read(rewrite(base.into_iter(), updates.into(), writer).unwrap());
        assert_eq!(merged, [entry("a", 2), entry("c", 3), entry("cc", 4), entry("d", 1), entry("e", 5)]);
    }
}
