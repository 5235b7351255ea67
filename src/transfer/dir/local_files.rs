//! Loads local files. Everything here blocks.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::transfer::etag::ChecksumVerifier;

/// A file up to this size is read into memory at once.
pub(crate) const SMALL_FILE: u64 = 256 * 1024;

/// A small file to upload.
#[derive(Debug)]
pub(crate) enum FileContent {
    /// The file has the expected checksum.
    Unchanged,
    Small(Bytes),
    /// The file has grown beyond [`SMALL_FILE`].
    Large,
}

/// Loads a file of a size up to [`SMALL_FILE`], and compares it with the checksum of an object, if there is one.
pub(crate) fn load(file: File, bytes: u64, verifier: Option<ChecksumVerifier>) -> io::Result<FileContent> {
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default() + 1);
    // The file may have grown since its directory was read.
    file.take(SMALL_FILE + 1).read_to_end(&mut data)?;
    if data.len() as u64 > SMALL_FILE {
        return Ok(FileContent::Large);
    }
    let unchanged = verifier.is_some_and(|mut verifier| {
        verifier.update(&data);
        verifier.matches()
    });
    Ok(if unchanged { FileContent::Unchanged } else { FileContent::Small(data.into()) })
}

/// Returns the path of a file below `root` from its name, which has been checked.
pub(crate) fn local_path(root: &Path, name: &str) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(name.split('/').filter(|segment| !segment.is_empty()));
    path
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::transfer::digest::hex;
    use crate::transfer::md5::Md5;

    #[test]
    fn small_file_is_loaded_or_found_unchanged() {
        let root = tempfile::tempdir().unwrap();
        for length in [0, 5, usize::try_from(SMALL_FILE).unwrap()] {
            let (path, data) = (root.path().join(length.to_string()), vec![b'x'; length]);
            fs::write(&path, &data).unwrap();
            let md5 = hex(&Md5::digest(&data));
            let other = md5.replace(|digit: char| digit.is_ascii_digit(), "f");
            let bytes = length as u64;
            let load = |verifier| load(File::open(&path).unwrap(), bytes, verifier).unwrap();
            let with_checksum = |checksum: &str| load(ChecksumVerifier::new(checksum, bytes));
            assert!(matches!(with_checksum(&md5), FileContent::Unchanged), "{length}");
            for content in [with_checksum(&other), load(None)] {
                assert!(matches!(content, FileContent::Small(loaded) if loaded == data), "{length}");
            }
        }
        let path = root.path().join("large");
        fs::write(&path, vec![b'x'; usize::try_from(SMALL_FILE).unwrap() + 1]).unwrap();
        let grown = load(File::open(&path).unwrap(), 5, None).unwrap();
        assert!(matches!(grown, FileContent::Large));
    }
}
