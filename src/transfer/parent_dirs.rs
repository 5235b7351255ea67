//! Creates the directories above a file without going through symbolic links.

use std::fs;
use std::io;
use std::path::Path;

/// Creates the missing directories between `root` and a file below it.
///
/// # Errors
/// Fails if one of them is a symbolic link or not a directory. Nothing is created below it.
pub(crate) fn create_parent_dirs(root: &Path, file: &Path) -> io::Result<()> {
    let mut parents: Vec<_> = file.ancestors().skip(1).take_while(|parent| *parent != root).collect();
    parents.reverse();
    for parent in parents {
        let metadata = match fs::symlink_metadata(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::create_dir(parent) {
                Ok(()) => continue,
                // Another transfer has created it in the meantime.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::symlink_metadata(parent)?,
                Err(error) => return Err(error),
            },
            metadata => metadata?,
        };
        if !metadata.is_dir() {
            let what = if metadata.is_symlink() { "a symbolic link" } else { "not a directory" };
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!("{} is {what}", parent.display()),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_directories_are_created_and_existing_ones_are_used() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a/b/c");
        create_parent_dirs(root.path(), &file).unwrap();
        create_parent_dirs(root.path(), &file).unwrap();
        create_parent_dirs(root.path(), &root.path().join("c")).unwrap();
        assert!(root.path().join("a/b").is_dir() && !file.exists());
        fs::write(&file, "").unwrap();
        assert!(create_parent_dirs(root.path(), &file.join("d")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_created_behind_a_symbolic_link() {
        let (root, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(target.path(), root.path().join("a")).unwrap();
        let error = create_parent_dirs(root.path(), &root.path().join("a/b/c")).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    }
}
