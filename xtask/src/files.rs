//! Replaces files atomically.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Reads a file. A missing file is an error.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::at(path.display(), error))
}

/// Reads a file, or returns `None` if it does not exist.
pub(crate) fn read_if_exists(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::at(path.display(), error)),
    }
}

/// Replaces a file.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    TemporaryFile::write(path, text)?.rename_to(path)
}

/// Replaces two files. After a failure both have their old contents.
///
/// The new contents of both are written before either file is replaced, so that a full disk or a read-only directory is noticed
/// while nothing has changed. If the second file cannot be replaced, the first is restored.
pub(crate) fn replace_both(first: (&Path, &str), second: (&Path, &str)) -> Result<(), Failure> {
    let new_first = TemporaryFile::write(first.0, first.1)?;
    let new_second = TemporaryFile::write(second.0, second.1)?;
    let old_first = TemporaryFile::copy(first.0)?;
    new_first.rename_to(first.0)?;
    new_second.rename_to(second.0).or_else(|failure| {
        match old_first {
            Some(old) => old.rename_to(first.0)?,
            None => fs::remove_file(first.0).map_err(|error| Failure::at(first.0.display(), error))?,
        }
        Err(failure)
    })
}

/// A temporary file in the directory of another. It is removed when dropped, unless it was renamed.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(path: &Path, kind: &str) -> Self {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(kind);
        Self(path.with_file_name(name))
    }

    /// Creates one with this text, and flushes it to the disk.
    fn write(path: &Path, text: &str) -> Result<Self, Failure> {
        let new = Self::new(path, ".new");
        let write = || {
            let mut file = File::create(&new.0)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        match write() {
            Ok(()) => Ok(new),
            Err(error) => Err(Failure::at(path.display(), format!("cannot be replaced: {error}"))),
        }
    }

    /// Creates a copy of a file, or returns `None` if it does not exist.
    fn copy(path: &Path) -> Result<Option<Self>, Failure> {
        let old = Self::new(path, ".old");
        match fs::copy(path, &old.0) {
            Ok(_) => Ok(Some(old)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::at(path.display(), format!("cannot be copied: {error}"))),
        }
    }

    fn rename_to(self, path: &Path) -> Result<(), Failure> {
        fs::rename(&self.0, path)
            .map_err(|error| Failure::at(path.display(), format!("cannot be replaced: {error}")))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // After a rename the file no longer exists. After a failure, that failure is already reported.
        let _ = fs::remove_file(&self.0);
    }
}
