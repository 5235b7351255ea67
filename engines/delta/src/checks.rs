//! What must hold after every step.

use std::fmt::Debug;

use lakefs::{Branch, Repository, TryStreamExt as _};

use crate::Result;

/// Fails if two values differ.
pub(crate) fn equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<()> {
    if found == expected {
        println!("{what}: as expected");
        Ok(())
    } else {
        Err(format!("{what}: {found:?} instead of {expected:?}").into())
    }
}

/// Fails if a branch other than `main` exists, a hidden one as well.
pub(crate) async fn no_hidden_branches(repository: &Repository) -> Result<()> {
    let branches = repository.branches().show_hidden(true).map_ok(|branch| branch.id);
    let branches: Vec<String> = branches.try_collect().await?;
    equal("branches", &branches, &vec!["main".to_owned()])
}

/// The versions of a table that the log of the branch names, the newest first.
pub(crate) async fn committed_versions(branch: &Branch, table: &str) -> Result<Vec<(u64, String)>> {
    let mut log = branch.log();
    let mut versions = Vec::new();
    while let Some(commit) = log.try_next().await? {
        let of_table = commit.metadata.get("delta.table").is_some_and(|path| path == table);
        if let Some(version) = commit.metadata.get("delta.version").filter(|_| of_table) {
            versions.push((version.parse()?, commit.id));
        }
    }
    Ok(versions)
}
