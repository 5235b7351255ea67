//! Decides which local files are equal to their objects, without or with reading them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::transfer::beneath;
use crate::transfer::dir::listing::ListedObject;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::dir::walk::FileStat;
use crate::transfer::etag::ChecksumVerifier;
use crate::transfer::jobs::Jobs;

/// How many bytes are read and hashed by one job on the blocking thread pool.
const BLOCK: usize = 1024 * 1024;

/// How directory transfers find out whether a file and an object are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compare {
    /// By size and checksum. Each file whose size is that of its object is read.
    ///
    /// The checksum of an object can say nothing about its bytes, for example because the storage encrypts objects with a
    /// key management service. If the checksums differ then, an upload compares the modification time of the file with
    /// the one that is stored with the object, `::lakefs::client-mtime`: without it, or if the times differ, the file is
    /// uploaded. An upload to such a storage in parts stores the time, so that the next one finds the file unchanged. The
    /// time has whole seconds, so a file that is changed within the second, to the same size, counts as equal.
    #[default]
    Checksum,
    /// By size and modification time, as `lakectl local` does. A file is read only if its size is that of the object, and
    /// its time is not: then the checksums decide.
    ///
    /// The time of the object is the one that the upload has stored in the user metadata, `::lakefs::client-mtime`, or
    /// else the time at which the object was created. It has whole seconds, so a file that is changed within the second
    /// of its transfer, to the same size, counts as equal.
    SizeAndTime,
}

/// What is known of a file from its size and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Similarity {
    Different,
    /// The sizes are equal. The checksums decide.
    SameSize,
    Equal,
}

impl Compare {
    pub(crate) fn similarity(self, file: FileStat, object: &ListedObject) -> Similarity {
        if file.bytes != object.bytes {
            Similarity::Different
        } else if self == Self::SizeAndTime && file.modified == object.modified {
            Similarity::Equal
        } else {
            Similarity::SameSize
        }
    }
}

/// Compares objects with the files at their places below a directory, without reading them. Blocks.
#[derive(Debug)]
pub(crate) struct LocalFiles {
    root: Arc<Path>,
    compare: Compare,
    /// The directory of the last file, and whether it is reached without a symbolic link.
    parent: Option<(PathBuf, bool)>,
}

impl LocalFiles {
    pub(crate) fn new(root: Arc<Path>, compare: Compare) -> Self {
        Self { root, compare, parent: None }
    }

    pub(crate) fn similarity(&mut self, object: &ListedObject) -> Similarity {
        let path = local_path(&self.root, &object.name);
        let Ok(metadata) = path.symlink_metadata() else { return Similarity::Different };
        if !metadata.is_file() {
            return Similarity::Different;
        }
        let similarity = self.compare.similarity(FileStat::new(&metadata), object);
        // Opening the file would fail at a symbolic link above it. A file that is not opened is checked here.
        if similarity == Similarity::Equal && !self.is_reached_without_links(&path) {
            return Similarity::Different;
        }
        similarity
    }

    fn is_reached_without_links(&mut self, path: &Path) -> bool {
        let directory = path.parent().unwrap_or(path);
        match &self.parent {
            Some((parent, is_reached)) if parent == directory => *is_reached,
            _ => {
                let is_reached = beneath::open_parent(&self.root, path).is_ok();
                self.parent = Some((directory.to_owned(), is_reached));
                is_reached
            }
        }
    }
}

/// Whether a file below `root` has the checksum of an object. Symbolic links are not followed. If the file is equal, its
/// time is set to `modified`, so that the file need not be read the next time.
pub(crate) async fn is_equal(
    jobs: &Jobs,
    root: &Arc<Path>,
    object: &ListedObject,
    modified: Option<SystemTime>,
) -> io::Result<bool> {
    let Some(verifier) = ChecksumVerifier::new(&object.checksum, object.bytes) else { return Ok(false) };
    let (root, path) = (root.clone(), local_path(root, &object.name));
    let open = move || beneath::open_file(&root, &path);
    let (file, is_equal) = has_checksum(jobs, open, object.bytes, verifier).await?;
    if is_equal && let Some(modified) = modified {
        // The time saves work, and nothing else depends on it.
        _ = jobs.run(move || file.set_modified(modified)).await;
    }
    Ok(is_equal)
}

/// Opens a file of this size and reads it to its end: a small file in one job, a larger one in jobs of a MiB.
pub(crate) async fn has_checksum(
    jobs: &Jobs,
    open: impl FnOnce() -> io::Result<File> + Send + 'static,
    bytes: u64,
    verifier: ChecksumVerifier,
) -> io::Result<(File, bool)> {
    let block_size = usize::try_from(bytes).map_or(BLOCK, |bytes| BLOCK.min(bytes.saturating_add(1)));
    let start = move || FileReader { file: open()?, verifier, block: Vec::new(), block_size }.read_block();
    let (mut reader, mut is_complete) = jobs.run(start).await?;
    while !is_complete {
        (reader, is_complete) = jobs.run(move || reader.read_block()).await?;
    }
    let FileReader { file, verifier, .. } = reader;
    Ok((file, verifier.matches()))
}

