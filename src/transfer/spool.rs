//! Temporary files of downloads: created beside the destination, and renamed to it when they are complete.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek as _};
use std::sync::Arc;

use crate::transfer::beneath::Directory;
use crate::transfer::beneath::entry::EntryType;

/// The start of the names of temporary files.
const PREFIX: &str = ".lakefs-tmp-";

/// The number of hexadecimal digits after the prefix.
const DIGITS: usize = 16;

/// Whether a file name is that of a temporary file of a download. A download that was killed leaves one behind.
pub(crate) fn is_temporary_name(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Returns a new name for a temporary file.
fn temporary_name() -> OsString {
    format!("{PREFIX}{:016x}", fastrand::u64(..)).into()
}

/// A temporary file. It is removed when it is dropped, unless it got its final name.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    directory: Directory,
    name: OsString,
    /// The final name.
    target: OsString,
    file: Arc<File>,
    is_persisted: bool,
}

impl TemporaryFile {
    /// Creates a temporary file for the file `target` of a directory. If that exists, its permissions are kept.
    ///
    /// # Errors
    /// Fails with [`IsADirectory`](io::ErrorKind::IsADirectory) if the target is a directory.
    pub(crate) fn create(directory: Directory, target: &OsStr) -> io::Result<Self> {
        let replaced = directory.entry(target)?;
        if replaced.is_some_and(|entry| entry.kind == EntryType::Directory) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
        }
        let mode = replaced.filter(|entry| entry.kind == EntryType::File).and_then(|entry| entry.mode);
        let (name, file) = loop {
            let name = temporary_name();
            match directory.create_file(&name, mode.is_some()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => break (name, file?),
            }
        };
        let (target, is_persisted) = (target.to_owned(), false);
        let temporary = Self { directory, name, target, file: Arc::new(file), is_persisted };
        #[cfg(unix)]
        if let Some(mode) = mode {
            temporary.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        }
        Ok(temporary)
    }

    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Renames the file to its final name, and replaces a file there. With `fsync`, the new name is flushed to the disk.
    ///
    /// A file that cannot be replaced because another file system is mounted there, as often in containers, is
    /// overwritten in place.
    pub(crate) fn persist(mut self, fsync: bool) -> io::Result<()> {
        match self.directory.rename(&self.name, &self.target) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return self.overwrite_target(fsync),
            renamed => renamed?,
        }
        self.is_persisted = true;
        // The name is an entry of the directory, which is flushed separately.
        if fsync { self.directory.sync() } else { Ok(()) }
    }

    /// Renames the file to its final name, and fails if there is anything of this name.
    pub(crate) fn persist_new(mut self, fsync: bool) -> io::Result<()> {
        self.directory.rename_new(&self.name, &self.target)?;
        self.is_persisted = true;
        if fsync { self.directory.sync() } else { Ok(()) }
    }

    /// Copies the content to the file that has the final name.
    fn overwrite_target(&self, fsync: bool) -> io::Result<()> {
        let mut target = self.directory.overwrite_file(&self.target)?;
        let mut source = &*self.file;
        source.rewind()?;
        io::copy(&mut source, &mut target)?;
        if fsync { target.sync_all() } else { Ok(()) }
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.is_persisted {
            _ = self.directory.remove_file(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;

    use super::*;

    fn temporary(root: &Path, target: &str) -> io::Result<TemporaryFile> {
        let temporary = TemporaryFile::create(Directory::open(root)?, OsStr::new(target))?;
        (&mut &**temporary.file()).write_all(b"new")?;
        Ok(temporary)
    }

    fn names(root: &Path) -> Vec<String> {
        let entries = fs::read_dir(root).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn temporary_names_are_recognized_and_others_are_not() {
        assert!(is_temporary_name(temporary_name().to_str().unwrap()));
        for name in [
            ".lakefs-tmp-0123456789abcde",
            ".lakefs-tmp-0123456789ABCDEF",
            ".lakefs-tmp-0123456789abcdef0",
            ".lakefs-tmp-",
            ".lakefs-notes",
            ".lakefs_ref.yaml",
            "0123456789abcdef",
        ] {
            assert!(!is_temporary_name(name), "{name}");
        }
    }

    #[test]
    fn temporary_file_is_renamed_or_removed() {
        let root = tempfile::tempdir().unwrap();
        let file = temporary(root.path(), "a").unwrap();
        assert!(matches!(&*names(root.path()), [name] if is_temporary_name(name)));
        drop(file);
        assert_eq!(names(root.path()), [""; 0]);
        for fsync in [true, false] {
            temporary(root.path(), "a").unwrap().persist(fsync).unwrap();
            assert_eq!(names(root.path()), ["a"]);
            assert_eq!(fs::read(root.path().join("a")).unwrap(), b"new");
        }
    }

    #[test]
    fn directory_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        assert_eq!(temporary(root.path(), "a").unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(names(root.path()), ["a"]);
    }

    #[test]
    fn target_that_cannot_be_replaced_is_overwritten() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "older and longer").unwrap();
        for fsync in [true, false] {
            temporary(root.path(), "a").unwrap().overwrite_target(fsync).unwrap();
            assert_eq!(names(root.path()), ["a"]);
            assert_eq!(fs::read(root.path().join("a")).unwrap(), b"new");
        }
    }

    #[cfg(unix)]
    #[test]
    fn permissions_of_a_replaced_file_are_kept() {
        use std::os::unix::fs::PermissionsExt as _;

        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        temporary(root.path(), "a").unwrap().persist(false).unwrap();
        fs::write(root.path().join("b"), "").unwrap();
        assert_eq!(mode(&path), mode(&root.path().join("b")));
        for expected in [0o600, 0o640, 0o755, 0o666, 0o444] {
            fs::set_permissions(&path, fs::Permissions::from_mode(expected)).unwrap();
            let file = temporary(root.path(), "a").unwrap();
            assert_eq!(mode(&root.path().join(&names(root.path())[0])), expected);
            file.persist(false).unwrap();
            assert_eq!(mode(&path), expected);
        }
    }
}
