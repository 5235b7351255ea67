//! The names of files of a directory download.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::fuzzing::input::Input;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::dir::name_folding::NameFolding;
use crate::transfer::dir::names::NameChecker;

/// Checks that the accepted names of objects are different files below the directory, on a file system that folds names or
/// does not.
pub fn file_names(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let folding = NameFolding { case_insensitive: flags & 1 != 0, normalization_insensitive: flags & 2 != 0 };
    let bytes = u64::from(flags & 4 != 0);
    let text = input.rest_as_text();
    let mut names: Vec<_> = text.split('\n').collect();
    names.sort_unstable();
    names.dedup();

    let root = Path::new("/root/of/download");
    let mut checker = NameChecker::new(folding);
    let mut files = HashSet::new();
    let mut directories = HashSet::new();
    let mut by_folded_path: HashMap<String, PathBuf> = HashMap::new();
    for name in names.into_iter().filter(|name| checker.check(name, bytes).is_ok()) {
        let path = local_path(root, name);
        let below = path.strip_prefix(root).expect("the path is below the root");
        assert!(below.components().all(|part| matches!(part, Component::Normal(_))), "{name:?}");
        assert_eq!(below.to_str(), Some(name.trim_end_matches('/')), "{name:?}");
        assert_eq!(below.components().count(), name.trim_end_matches('/').split('/').count(), "{name:?}");

        let is_directory = name.ends_with('/');
        assert!(!is_directory || bytes == 0, "{name:?} has data");
        let parents =
            below.ancestors().skip(usize::from(!is_directory)).filter(|path| *path != Path::new(""));
        directories.extend(parents.map(Path::to_owned));
        if !is_directory {
            assert!(files.insert(below.to_owned()), "{name:?} is the path of two objects");
        }
        for path in below.ancestors().filter(|path| *path != Path::new("")) {
            let folded = folding.fold(path.to_str().expect("the path is text")).into_owned();
            let first = by_folded_path.entry(folded).or_insert_with(|| path.to_owned());
            assert_eq!(first, path, "two names are one for the file system");
        }
    }
    assert!(files.is_disjoint(&directories), "a file is a directory as well");
}
