//! Compares local files with objects, and loads small files. Everything here blocks.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::transfer::CHUNK_SIZE;
use crate::transfer::etag::ChecksumVerifier;

/// A file up to this size is read into memory at once.
pub(crate) const SMALL_FILE: u64 = 256 * 1024;

/// A file to upload.
pub(crate) enum FileContent {
    /// The file has the expected checksum.
    Unchanged,
    Small(Bytes),
    Large,
}

/// Compares a file with the checksum of an object, if there is one, and loads it if it is small.
pub(crate) fn load(path: &Path, bytes: u64, verifier: Option<ChecksumVerifier>) -> io::Result<FileContent> {
    if bytes > SMALL_FILE {
        let unchanged = verifier.is_some_and(|verifier| matches!(compare(path, verifier), Ok(true)));
        return Ok(if unchanged { FileContent::Unchanged } else { FileContent::Large });
    }
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default() + 1);
    // The file may have grown since its directory was read.
    File::open(path)?.take(SMALL_FILE + 1).read_to_end(&mut data)?;
    if data.len() as u64 > SMALL_FILE {
        return Ok(FileContent::Large);
    }
    let unchanged = verifier.is_some_and(|mut verifier| {
        verifier.update(&data);
        verifier.matches()
    });
    Ok(if unchanged { FileContent::Unchanged } else { FileContent::Small(data.into()) })
}

/// Whether a file below `root` has this size and checksum, and no directory above it is a symbolic link.
pub(crate) fn is_unchanged(root: &Path, path: &Path, bytes: u64, checksum: &str) -> bool {
    let mut parents = path.ancestors().skip(1).take_while(|parent| *parent != root);
    let is_directory = |parent: &Path| fs::symlink_metadata(parent).is_ok_and(|metadata| metadata.is_dir());
    let has_size = |metadata: fs::Metadata| metadata.is_file() && metadata.len() == bytes;
    let Some(verifier) = ChecksumVerifier::new(checksum, bytes) else { return false };
    fs::symlink_metadata(path).is_ok_and(has_size)
        && parents.all(is_directory)
        && matches!(compare(path, verifier), Ok(true))
}

/// Whether a file has the expected checksum.
fn compare(path: &Path, mut verifier: ChecksumVerifier) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut chunk = vec![0; usize::try_from(length).map_or(CHUNK_SIZE, |length| length.clamp(1, CHUNK_SIZE))];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(verifier.matches()),
            bytes => verifier.update(&chunk[..bytes]),
        }
    }
}

/// Returns the path of a file below `root` from its name, which has been checked.
pub(crate) fn local_path(root: &Path, name: &str) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(name.split('/').filter(|segment| !segment.is_empty()));
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::digest::hex;
    use crate::transfer::md5::Md5;

    #[test]
    fn file_with_the_size_and_md5_is_unchanged() {
        let root = tempfile::tempdir().unwrap();
        let large = usize::try_from(SMALL_FILE).unwrap() + 7;
        for length in [0, 5, large] {
            let (path, data) = (root.path().join(length.to_string()), vec![b'x'; length]);
            fs::write(&path, &data).unwrap();
            let md5 = hex(&Md5::digest(&data));
            let other = md5.replace(|digit: char| digit.is_ascii_digit(), "f");
            let bytes = length as u64;
            let load = |checksum: &str| load(&path, bytes, ChecksumVerifier::new(checksum, bytes)).unwrap();
            assert!(matches!(load(&md5), FileContent::Unchanged), "{length}");
            assert!(!matches!(load(&other), FileContent::Unchanged), "{length}");
            assert!(is_unchanged(root.path(), &path, bytes, &md5));
            assert!(!is_unchanged(root.path(), &path, bytes + 1, &md5));
        }
        let grown = load(&root.path().join(large.to_string()), 5, None).unwrap();
        assert!(matches!(grown, FileContent::Large));
    }

    #[cfg(unix)]
    #[test]
    fn file_behind_a_symbolic_link_is_not_unchanged() {
        let (root, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(target.path(), root.path().join("a")).unwrap();
        fs::write(target.path().join("f"), "").unwrap();
        let md5 = hex(&Md5::digest(""));
        assert!(is_unchanged(target.path(), &target.path().join("f"), 0, &md5));
        assert!(!is_unchanged(root.path(), &local_path(root.path(), "a/f"), 0, &md5));
    }
}
