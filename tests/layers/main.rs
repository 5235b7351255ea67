//! Imports point down the layers of `src/`, and there is no import circle outside `src/handles/`.
//!
//! Every path to a module of the crate is resolved: in `use` declarations, in expressions, types and macros, and in the
//! strings of attributes; through `crate`, `self`, `super`, child modules, and names and globs of other declarations. Code
//! that is compiled for tests only, comments and docs are exempt.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod circles;
mod imports;
mod paths;
mod resolution;
#[path = "../source/mod.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use imports::{Import, ModulePath, imports};
use source::SourceFile;

/// The modules at the top of `src/`, one layer a row, the highest layer first.
const LAYERS: &[&[&str]] = &[
    &["fuzzing", "guide", "reexports"],
    &["blocking", "object_store", "object_store_0_13"],
    &["handles"],
    &["requests"],
    &["transfer"],
    &["ref_expr"],
    &["scope"],
    &["config"],
    &["credentials"],
    &["models"],
    &["task"],
    &["request"],
    &["macros"],
    &["pager"],
    &["api"],
    &["http"],
    &["client"],
    &["single_flight", "uri", "verify"],
    &["error"],
    &["redact"],
];

/// The modules that may form circles: handles create their parents and their children.
const CIRCLES_ALLOWED: &str = "handles";

/// Modules that know no HTTP library.
const WITHOUT_HTTP: &[&str] =
    &["error", "pager", "request", "single_flight", "task", "uri", "macros", "redact", "verify"];

/// The libraries of which [`WITHOUT_HTTP`] know nothing.
const HTTP_LIBRARIES: &[&str] = &["reqwest", "hyper", "http", "progenitor"];

/// A source file and the imports of its code.
struct Source {
    module: ModulePath,
    file: PathBuf,
    /// One import for each path, however often it is written.
    imports: Vec<Import>,
}

/// Returns all modules of the crate. The generated code is part of the module `api`, which includes it.
fn sources() -> Vec<Source> {
    let files = source::modules();
    let modules: BTreeSet<_> = files.keys().cloned().collect();
    let read = |module: ModulePath, scope: &[String], source: SourceFile| {
        let mut imports = imports(&source.tokens, scope, &modules);
        let mut seen = BTreeSet::new();
        imports.retain(|import| seen.insert((import.target.clone(), import.path.clone())));
        Source { module, file: source.file, imports }
    };
    let generated = SourceFile::read(Path::new(env!("OUT_DIR")).join("api.rs"));
    let generated = read(vec!["api".to_owned()], &["api", "generated"].map(str::to_owned), generated);
    files
        .into_iter()
        .map(|(module, source)| read(module.clone(), &module, source))
        .chain([generated])
        .collect()
}

fn layer(module: &[String]) -> Option<usize> {
    let top = module.first()?;
    LAYERS.iter().position(|layer| layer.contains(&top.as_str()))
}

/// Returns the position of an import in the form that compilers print.
fn position(file: &Path, line: usize) -> String {
    format!("{}:{line}", file.strip_prefix(source::root()).unwrap_or(file).display())
}

#[track_caller]
fn assert_none(violations: &[String], rule: &str) {
    assert!(violations.is_empty(), "{rule}, see ARCHITECTURE.md:\n{}", violations.join("\n"));
}

#[test]
fn every_module_belongs_to_one_layer() {
    let rows: Vec<_> = LAYERS.iter().flat_map(|layer| *layer).collect();
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "a module is in two layers");
    for Source { module, .. } in sources().iter().filter(|source| !source.module.is_empty()) {
        assert!(layer(module).is_some(), "src/{} is in no layer", module.join("/"));
    }
}

#[test]
fn imports_point_downwards() {
    let mut violations = Vec::new();
    for Source { module, file, imports } in sources() {
        let Some(own) = layer(&module) else { continue };
        for Import { target, path, line } in imports {
            let position = position(&file, line);
            match layer(&target) {
                None => violations.push(format!(
                    "{position}: `{path}` goes through lib.rs; import from the module that defines the item"
                )),
                Some(layer) if layer < own => violations.push(format!(
                    "{position}: `{path}` points upwards, from layer `{}` to layer `{}`",
                    module[0], target[0]
                )),
                Some(_) => {}
            }
        }
    }
    assert_none(&violations, "imports point down the layers");
}

#[test]
fn modules_outside_handles_form_no_circle() {
    let may_be_in_circle = |module: &ModulePath| !module.is_empty() && module[0] != CIRCLES_ALLOWED;
    let sources = sources();
    let edges: Vec<_> = sources
        .iter()
        .flat_map(|source| source.imports.iter().map(move |import| (source, import)))
        .filter(|(source, import)| may_be_in_circle(&source.module) && may_be_in_circle(&import.target))
        .collect();
    let mut violations = Vec::new();
    let units = edges.iter().map(|(source, import)| (&source.module, &import.target));
    for (start, end, circle) in circles::circles(units) {
        for (Source { module, file, .. }, Import { target, path, line }) in &edges {
            if start.contains(module) && end.contains(target) {
                let position = position(file, *line);
                violations.push(format!("{position}: `{path}` closes the circle {circle}"));
            }
        }
    }
    assert_none(&violations, "modules and directories form no import circle");
}

#[test]
fn low_layers_know_no_http_library() {
    let mut violations = Vec::new();
    for (module, source) in source::modules() {
        if module.first().is_some_and(|top| WITHOUT_HTTP.contains(&top.as_str())) {
            for four in source.tokens.windows(4) {
                let [before, name, first, second] = four else { continue };
                let is_path = before.text != ":" && first.text == ":" && second.text == ":";
                if is_path && HTTP_LIBRARIES.contains(&&*name.text) {
                    let position = position(&source.file, name.line);
                    violations.push(format!("{position}: `{}` is an HTTP library", name.text));
                }
            }
        }
    }
    assert_none(&violations, "errors, lists and tasks know no HTTP library");
}

/// The module whose child modules are those of `object_store`, compiled for another version of that crate.
const COMPILED_AGAIN: &str = "object_store_0_13";

/// The tests find modules by their file names, so no attribute or macro may put a module elsewhere.
#[test]
fn modules_are_where_their_names_say() {
    let mut violations = Vec::new();
    for (module, source) in source::modules() {
        for four in source.tokens.windows(4) {
            let [first, second, third, fourth] = four else { continue };
            let is_path = first.text == "[" && second.text == "path" && third.text == "=";
            if is_path && module == [COMPILED_AGAIN] && fourth.text.starts_with("\"../object_store/") {
                continue;
            }
            let is_include = first.text == "include" && second.text == "!" && module != ["api"];
            if is_path || is_include {
                violations.push(format!("{}: moves a module", position(&source.file, first.line)));
            }
        }
    }
    assert_none(&violations, "a module is in the file with its name");
}
