//! Files below a directory, reached without following symbolic links.
//!
//! On Unix, each directory is opened relative to the one above it, and files are opened, created, renamed and removed
//! relative to an open directory. So nothing outside the root is touched, even if another process replaces a directory by
//! a symbolic link at the same time. On other systems, each name is checked before it is used, which leaves a moment in
//! which it can be replaced.
//!
//! Everything here blocks.

#![allow(dead_code, reason = "shared by downloads and directory transfers")]

pub(crate) mod entry;
#[cfg(any(not(unix), test))]
mod portable;
#[cfg(unix)]
mod unix;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Component, Path};

#[cfg(not(unix))]
pub(crate) use portable::Directory;
#[cfg(unix)]
pub(crate) use unix::Directory;

/// Opens the directory of a file below `root`, and returns it with the name of the file in it.
pub(crate) fn open_parent<'a>(root: &Path, file: &'a Path) -> io::Result<(Directory, &'a OsStr)> {
    parent(root, file, Directory::open_dir)
}

/// Opens the directory of a file below `root`, and creates the missing directories between them.
pub(crate) fn create_parent<'a>(root: &Path, file: &'a Path) -> io::Result<(Directory, &'a OsStr)> {
    parent(root, file, Directory::open_or_create_dir)
}

/// Creates the missing directories between `root` and a file below it.
pub(crate) fn create_parent_dirs(root: &Path, file: &Path) -> io::Result<()> {
    create_parent(root, file).map(drop)
}

/// Opens a regular file below `root`, to read it.
pub(crate) fn open_file(root: &Path, file: &Path) -> io::Result<File> {
    let (directory, name) = open_parent(root, file)?;
    directory.open_file(name)
}

/// Removes a file below `root`, or a symbolic link, without its target.
pub(crate) fn remove_file(root: &Path, file: &Path) -> io::Result<()> {
    let (directory, name) = open_parent(root, file)?;
    directory.remove_file(name)
}

/// Removes an empty directory below `root`.
pub(crate) fn remove_dir(root: &Path, path: &Path) -> io::Result<()> {
    let (directory, name) = open_parent(root, path)?;
    directory.remove_dir(name)
}

