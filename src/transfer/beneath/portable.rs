//! A directory that is used by its path.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::transfer::beneath::entry::{Entry, EntryType, not_a_directory, not_a_file};

/// A directory. The names that its methods take are names of its entries, without slashes.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Opens a directory. Symbolic links in `path` are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.metadata()?.is_dir() {
            return Ok(Self(path.to_owned()));
        }
        Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory"))
    }

    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        match self.entry(name)? {
            Some(Entry { kind: EntryType::Directory, .. }) => Ok(Self(self.0.join(name))),
            Some(entry) => Err(not_a_directory(entry)),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "it does not exist")),
        }
    }

    pub(crate) fn open_or_create_dir(&self, name: &OsStr) -> io::Result<Self> {
        match fs::create_dir(self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.open_dir(name),
        }
    }

    /// Opens a regular file to read it.
    pub(crate) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_regular(name, OpenOptions::new().read(true))
    }

    /// Opens a regular file to replace its content in place.
    pub(crate) fn overwrite_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_regular(name, OpenOptions::new().write(true).truncate(true))
    }

    fn open_regular(&self, name: &OsStr, options: &OpenOptions) -> io::Result<File> {
        match self.entry(name)? {
            Some(entry) if entry.kind != EntryType::File => Err(not_a_file(entry.kind)),
            _ => options.open(self.0.join(name)),
        }
    }

    /// Creates a file that does not exist yet, to write and read it. Others have access to it as to any new file, unless
    /// it is private.
    pub(crate) fn create_file(&self, name: &OsStr, is_private: bool) -> io::Result<File> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_private { 0o600 } else { 0o666 });
        #[cfg(not(unix))]
        let _ = is_private;
        options.read(true).write(true).create_new(true).open(self.0.join(name))
    }

    /// Describes an entry, if there is one of this name.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        let metadata = match fs::symlink_metadata(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        let kind = if metadata.is_file() {
            EntryType::File
        } else if metadata.is_dir() {
            EntryType::Directory
        } else if metadata.is_symlink() {
            EntryType::Symlink
        } else {
            EntryType::Special
        };
        Ok(Some(Entry { kind, mode: None }))
    }

    /// Renames a file in the directory, and replaces a file or a link that has the name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    /// Renames a file in the directory.
    ///
    /// # Errors
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists): there is an entry of the new name.
    pub(crate) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let from = tempfile::TempPath::try_from_path(self.0.join(from))?;
        Ok(from.persist_noclobber(self.0.join(to))?)
    }

    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    pub(crate) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.0.join(name))
    }

    /// Flushes the names of the entries to the disk. Does nothing where a directory cannot be flushed.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "fails on other systems")]
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
