//! Temporary files of downloads: created beside the destination, and renamed to it when they are complete.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::transfer::beneath::create_parent_dirs;

/// Creates a temporary file in the directory of `path`, because a rename is atomic only within a file system.
///
/// With a `root`, creates also the directories between `root` and the file; see [`create_parent_dirs`].
pub(crate) fn create(path: &Path, root: Option<&Path>) -> io::Result<NamedTempFile> {
    if let Some(root) = root {
        create_parent_dirs(root, path)?;
    }
    let mut builder = tempfile::Builder::new();
    let suffix = format!("{:016x}", fastrand::u64(..));
    builder.prefix(PREFIX).suffix(&suffix).rand_bytes(0);
    // Temporary files are private to their owner by default. This one becomes a file like any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(parent(path))
}

/// Renames a temporary file to `path`, and replaces a file there. With `fsync`, the new name is flushed to the disk.
pub(crate) fn persist(temporary: NamedTempFile, path: &Path, fsync: bool) -> io::Result<()> {
    temporary.persist(path)?;
    // The name is an entry of the directory, which is flushed separately.
    if cfg!(unix) && fsync {
        File::open(parent(path))?.sync_all()?;
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The start of the names of temporary files.
const PREFIX: &str = ".lakefs-tmp-";

/// The number of hexadecimal digits after the prefix.
const DIGITS: usize = 16;

/// Whether a file name is that of a temporary file of a download. A download that was killed leaves one behind.
#[allow(dead_code, reason = "used when directories are walked")]
pub(crate) fn is_temporary_name(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