fn parent<'a>(
    root: &Path,
    file: &'a Path,
    open: fn(&Directory, &OsStr) -> io::Result<Directory>,
) -> io::Result<(Directory, &'a OsStr)> {
    let outside = || {
        let message = format!("{} is not below {}", file.display(), root.display());
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    let mut components = file.strip_prefix(root).map_err(|_| outside())?.components();
    let Some(Component::Normal(name)) = components.next_back() else { return Err(outside()) };
    let mut directory = Directory::open(root)?;
    let mut path = root.to_owned();
    for component in components {
        let Component::Normal(name) = component else { return Err(outside()) };
        path.push(name);
        directory = open(&directory, name).map_err(|error| {
            io::Error::new(error.kind(), format!("directory {}: {error}", path.display()))
        })?;
    }
    Ok((directory, name))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use super::entry::EntryType;
    use super::*;

    #[test]
    fn missing_directories_are_created_and_existing_ones_are_used() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a/b/c");
        assert_eq!(open_parent(root.path(), &file).unwrap_err().kind(), io::ErrorKind::NotFound);
        create_parent_dirs(root.path(), &file).unwrap();
        create_parent_dirs(root.path(), &file).unwrap();
        create_parent_dirs(root.path(), &root.path().join("c")).unwrap();
        assert!(root.path().join("a/b").is_dir() && !file.exists());
        fs::write(&file, "data").unwrap();
        assert!(create_parent_dirs(root.path(), &file.join("d")).is_err());

        let mut text = String::new();
        open_file(root.path(), &file).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "data");
        assert!(open_file(root.path(), &root.path().join("a/b")).is_err());
        remove_file(root.path(), &file).unwrap();
        remove_dir(root.path(), &root.path().join("a/b")).unwrap();
        assert!(root.path().join("a").is_dir() && !root.path().join("a/b").exists());
    }

    #[test]
    fn path_outside_the_root_is_rejected() {
        let root = tempfile::tempdir().unwrap();
        for path in ["/x", "", "../x", "a/../../x"] {
            let error = create_parent_dirs(root.path(), &root.path().join(path)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_followed() {
        use std::os::unix::fs::symlink;

        let (root, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(target.path().join("file"), "data").unwrap();
        symlink(target.path(), root.path().join("a")).unwrap();
        symlink(target.path().join("file"), root.path().join("link")).unwrap();
        let error = create_parent_dirs(root.path(), &root.path().join("a/b/c")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        assert!(error.to_string().contains("symbolic link"), "{error}");
        for path in ["a/file", "link"] {
            let error = open_file(root.path(), &root.path().join(path)).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
        }
        assert!(remove_file(root.path(), &root.path().join("a/file")).is_err());
        remove_file(root.path(), &root.path().join("link")).unwrap();
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 1);

        // The root itself may be a link.
        open_file(&root.path().join("a"), &root.path().join("a/file")).unwrap();
    }

    /// A directory that is replaced by a link after it was opened is still the one that is used.
    #[cfg(unix)]
    #[test]
    fn directory_replaced_by_a_link_is_still_used() {
        let (root, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = root.path().join("a/file");
        let (directory, name) = create_parent(root.path(), &file).unwrap();
        fs::rename(root.path().join("a"), root.path().join("moved")).unwrap();
        std::os::unix::fs::symlink(target.path(), root.path().join("a")).unwrap();
        directory.create_file(OsStr::new("temporary"), false).unwrap();
        directory.rename(OsStr::new("temporary"), name).unwrap();
        directory.sync().unwrap();
        assert!(root.path().join("moved/file").is_file());
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    }

    /// Asserts what both implementations of a directory do.
    macro_rules! assert_directory {
        ($directory:ty) => {{
            let root = tempfile::tempdir().unwrap();
            let name = |name: &'static str| OsStr::new(name);
            assert!(<$directory>::open(&root.path().join("none")).is_err());
            let directory = <$directory>::open(root.path()).unwrap();
            assert_eq!(directory.entry(name("a")).unwrap(), None);
            assert!(directory.open_dir(name("a")).is_err());
            let below = directory.open_or_create_dir(name("a")).unwrap();
            directory.open_or_create_dir(name("a")).unwrap();
            assert_eq!(directory.entry(name("a")).unwrap().unwrap().kind, EntryType::Directory);
            assert!(directory.open_file(name("a")).is_err());

            below.create_file(name("b"), true).unwrap();
            let exists = below.create_file(name("b"), true).unwrap_err();
            assert_eq!(exists.kind(), io::ErrorKind::AlreadyExists);
            let entry = below.entry(name("b")).unwrap().unwrap();
            assert_eq!(entry.kind, EntryType::File);
            assert!(entry.mode.is_none_or(|mode| mode == 0o600), "{entry:?}");
            assert!(below.open_dir(name("b")).is_err());
            below.rename(name("b"), name("d")).unwrap();
            below.rename_new(name("d"), name("c")).unwrap();
            below.create_file(name("d"), false).unwrap();
            let exists = below.rename_new(name("d"), name("c")).unwrap_err();
            assert_eq!(exists.kind(), io::ErrorKind::AlreadyExists);
            _ = below.remove_file(name("d"));
            io::Write::write_all(&mut below.overwrite_file(name("c")).unwrap(), b"text").unwrap();
            let mut text = String::new();
            below.open_file(name("c")).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "text");
            below.sync().unwrap();

            assert!(directory.remove_dir(name("a")).is_err());
            below.remove_file(name("c")).unwrap();
            directory.remove_dir(name("a")).unwrap();
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        }};
    }

    #[test]
    fn directory_is_used_by_its_handle() {
        assert_directory!(Directory);
    }

    #[test]
    fn directory_is_used_by_its_path() {
        assert_directory!(portable::Directory);
    }
}