/// The state of reading a file between two jobs.
struct FileReader {
    file: File,
    verifier: ChecksumVerifier,
    block: Vec<u8>,
    block_size: usize,
}

impl FileReader {
    /// Reads and hashes the next block. Returns whether the file is complete.
    fn read_block(mut self) -> io::Result<(Self, bool)> {
        self.block.clear();
        self.block.reserve_exact(self.block_size);
        let read = (&self.file).take(self.block_size as u64).read_to_end(&mut self.block)?;
        self.verifier.update(&self.block);
        let is_complete = read < self.block_size;
        Ok((self, is_complete))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::models::time::{from_unix_seconds, nearest_unix_seconds};
    use crate::transfer::digest::hex;
    use crate::transfer::md5::Md5;

    fn object(name: &str, data: &[u8], modified: i64) -> ListedObject {
        ListedObject {
            name: name.to_owned(),
            bytes: data.len() as u64,
            checksum: hex(&Md5::digest(data)),
            modified,
            rejection: None,
        }
    }

    #[test]
    fn size_and_time_decide_without_reading() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("f");
        fs::write(&path, "data").unwrap();
        File::open(&path).unwrap().set_modified(from_unix_seconds(1_000_000).unwrap()).unwrap();
        let compare =
            |compare, object: &ListedObject| LocalFiles::new(root.path().into(), compare).similarity(object);
        // The data of the object differ, which only the checksum shows.
        let (same_time, other_time) = (object("f", b"DATA", 1_000_000), object("f", b"DATA", 1_000_001));
        assert_eq!(compare(Compare::SizeAndTime, &same_time), Similarity::Equal);
        assert_eq!(compare(Compare::SizeAndTime, &other_time), Similarity::SameSize);
        assert_eq!(compare(Compare::Checksum, &same_time), Similarity::SameSize);
        for mode in [Compare::SizeAndTime, Compare::Checksum] {
            assert_eq!(compare(mode, &object("f", b"longer", 1_000_000)), Similarity::Different);
            assert_eq!(compare(mode, &object("missing", b"data", 1_000_000)), Similarity::Different);
        }
    }

    #[cfg(unix)]
    #[test]
    fn file_behind_a_symbolic_link_is_different() {
        let (root, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(target.path(), root.path().join("a")).unwrap();
        fs::write(target.path().join("f"), "").unwrap();
        let modified =
            nearest_unix_seconds(fs::metadata(target.path().join("f")).unwrap().modified().unwrap());
        fs::create_dir(root.path().join("b")).unwrap();
        fs::rename(target.path().join("f"), root.path().join("b/f")).unwrap();
        std::os::unix::fs::symlink("../b/f", target.path().join("f")).unwrap();
        std::os::unix::fs::symlink("b", root.path().join("c")).unwrap();
        let mut files = LocalFiles::new(root.path().into(), Compare::SizeAndTime);
        for (name, expected) in [
            ("a/f", Similarity::Different),
            ("b/f", Similarity::Equal),
            ("b/f", Similarity::Equal),
            ("c/f", Similarity::Different),
        ] {
            assert_eq!(files.similarity(&object(name, b"", modified)), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn equal_file_gets_the_time_of_its_object() {
        let root = tempfile::tempdir().unwrap();
        let (path, jobs): (Arc<Path>, _) = (root.path().into(), Jobs::new(1));
        for length in [0, 5, BLOCK, 2 * BLOCK + 7] {
            let data = vec![b'x'; length];
            fs::write(path.join("f"), &data).unwrap();
            let modified = from_unix_seconds(1_000_000);
            let mut other = data.clone();
            other.push(b'y');
            let (equal, other) = (object("f", &data, 0), object("f", &other, 0));
            assert!(!is_equal(&jobs, &path, &other, modified).await.unwrap(), "{length}");
            assert!(is_equal(&jobs, &path, &equal, None).await.unwrap(), "{length}");
            let time = || fs::metadata(path.join("f")).unwrap().modified().unwrap();
            assert_ne!(time(), modified.unwrap());
            assert!(is_equal(&jobs, &path, &equal, modified).await.unwrap(), "{length}");
            assert_eq!(time(), modified.unwrap());
        }
    }

    #[test]
    fn times_before_1970_are_supported() {
        for seconds in [-1_000_000, -1, 0, 1, 4_000_000_000] {
            assert_eq!(nearest_unix_seconds(from_unix_seconds(seconds).unwrap()), seconds);
        }
    }
}
