//! Walks the files below a directory in the byte order of their names, with what tells whether they changed.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::models::time::to_unix;
use crate::transfer::beneath;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::dir::name_folding::is_probe_name;
use crate::transfer::etag::ChecksumVerifier;
use crate::transfer::spool::is_temporary_name;
use crate::transfer::working::index::INDEX_FILE;
use crate::transfer::{CHUNK_SIZE, with_path};

/// The names that lakectl leaves out, in every directory.
const IGNORED: [&str; 2] = [INDEX_FILE, ".DS_Store"];

/// Whether a file of this name is no part of a working copy.
pub(crate) fn is_ignored(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    IGNORED.contains(&file) || is_temporary(file)
}

/// Whether this is the name of a temporary file of this crate.
fn is_temporary(file: &str) -> bool {
    is_temporary_name(file) || is_probe_name(file)
}

/// Removes the temporary files below a directory, which an interrupted operation has left. Follows no symbolic links.
pub(crate) fn remove_temporary_files(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            remove_temporary_files(&entry.path())?;
        } else if file_type.is_file() && entry.file_name().to_str().is_some_and(is_temporary) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file below `root` has this size and checksum. Symbolic links are not followed, and a file that cannot be read
/// does not have the checksum. Blocks.
pub(crate) fn has_checksum(root: &Path, path: &Path, bytes: u64, checksum: &str) -> bool {
    let Some(mut verifier) = ChecksumVerifier::new(checksum, bytes) else { return false };
    let read = move || -> io::Result<bool> {
        let mut file = beneath::open_file(root, path)?;
        if file.metadata()?.len() != bytes {
            return Ok(false);
        }
        let mut chunk = vec![0; CHUNK_SIZE];
        loop {
            match file.read(&mut chunk)? {
                0 => return Ok(verifier.matches()),
                length => verifier.update(&chunk[..length]),
            }
        }
    };
    read().unwrap_or(false)
}

/// What changes when a file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// The time of the last modification: whole seconds since 1970, and nanoseconds.
    pub(crate) modified: (i64, u32),
    /// Identifies the file in its file system. 0 where the platform does not have it.
    pub(crate) inode: u64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> io::Result<Self> {
        let modified = to_unix(metadata.modified()?).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "the time of a file is out of range")
        })?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(Self { bytes: metadata.len(), modified, inode })
    }

    /// Reads the stamp of a regular file below `root`. Returns `None` if there is no file, and an error if there is
    /// something else, or if a directory above it is a symbolic link.
    pub(crate) fn read(root: &Path, path: &Path) -> io::Result<Option<Self>> {
        let mut parents: Vec<_> = path.ancestors().skip(1).take_while(|parent| *parent != root).collect();
        parents.reverse();
        for parent in parents {
            match fs::symlink_metadata(parent) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(not_regular(parent, "is not a directory")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => Self::of(&metadata).map(Some),
            Ok(_) => Err(not_regular(path, "is not a regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn not_regular(path: &Path, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{} {what}", path.display()))
}

/// An entry below the directory that is no directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalFile {
    /// The path below the directory, with slashes.
    pub(crate) name: String,
    /// The stamp of a regular file, or why the entry is none.
    pub(crate) stamp: Result<Stamp, &'static str>,
}

/// The walk. Ends after an error. Symbolic links are not followed.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
    open: Vec<OpenDirectory>,
    failed: Option<io::Error>,
}

/// A directory between the root and the current position.
#[derive(Debug)]
struct OpenDirectory {
    /// The path below the root, with a slash at its end. Empty for the root.
    prefix: String,
    /// The remaining entries, the next one last.
    entries: Vec<Entry>,
}

/// An entry of an open directory. A directory can have very many, so it is small.
#[derive(Debug)]
struct Entry {
    /// The file name. That of a directory ends with a slash.
    name: Box<str>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Unsupported(&'static str),
}

impl Files {
    pub(crate) fn below(root: &Path) -> Self {
        let mut files = Self { root: root.to_owned(), open: Vec::new(), failed: None };
        files.failed = files.enter(String::new()).err();
        files
    }

