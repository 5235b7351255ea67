//! A directory that is used by its handle.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, linkat, mkdirat, open, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use crate::transfer::beneath::entry::{Entry, EntryType, not_a_directory, not_a_file};

const OPEN_DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Never follows a link, and never waits for the other end of a pipe.
const OPEN_FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// An open directory. The names that its methods take are names of its entries, without slashes.
#[derive(Debug)]
pub(crate) struct Directory(OwnedFd);

impl Directory {
    /// Opens a directory. Symbolic links in `path` are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(open(path, OPEN_DIRECTORY, Mode::empty())?))
    }

    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        match openat(&self.0, name, OPEN_DIRECTORY | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(directory) => Ok(Self(directory)),
            // The system says the same of a link as of a file, or reports too many links.
            Err(error) => Err(match self.entry(name)? {
                Some(entry) if entry.kind != EntryType::Directory => not_a_directory(entry),
                _ => error.into(),
            }),
        }
    }

    pub(crate) fn open_or_create_dir(&self, name: &OsStr) -> io::Result<Self> {
        match self.open_dir(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match mkdirat(&self.0, name, Mode::from_bits_truncate(0o777)) {
                    // Another transfer has created it in the meantime.
                    Ok(()) | Err(Errno::EXIST) => self.open_dir(name),
                    Err(error) => Err(error.into()),
                }
            }
            opened => opened,
        }
    }

    /// Opens a regular file to read it.
    pub(crate) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_regular(name, OFlags::RDONLY)
    }

    /// Opens a regular file to replace its content in place.
    pub(crate) fn overwrite_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_regular(name, OFlags::WRONLY | OFlags::TRUNC)
    }

    fn open_regular(&self, name: &OsStr, access: OFlags) -> io::Result<File> {
        match openat(&self.0, name, OPEN_FILE | access, Mode::empty()) {
            Ok(file) => {
                let file = File::from(file);
                let metadata = file.metadata()?;
                if metadata.is_file() {
                    return Ok(file);
                }
                Err(not_a_file(if metadata.is_dir() { EntryType::Directory } else { EntryType::Special }))
            }
            Err(error) => Err(match self.entry(name)? {
                Some(entry) if entry.kind != EntryType::File => not_a_file(entry.kind),
                _ => error.into(),
            }),
        }
    }

    /// Creates a file that does not exist yet, to write and read it. Others have access to it as to any new file, unless
    /// it is private.
    pub(crate) fn create_file(&self, name: &OsStr, is_private: bool) -> io::Result<File> {
        let mode = Mode::from_bits_truncate(if is_private { 0o600 } else { 0o666 });
        let access = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        Ok(openat(&self.0, name, OPEN_FILE | access, mode)?.into())
    }

    /// Describes an entry, if there is one of this name.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        let stat = match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(None),
            stat => stat?,
        };
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => EntryType::File,
            FileType::Directory => EntryType::Directory,
            FileType::Symlink => EntryType::Symlink,
            _ => EntryType::Special,
        };
        #[allow(clippy::useless_conversion, reason = "the type is not the same on all systems")]
        let mode = u32::from(stat.st_mode) & 0o777;
        Ok(Some(Entry { kind, mode: Some(mode) }))
    }

    /// Renames a file in the directory, and replaces a file or a link that has the name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.0, from, &self.0, to)?)
    }

    /// Renames a file in the directory.
    ///
    /// # Errors
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists): there is an entry of the new name.
    pub(crate) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        match rustix::fs::renameat_with(&self.0, from, &self.0, to, rustix::fs::RenameFlags::NOREPLACE) {
            // The system or the file system does not support it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            renamed => return Ok(renamed?),
        }
        linkat(&self.0, from, &self.0, to, AtFlags::empty())?;
        self.remove_file(from)
    }

    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    pub(crate) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    /// Flushes the names of the entries to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.0)?)
    }
}
