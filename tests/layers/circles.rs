//! Finds import circles between modules and between directories.
//!
//! In every directory, its files, its subdirectories and its own `mod.rs` are units. A unit imports another one if any file
//! of it imports any file of the other one. No circle of units means no circle of files.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::ModulePath;

/// A unit of a directory: a child with everything below it, or the `mod.rs` of the directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unit {
    directory: ModulePath,
    /// The child, or `None` for `mod.rs`.
    child: Option<String>,
}

impl Unit {
    fn of(module: &[String], depth: usize) -> Self {
        Self { directory: module[..depth].to_vec(), child: module.get(depth).cloned() }
    }

    pub(crate) fn contains(&self, module: &[String]) -> bool {
        module.starts_with(&self.directory) && module.get(self.directory.len()) == self.child.as_ref()
    }

    fn name(&self) -> String {
        let file = self.child.as_deref().unwrap_or("mod.rs");
        self.directory.iter().map(String::as_str).chain([file]).collect::<Vec<_>>().join("/")
    }
}

/// Returns the imports between units that are part of a circle: both units, and the circle as text.
pub(crate) fn circles<'a>(
    imports: impl Iterator<Item = (&'a ModulePath, &'a ModulePath)>,
) -> Vec<(Unit, Unit, String)> {
    let mut graph: BTreeMap<Unit, BTreeSet<Unit>> = BTreeMap::new();
    for (from, to) in imports {
        let depth = from.iter().zip(to).take_while(|(from, to)| from == to).count();
        // An import of the module itself is none.
        if from != to {
            graph.entry(Unit::of(from, depth)).or_default().insert(Unit::of(to, depth));
        }
    }
    let mut found = Vec::new();
    for (from, targets) in &graph {
        for to in targets {
            if let Some(back) = shortest_path(&graph, to, from) {
                let names = [from].into_iter().chain(back).map(Unit::name).collect::<Vec<_>>();
                found.push((from.clone(), to.clone(), names.join(" -> ")));
            }
        }
    }
    found
}

/// Returns the units on the shortest path, both ends included.
fn shortest_path<'a>(
    graph: &'a BTreeMap<Unit, BTreeSet<Unit>>,
    start: &'a Unit,
    end: &Unit,
) -> Option<Vec<&'a Unit>> {
    let mut previous = BTreeMap::from([(start, None)]);
    let mut next = vec![start];
    while !next.is_empty() && !previous.contains_key(end) {
        let mut later = Vec::new();
        for unit in next {
            for target in graph.get(unit).into_iter().flatten() {
                if !previous.contains_key(target) {
                    previous.insert(target, Some(unit));
                    later.push(target);
                }
            }
        }
        next = later;
    }
    let (&last, _) = previous.get_key_value(end)?;
    let mut path = vec![last];
    while let Some(Some(unit)) = previous.get(path[path.len() - 1]) {
        path.push(unit);
    }
    path.reverse();
    Some(path)
}
