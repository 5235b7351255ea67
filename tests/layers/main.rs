//! Imports point down the layers of `src/`, and there is no import circle outside `src/handles/`.
//!
//! Every path that begins with `crate`, `super` or `self` is resolved, in `use` declarations and in expressions, and
//! so is every `use` of a child module. Modules under `#[cfg(test)]` and comments are exempt.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod imports;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use imports::{Import, imports};

/// The modules at the top of `src/`, one layer a row, the highest layer first.
const LAYERS: &[&[&str]] = &[
    &["guide", "reexports"],
    &["blocking", "object_store"],
    &["handles"],
    &["requests"],
    &["transfer"],
    &["ref_expr"],
    &["scope"],
    &["config"],
    &["credentials"],
    &["models"],
    &["api"],
    &["http"],
    &["client"],
    &["macros"],
    &["pager", "task", "uri"],
    &["error"],
    &["redact"],
];

/// Where circles are allowed: handles create their parents and their children.
const CIRCLES_ALLOWED: &str = "handles";

/// A source file, by its module path.
struct Source {
    file: PathBuf,
    imports: Vec<Import>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All modules of the crate, and the generated one.
fn sources() -> BTreeMap<Vec<String>, Source> {
    fn walk(folder: &Path, module: &[String], found: &mut BTreeMap<Vec<String>, PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mut module = module.to_vec();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            if path.is_dir() {
                module.push(stem.to_owned());
                walk(&path, &module, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                if !matches!(stem, "mod" | "lib") {
                    module.push(stem.to_owned());
                }
                found.insert(module, path);
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(&root().join("src"), &[], &mut files);
    let generated = ["api", "generated"].map(str::to_owned).to_vec();
    files.insert(generated, Path::new(env!("OUT_DIR")).join("api.rs"));
    let modules: BTreeSet<_> = files.keys().cloned().collect();
    let read = |(module, file): (Vec<String>, PathBuf)| {
        let imports = imports(&fs::read_to_string(&file).unwrap(), &module, &modules);
        (module, Source { file, imports })
    };
    files.into_iter().map(read).collect()
}

fn layer(module: &[String]) -> Option<usize> {
    let top = module.first()?;
    LAYERS.iter().position(|layer| layer.contains(&top.as_str()))
}

/// The place of an import, as compilers print it.
fn place(source: &Source, line: usize) -> String {
    let file = source.file.strip_prefix(root()).unwrap_or(&source.file);
    format!("{}:{line}", file.display())
}

#[test]
fn every_module_belongs_to_one_layer() {
    let rows: Vec<_> = LAYERS.iter().flat_map(|layer| *layer).collect();
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "a module is in two layers");
    for module in sources().keys().filter(|module| !module.is_empty()) {
        assert!(layer(module).is_some(), "src/{} is in no layer", module.join("/"));
    }
}

#[test]
fn imports_point_downwards() {
    let mut violations = String::new();
    for (module, source) in sources() {
        let Some(own) = layer(&module) else { continue };
        let mut seen = BTreeSet::new();
        for Import { target, path, line } in source.imports.iter().filter(|import| seen.insert(&import.path))
        {
            let place = place(&source, *line);
            match layer(target) {
                None => {
                    _ = writeln!(
                        violations,
                        "{place}: `{path}` goes through the re-exports of lib.rs; import from the module that defines it"
                    )
                }
                Some(layer) if layer < own => {
                    _ = writeln!(
                        violations,
                        "{place}: `{path}` points upwards, from layer `{}` to layer `{}`",
                        module[0], target[0]
                    )
                }
                Some(layer) if layer == own && target[0] != module[0] => {
                    _ = writeln!(
                        violations,
                        "{place}: `{path}` points sideways, from `{}` to `{}`, which are in one layer",
                        module[0], target[0]
                    )
                }
                Some(_) => {}
            }
        }
    }
    assert!(violations.is_empty(), "imports point down the layers, see ARCHITECTURE.md:\n{violations}");
}

#[test]
fn modules_outside_handles_form_no_circle() {
    let sources = sources();
    let mut violations = String::new();
    for (module, source) in &sources {
        if module.is_empty() || module[0] == CIRCLES_ALLOWED {
            continue;
        }
        for Import { target, path, line } in &source.imports {
            if target != module
                && let Some(way) = way(&sources, target, module)
            {
                let way: Vec<_> = way.iter().map(|module| module.join("::")).collect();
                _ = writeln!(
                    violations,
                    "{}: `{path}` closes a circle: {} imports {}",
                    place(source, *line),
                    module.join("::"),
                    way.join(", which imports ")
                );
            }
        }
    }
    assert!(violations.is_empty(), "modules form import circles, see ARCHITECTURE.md:\n{violations}");
}

/// The shortest chain of imports from one module to another.
fn way<'a>(
    sources: &'a BTreeMap<Vec<String>, Source>,
    from: &'a Vec<String>,
    to: &Vec<String>,
) -> Option<Vec<&'a Vec<String>>> {
    let mut came_from: BTreeMap<&Vec<String>, Option<&Vec<String>>> = BTreeMap::from([(from, None)]);
    let mut next = vec![from];
    while !next.is_empty() {
        let mut later = Vec::new();
        for module in next {
            if module == to {
                let mut way = vec![module];
                while let Some(Some(before)) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            for import in sources.get(module).into_iter().flat_map(|source| &source.imports) {
                if !came_from.contains_key(&import.target) {
                    came_from.insert(&import.target, Some(module));
                    later.push(&import.target);
                }
            }
        }
        next = later;
    }
    None
}

#[test]
fn paths_in_use_and_in_expressions_are_resolved() {
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    let modules: BTreeSet<_> =
        ["a", "a::b", "a::c", "d", "d::e"].map(path).into_iter().chain([Vec::new()]).collect();
    let source = r##"
        //! crate::d in a comment
        use crate::{d::{self, e::Thing}, Root};
        use super::c::{One, Two as Other};
        macro_rules! m { () => { $crate::d::f!() } }
        fn f<'a>() { let s = "crate::d::e"; let r = r#"super::c"#; 'x'; super::super::d::e::g(); self::inner::h(); }
        mod inner { use super::super::c; }
        #[cfg(test)]
        mod tests { use crate::d::e; fn f() { crate::d::e::g() } }
        #[cfg(test)]
        use crate::d::e::OnlyInTests;
        fn last() { crate::a::c::last() }
    "##;
    let found: Vec<_> = imports(source, &path("a::b"), &modules)
        .into_iter()
        .map(|Import { target, path, line }| (target.join("::"), path, line))
        .collect();
    let expected = [
        ("d", "crate::d", 3),
        ("d::e", "crate::d::e::Thing", 3),
        ("", "crate::Root", 3),
        ("a::c", "super::c::One", 4),
        ("a::c", "super::c::Two", 4),
        ("d", "crate::d::f", 5),
        ("d::e", "super::super::d::e::g", 6),
        ("a::b", "self::inner::h", 6),
        ("a::c", "super::super::c", 7),
        ("a::c", "crate::a::c::last", 12),
    ]
    .map(|(target, path, line)| (target.to_owned(), path.to_owned(), line));
    assert_eq!(found, expected);
}
