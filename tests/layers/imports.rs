//! The imports of a module: the paths in its code, and the modules that they lead to.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::{CodePath, Use, paths};
use crate::source::Token;

/// The path of a module from the root of the crate, which has an empty path.
pub(crate) type ModulePath = Vec<String>;

/// One import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// The module with a file of its own that the path leads to.
    pub(crate) target: ModulePath,
    /// The path as it is written, with the groups of a `use` spelled out.
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// Returns the imports in the code of `module`, where `modules` are the modules with a file of their own.
pub(crate) fn imports(code: &[Token], module: &[String], modules: &BTreeSet<ModulePath>) -> Vec<Import> {
    let (uses, expressions) = paths(code, module);
    let names = Names::new(&uses, modules);
    let uses = uses.iter().map(|item| &item.path);
    uses.chain(&expressions).filter_map(|path| names.import(path)).collect()
}

/// The names that stand for modules.
struct Names<'a> {
    modules: &'a BTreeSet<ModulePath>,
    /// The modules that a `use` brings into a scope, by scope and name.
    imported: BTreeMap<(ModulePath, String), ModulePath>,
}

impl<'a> Names<'a> {
    fn new(uses: &[Use], modules: &'a BTreeSet<ModulePath>) -> Self {
        let mut names = Self { modules, imported: BTreeMap::new() };
        // A `use` can start with the name that another one brings into scope, so repeat until no name is new.
        loop {
            let before = names.imported.len();
            for item in uses {
                names.add(item);
            }
            if names.imported.len() == before {
                return names;
            }
        }
    }

    fn add(&mut self, item: &Use) {
        let Some(module) = self.absolute(&item.path).filter(|path| self.modules.contains(path)) else {
            return;
        };
        let mut add = |name: &str, module: ModulePath| {
            self.imported.entry((item.path.scope.clone(), name.to_owned())).or_insert(module);
        };
        if item.is_glob {
            let children = self
                .modules
                .iter()
                .filter(|child| child.split_last().is_some_and(|(_, parent)| parent == module.as_slice()));
            children.for_each(|child| add(&child[child.len() - 1], child.clone()));
        } else {
            add(&item.name, module);
        }
    }

    /// Returns a path from the root of the crate, or `None` for a path that does not start with a module of the crate.
    fn absolute(&self, path: &CodePath) -> Option<ModulePath> {
        let (first, mut rest) = path.segments.split_first()?;
        let mut absolute = match &**first {
            "crate" => ModulePath::new(),
            "self" => path.scope.clone(),
            "super" => {
                rest = &path.segments;
                path.scope.clone()
            }
            name => {
                let child = [&*path.scope, &[name.to_owned()]].concat();
                let imported = self.imported.get(&(path.scope.clone(), name.to_owned())).cloned();
                imported.or_else(|| self.modules.contains(&child).then_some(child))?
            }
        };
        while let Some((first, others)) = rest.split_first()
            && matches!(&**first, "super" | "self")
        {
            if first == "super" {
                absolute.pop();
            }
            rest = others;
        }
        absolute.extend_from_slice(rest);
        Some(absolute)
    }

    fn import(&self, path: &CodePath) -> Option<Import> {
        let mut target = self.absolute(path)?;
        while !self.modules.contains(&target) && target.pop().is_some() {}
        Some(Import { target, path: path.segments.join("::"), line: path.line })
    }
}
