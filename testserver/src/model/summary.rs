//! A summary of a repository that is equal for equal content: without times, generated ids and its own name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::branch::{Changes, changes_from};
use super::commit::CommitId;
use super::entry::Entry;
use super::repository::Repository;
use super::tree::Path;

/// Returns what a repository contains, a line for each item. Commits are named by the history below them, because
/// their ids depend on the time.
pub(crate) fn summary(repository: &Repository) -> String {
    let mut text = String::new();
    let mut line = |item: std::fmt::Arguments<'_>| _ = writeln!(text, "{item}");
    line(format_args!("read-only {}, metadata {:?}", repository.read_only, repository.metadata));
    for (name, branch) in &repository.branches {
        let hidden = if branch.hidden { " (hidden)" } else { "" };
        line(format_args!("branch {name}{hidden} at {}", history(repository, &branch.head)));
        for change in changes(branch.uncommitted()) {
            line(format_args!("branch {name}{hidden} uncommitted {change}"));
        }
    }
    for (name, commit) in &repository.tags {
        line(format_args!("tag {name} at {}", history(repository, commit)));
    }
    let mut pulls: Vec<_> = repository.pulls.values().collect();
    pulls.sort_by_key(|pull| (&pull.title, &pull.source, &pull.destination));
    for pull in pulls {
        let merged = pull.merged_commit.as_ref().map(|commit| history(repository, commit));
        line(format_args!(
            "pull request {:?} ({:?}) of {} into {}: {:?} {merged:?}",
            pull.title, pull.description, pull.source, pull.destination, pull.status
        ));
    }
    line(format_args!("garbage collection {:?}", repository.gc_rules));
    line(format_args!("protected {:?}", repository.protection.patterns()));
    let mut tasks: BTreeMap<String, usize> = BTreeMap::new();
    for id in repository.tasks.keys() {
        *tasks.entry(id.chars().take_while(char::is_ascii_uppercase).collect()).or_default() += 1;
    }
    line(format_args!("tasks {tasks:?}"));
    text
}

/// Describes a commit by its message, content and parents.
fn history(repository: &Repository, id: &CommitId) -> String {
    let Ok(commit) = repository.commit(id.as_str()) else { return "a missing commit".to_owned() };
    let entries: Vec<_> = commit.tree.iter_from(&[]).map(|(path, entry)| described(path, entry)).collect();
    let parents: Vec<_> = commit.parents.iter().map(|parent| history(repository, parent)).collect();
    // Metadata may name commits.
    let metadata: Vec<_> = commit.metadata.keys().collect();
    format!(
        "({:?} {metadata:?} [{}] <- [{}])",
        message(&commit.message),
        entries.join(", "),
        parents.join(", ")
    )
}

/// Replaces ids in a message, such as that of a revert.
fn message(message: &str) -> String {
    let is_id = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    message.split(' ').map(|word| if is_id(word) { "<id>" } else { word }).collect::<Vec<_>>().join(" ")
}

fn changes(changes: &Changes) -> Vec<String> {
    changes_from(changes, &[])
        .map(|(path, entry)| match entry {
            Some(entry) => described(path, entry),
            None => format!("{:?} deleted", String::from_utf8_lossy(path)),
        })
        .collect()
}

fn described(path: &Path, entry: &Entry) -> String {
    let path = String::from_utf8_lossy(path);
    format!("{path:?} {} {} {} {:?}", entry.size, entry.checksum, entry.content_type, entry.metadata)
}
