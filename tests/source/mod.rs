//! Reads Rust sources as tokens, for tests that check how `src/` is written.

#![allow(clippy::unwrap_used, reason = "tests")]

mod test_code;
mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use test_code::without_test_code;
pub(crate) use tokens::{Token, tokens};

/// The root directory of the package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file, without its test code.
pub(crate) struct SourceFile {
    pub(crate) file: PathBuf,
    pub(crate) tokens: Vec<Token>,
    test_modules: Vec<String>,
}

impl SourceFile {
    /// Reads a source file.
    pub(crate) fn read(file: PathBuf) -> Self {
        let code = without_test_code(&tokens(&fs::read_to_string(&file).unwrap()));
        Self { file, tokens: code.tokens, test_modules: code.test_modules }
    }
}

/// Returns the source files of `src/` by their module paths, without those of tests. The root module has an empty path.
pub(crate) fn modules() -> BTreeMap<Vec<String>, SourceFile> {
    let mut files = BTreeMap::new();
    collect(&root().join("src"), &[], &mut files);
    let mut sources: BTreeMap<_, _> =
        files.into_iter().map(|(module, file)| (module, SourceFile::read(file))).collect();
    let test_modules: Vec<_> = sources
        .iter()
        .flat_map(|(module, source)| {
            source.test_modules.iter().map(|name| [module, std::slice::from_ref(name)].concat())
        })
        .collect();
    sources.retain(|module, _| !test_modules.iter().any(|test| module.starts_with(test)));
    sources
}

/// Finds the source files below a directory.
fn collect(directory: &Path, module: &[String], files: &mut BTreeMap<Vec<String>, PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let mut module = module.to_vec();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            module.push(stem.to_owned());
            collect(&path, &module, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            if !matches!(stem, "mod" | "lib") {
                module.push(stem.to_owned());
            }
            files.insert(module, path);
        }
    }
}