    /// Opens a directory.
    fn enter(&mut self, prefix: String) -> io::Result<()> {
        let path = local_path(&self.root, &prefix);
        let with_path = |error: io::Error| with_path(&path, &error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path).map_err(with_path)? {
            let entry = entry.map_err(with_path)?;
            let file_type = match entry.file_type() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file_type => file_type.map_err(with_path)?,
            };
            let (name, kind) = match entry.file_name().into_string() {
                Ok(name) if file_type.is_dir() => (name + "/", Kind::Directory),
                Ok(name) if file_type.is_file() => (name, Kind::File),
                Ok(name) if file_type.is_symlink() => (name, Kind::Unsupported("it is a symbolic link")),
                Ok(name) => (name, Kind::Unsupported("it is not a regular file")),
                Err(name) => {
                    let name = name.to_string_lossy().into_owned();
                    (name, Kind::Unsupported("the file name is not valid Unicode"))
                }
            };
            if kind == Kind::Directory || !is_ignored(&name) {
                entries.push(Entry { name: name.into(), kind });
            }
        }
        entries.sort_unstable_by(|one, other| other.name.cmp(&one.name));
        self.open.push(OpenDirectory { prefix, entries });
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<Option<LocalFile>> {
        loop {
            let Some(directory) = self.open.last_mut() else { return Ok(None) };
            let Some(Entry { name, kind }) = directory.entries.pop() else {
                self.open.pop();
                continue;
            };
            let name = format!("{}{name}", directory.prefix);
            match kind {
                Kind::Directory => match self.enter(name) {
                    // The directory has been deleted in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    entered => entered?,
                },
                Kind::Unsupported(why) => return Ok(Some(LocalFile { name, stamp: Err(why) })),
                Kind::File => {
                    let path = local_path(&self.root, &name);
                    let metadata = match fs::symlink_metadata(&path) {
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        metadata => metadata?,
                    };
                    let stamp = if metadata.is_file() {
                        Ok(Stamp::of(&metadata)?)
                    } else {
                        Err("it is not a regular file")
                    };
                    return Ok(Some(LocalFile { name, stamp }));
                }
            }
        }
    }
}

impl Iterator for Files {
    type Item = io::Result<LocalFile>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.failed.take() {
            Some(error) => Err(error),
            None => self.next_file(),
        };
        if next.is_err() {
            self.open.clear();
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPORARY: &str = ".lakefs-tmp-0123456789abcdef";

    fn names(root: &Path) -> Vec<String> {
        Files::below(root).map(|file| file.unwrap().name).collect()
    }

    fn write(root: &Path, names: &[&str]) {
        for name in names {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
    }

    #[test]
    fn files_are_in_byte_order_without_the_ignored_ones() {
        let root = tempfile::tempdir().unwrap();
        let expected = ["Z", "a-b", "a.txt", "a/b", "a/b d/e", "a/b-c", "a0", "b/.git/x", "\u{e9}"];
        write(root.path(), &expected);
        write(root.path(), &[INDEX_FILE, "a/.DS_Store", "b/.lakefs_ref.yaml"]);
        write(root.path(), &[&format!("a/{TEMPORARY}")]);
        assert_eq!(names(root.path()), expected);
        let error = Files::below(&root.path().join("nothing")).next().unwrap();
        assert!(error.is_err());
    }

    #[test]
    fn only_names_of_temporary_files_and_of_lakectl_are_ignored() {
        assert!(is_ignored("a/.DS_Store") && is_ignored(&format!("a/{TEMPORARY}")));
        assert!(is_ignored("a/.lakefs-Case-Ab12Cd") && is_ignored(".lakefs-\u{e9}-Ab12Cd"));
        for name in
            [".lakefs-tmp-abc", ".lakefs-a-abcdef", "lakefs-abcdef", ".lakefs_ref.yaml/x", ".gitignore"]
        {
            assert!(!is_ignored(name), "{name}");
        }
    }

    #[test]
    fn temporary_files_are_removed() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &["a", ".lakefs-tmp-abc", &format!("b/{TEMPORARY}"), TEMPORARY, ".DS_Store"]);
        remove_temporary_files(root.path()).unwrap();
        assert_eq!(fs::read_dir(root.path().join("b")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_reported_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &["d/f", "e"]);
        std::os::unix::fs::symlink("d", root.path().join("link")).unwrap();
        let files: Vec<_> = Files::below(root.path()).map(Result::unwrap).collect();
        assert_eq!(names(root.path()), ["d/f", "e", "link"]);
        assert!(files[0].stamp.is_ok() && files[2].stamp == Err("it is a symbolic link"));
        let read = |name: &str| Stamp::read(root.path(), &root.path().join(name));
        assert_eq!(read("d/f").unwrap(), files[0].stamp.ok());
        assert_eq!(read("x/y").unwrap(), None);
        assert!(read("link/f").is_err() && read("link").is_err() && read("d").is_err());
    }
}
