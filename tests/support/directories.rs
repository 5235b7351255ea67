//! Local directories and their contents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// Creates a temporary directory with these files.
pub(crate) fn directory_with(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path(), files);
    directory
}

/// Writes files below a directory, and creates the directories in between.
pub(crate) fn write_files(root: &Path, files: &[(&str, &str)]) {
    for (name, data) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
    }
}

/// Returns the files below a directory with their contents.
pub(crate) fn files(root: &Path) -> BTreeMap<String, String> {
    let mut files = contents(root);
    files.retain(|name, _| !name.ends_with('/'));
    files
}

/// Returns the files below a directory with their contents, and empty directories with a slash after their names.
pub(crate) fn contents(root: &Path) -> BTreeMap<String, String> {
    fn below(directory: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                let before = found.len();
                below(&entry.path(), &format!("{name}/"), found);
                if found.len() == before {
                    found.insert(format!("{name}/"), String::new());
                }
            } else {
                found.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    below(root, "", &mut found);
    found
}

/// Returns the names of the files below a directory, and of empty directories with a slash after them.
pub(crate) fn file_names(root: &Path) -> Vec<String> {
    contents(root).into_keys().collect()
}
