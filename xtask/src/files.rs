//! Files that are replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Reads a file that has to be there.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::at(path.display(), error))
}

/// Reads a file that may be missing.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::at(path.display(), error)),
    }
}

/// Replaces a file.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    Beside::written(path, text)?.take_its_place(path)
}

/// Replaces two files: after a failure both are as they were.
///
/// Both are written out before either is replaced, so a full disk or a directory that cannot be written to is
/// met while nothing has changed. If the second cannot be replaced, the first gets back what it was.
pub(crate) fn replace_both(first: (&Path, &str), second: (&Path, &str)) -> Result<(), Failure> {
    let new_first = Beside::written(first.0, first.1)?;
    let new_second = Beside::written(second.0, second.1)?;
    let old_first = Beside::copied(first.0)?;
    new_first.take_its_place(first.0)?;
    new_second.take_its_place(second.0).or_else(|failure| {
        match old_first {
            Some(old) => old.take_its_place(first.0)?,
            None => fs::remove_file(first.0).map_err(|error| Failure::at(first.0.display(), error))?,
        }
        Err(failure)
    })
}

/// A temporary file in the directory of another, removed unless it takes the place of that other.
struct Beside(PathBuf);

impl Beside {
    fn new(path: &Path, kind: &str) -> Self {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(kind);
        Self(path.with_file_name(name))
    }

    /// With this text, which has reached the disk.
    fn written(path: &Path, text: &str) -> Result<Self, Failure> {
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

    /// With what the file is now, if there is one.
    fn copied(path: &Path) -> Result<Option<Self>, Failure> {
        let old = Self::new(path, ".old");
        match fs::copy(path, &old.0) {
            Ok(_) => Ok(Some(old)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::at(path.display(), format!("cannot be kept: {error}"))),
        }
    }

    fn take_its_place(self, path: &Path) -> Result<(), Failure> {
        fs::rename(&self.0, path)
            .map_err(|error| Failure::at(path.display(), format!("cannot be replaced: {error}")))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a success it is gone already; after a failure there is nobody left to tell.
        let _ = fs::remove_file(&self.0);
    }
}
