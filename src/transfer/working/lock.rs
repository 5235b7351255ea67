//! The lock of a working copy, which a program holds while it changes the directory.

use std::fs::File;
use std::io;
use std::path::Path;

/// The lock. The system releases it when the value is dropped, or when the process ends.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    #[expect(dead_code, reason = "the open file holds the lock")]
    file: Option<File>,
}

/// Locks a directory without a file in it. Returns `None` if another program holds the lock.
///
/// On a file system without locks, the directory is not locked.
#[cfg(all(unix, not(target_os = "solaris")))]
pub(crate) fn lock(root: &Path) -> io::Result<Option<DirectoryLock>> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;

    let directory = File::open(root)?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(DirectoryLock { file: Some(directory) })),
        Err(Errno::WOULDBLOCK) => Ok(None),
        // Some network file systems lock only files that are open for writing.
        Err(Errno::BADF | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK) => {
            tracing::debug!(directory = %root.display(), "the file system does not support locks");
            Ok(Some(DirectoryLock { file: None }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Locks a directory by a file in the directory for temporary files. Returns `None` if another program holds the lock.
#[cfg(windows)]
pub(crate) fn lock(root: &Path) -> io::Result<Option<DirectoryLock>> {
    use std::os::windows::fs::OpenOptionsExt as _;

    use crate::transfer::digest::hex;
    use crate::transfer::md5::Md5;

    const SHARING_VIOLATION: i32 = 32;
    let name = hex(&Md5::digest(root.canonicalize()?.as_os_str().as_encoded_bytes()));
    let path = std::env::temp_dir().join(format!("lakefs-{name}.lock"));
    let opened = File::options().create(true).truncate(false).write(true).share_mode(0).open(path);
    match opened {
        Ok(file) => Ok(Some(DirectoryLock { file: Some(file) })),
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Does not lock: the platform has no locks that the crate knows.
#[cfg(not(any(windows, all(unix, not(target_os = "solaris")))))]
pub(crate) fn lock(_root: &Path) -> io::Result<Option<DirectoryLock>> {
    Ok(Some(DirectoryLock { file: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_is_locked_once_until_the_lock_is_dropped() {
        let root = tempfile::tempdir().unwrap();
        let held = lock(root.path()).unwrap();
        assert!(held.is_some());
        assert!(lock(root.path()).unwrap().is_none());
        drop(held);
        assert!(lock(root.path()).unwrap().is_some());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
