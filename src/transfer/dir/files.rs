//! Files, on threads that may block.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::transfer::CHUNK_SIZE as CHUNK;
use crate::transfer::etag::ChecksumVerifier as Comparison;

/// A file that is not larger than this is read in one step.
pub(crate) const SMALL: u64 = 256 * 1024;

/// A file to be uploaded.
pub(crate) enum Content {
    /// It has the checksum that was asked for.
    Equal,
    Small(Bytes),
    Large,
}

/// Reads a file that is small, and compares it with a checksum if there is one.
pub(crate) fn load(path: &Path, bytes: u64, comparison: Option<Comparison>) -> io::Result<Content> {
    if bytes > SMALL {
        let equal = comparison.is_some_and(|comparison| matches!(compare(path, comparison), Ok(true)));
        return Ok(if equal { Content::Equal } else { Content::Large });
    }
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default() + 1);
    // It may have grown since it was found.
    File::open(path)?.take(SMALL + 1).read_to_end(&mut data)?;
    if data.len() as u64 > SMALL {
        return Ok(Content::Large);
    }
    let equal = comparison.is_some_and(|mut comparison| {
        comparison.update(&data);
        comparison.matches()
    });
    Ok(if equal { Content::Equal } else { Content::Small(data.into()) })
}

/// Whether there is a file of this size and checksum, below `root` and behind no symbolic link.
pub(crate) fn is_equal(root: &Path, path: &Path, bytes: u64, checksum: &str) -> bool {
    let between = path.ancestors().skip(1).take_while(|above| *above != root);
    let plain = |above: &Path| fs::symlink_metadata(above).is_ok_and(|metadata| metadata.is_dir());
    let same = |metadata: fs::Metadata| metadata.is_file() && metadata.len() == bytes;
    let Some(comparison) = Comparison::new(checksum, bytes) else { return false };
    fs::symlink_metadata(path).is_ok_and(same)
        && between.into_iter().all(plain)
        && matches!(compare(path, comparison), Ok(true))
}

fn compare(path: &Path, mut comparison: Comparison) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut chunk = vec![0; usize::try_from(length).map_or(CHUNK, |length| length.clamp(1, CHUNK))];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(comparison.matches()),
            bytes => comparison.update(&chunk[..bytes]),
        }
    }
}

/// Makes the directories between `root` and a file below it. Where something else is in their place, such as a symbolic
/// link, nothing is made behind it.
pub(crate) fn make_way(root: &Path, file: &Path) -> io::Result<()> {
    let mut above: Vec<_> = file.ancestors().skip(1).take_while(|above| *above != root).collect();
    above.reverse();
    for directory in above {
        let metadata = match fs::symlink_metadata(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::create_dir(directory) {
                Ok(()) => continue,
                // Another file needed it at the same moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    fs::symlink_metadata(directory)?
                }
                Err(error) => return Err(error),
            },
            metadata => metadata?,
        };
        if !metadata.is_dir() {
            let what = if metadata.is_symlink() { "a symbolic link" } else { "no directory" };
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!("{} is {what}", directory.display()),
            ));
        }
    }
    Ok(())
}

/// Which names a file system takes for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sameness {
    /// `a` and `A`.
    pub(crate) ignores_case: bool,
    /// An accented letter that is one character, and the same one as a letter and an accent.
    pub(crate) ignores_composition: bool,
}

impl Sameness {
    /// That of the file system at a place: there, or where it will be made. Tried with files that are gone at once.
    pub(crate) fn at(root: &Path) -> Self {
        let apple = cfg!(target_vendor = "apple");
        let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let directory = absolute.ancestors().find(|above| above.is_dir());
        let probe = |prefix: &str, other: fn(&str) -> String| is_found_as(directory?, prefix, other);
        Self {
            ignores_case: probe(".lakefs-Case-", str::to_lowercase).unwrap_or(apple || cfg!(windows)),
            ignores_composition: probe(".lakefs-\u{e9}-", |name| name.replace('\u{e9}', "e\u{301}"))
                .unwrap_or(apple),
        }
    }
}

/// Whether a file is found by another name; nothing, if it cannot be made.
fn is_found_as(directory: &Path, prefix: &str, other: fn(&str) -> String) -> Option<bool> {
    let probe = tempfile::Builder::new().prefix(prefix).tempfile_in(directory).ok()?;
    let name = probe.path().file_name()?.to_str()?;
    Some(directory.join(other(name)).symlink_metadata().is_ok())
}

/// Where the file of a name that was checked is, below a directory.
pub(crate) fn place(root: &Path, name: &str) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(name.split('/').filter(|segment| !segment.is_empty()));
    path
}

#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};

    use super::*;
    use crate::transfer::digest::hex;

    #[test]
    fn the_way_is_made_and_used_again() {
        let root = tempfile::tempdir().unwrap();
        let file = place(root.path(), "a/b/c");
        make_way(root.path(), &file).unwrap();
        make_way(root.path(), &file).unwrap();
        make_way(root.path(), &place(root.path(), "c")).unwrap();
        assert!(root.path().join("a/b").is_dir() && !file.exists());
        fs::write(&file, "").unwrap();
        assert!(make_way(root.path(), &file.join("d")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_way_goes_through_no_symbolic_link() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("a")).unwrap();
        let error = make_way(root.path(), &place(root.path(), "a/b/c")).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        fs::write(elsewhere.path().join("f"), "").unwrap();
        let md5 = hex(&Md5::digest(""));
        assert!(is_equal(elsewhere.path(), &elsewhere.path().join("f"), 0, &md5));
        assert!(!is_equal(root.path(), &place(root.path(), "a/f"), 0, &md5));
    }

    #[test]
    fn equal_is_what_has_the_size_and_the_md5() {
        let root = tempfile::tempdir().unwrap();
        let large = usize::try_from(SMALL).unwrap() + 7;
        for length in [0, 5, large] {
            let (path, data) = (root.path().join(length.to_string()), vec![b'x'; length]);
            fs::write(&path, &data).unwrap();
            let md5 = hex(&Md5::digest(&data));
            let other = md5.replace(|digit: char| digit.is_ascii_digit(), "f");
            let bytes = length as u64;
            assert!(
                matches!(load(&path, bytes, Comparison::new(&md5, bytes)).unwrap(), Content::Equal),
                "{length}"
            );
            assert!(
                !matches!(load(&path, bytes, Comparison::new(&other, bytes)).unwrap(), Content::Equal),
                "{length}"
            );
            assert!(
                is_equal(root.path(), &path, bytes, &md5) && !is_equal(root.path(), &path, bytes + 1, &md5)
            );
        }
        // Small when it was found, and large now.
        assert!(matches!(load(&root.path().join(large.to_string()), 5, None).unwrap(), Content::Large));
    }

    #[test]
    fn a_file_system_is_asked_which_names_it_takes_for_one() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Upper"), "").unwrap();
        fs::write(root.path().join("\u{e9}"), "").unwrap();
        let expected = Sameness {
            ignores_case: root.path().join("upper").exists(),
            ignores_composition: root.path().join("e\u{301}").exists(),
        };
        assert_eq!(Sameness::at(root.path()), expected);
        assert_eq!(Sameness::at(&root.path().join("not/yet")), expected);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_is_found_by_the_names_that_are_its_own() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(is_found_as(root.path(), "a", str::to_owned), Some(true));
        assert_eq!(is_found_as(root.path(), "a", |name| format!("{name}-other")), Some(false));
        assert_eq!(is_found_as(&root.path().join("nothing"), "a", str::to_owned), None);
    }
}
