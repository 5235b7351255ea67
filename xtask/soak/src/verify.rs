//! Compares what the server has with what the tasks were told, without the proxy.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _};
use lakefs::{Branch, ErrorKind, Repository, Result};

use crate::ledger::{Change, Ledger, Reported};

/// How many objects are read at once.
const CONCURRENCY: usize = 16;

/// Returns what is wrong, one line each.
pub(crate) async fn check(repository: &Repository, ledger: &Ledger) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    let main = repository.branch("main");
    let on_main = messages(&main).await?;
    let mut logs = HashMap::new();
    for (change, reported) in ledger.entries() {
        let applied = match &change {
            Change::Object { .. } | Change::Tag { .. } => continue,
            Change::Merge { message } | Change::Transaction { message, .. } => {
                on_main.get(message).copied().unwrap_or_default()
            }
            Change::Commit { branch, message } => {
                if !logs.contains_key(branch) {
                    logs.insert(branch.clone(), messages(&repository.branch(branch)).await?);
                }
                logs.get(branch).and_then(|log| log.get(message)).copied().unwrap_or_default()
            }
        };
        // A transaction has two commits with its message: that of its branch, and the merge.
        let once = if matches!(change, Change::Transaction { .. }) { 2 } else { 1 };
        let is_right = match reported {
            Reported::Done => applied == once,
            Reported::Failed => applied == 0,
            Reported::Unknown => applied == 0 || applied == once,
        };
        if !is_right {
            violations.push(format!("{reported:?}, but in the log {applied} times: {change:?}"));
        }
    }
    let checks = futures::stream::iter(ledger.entries().into_iter().map(|(change, reported)| {
        let (repository, main) = (repository.clone(), main.clone());
        async move {
            match change {
                Change::Object { branch, path, content } => {
                    object(&repository.branch(branch), &path, &content, reported).await
                }
                Change::Transaction { paths, content, .. } => {
                    transaction(&main, &paths, &content, reported).await
                }
                Change::Tag { name } => tag(&repository, &name, reported).await,
                Change::Commit { .. } | Change::Merge { .. } => Ok(None),
            }
        }
    }));
    let found: Vec<_> = checks.buffer_unordered(CONCURRENCY).try_collect().await?;
    violations.extend(found.into_iter().flatten());
    Ok(violations)
}

/// How many commits of a branch have each message.
async fn messages(branch: &Branch) -> Result<HashMap<String, usize>> {
    let mut counts = HashMap::new();
    let mut log = branch.log();
    while let Some(commit) = log.try_next().await? {
        *counts.entry(commit.message).or_default() += 1;
    }
    Ok(counts)
}

/// The content of an object; `None` if it does not exist.
async fn read(branch: &Branch, path: &str) -> Result<Option<bytes::Bytes>> {
    match branch.object(path).read().await {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn object(branch: &Branch, path: &str, content: &str, reported: Reported) -> Result<Option<String>> {
    let found = read(branch, path).await?;
    let is_right = match &found {
        Some(found) => found == content,
        None => reported != Reported::Done,
    };
    let size = found.map(|found| found.len());
    Ok((!is_right).then(|| format!("{reported:?}, but the object {path} has {size:?} bytes")))
}

async fn transaction(
    main: &Branch,
    paths: &[String],
    content: &str,
    reported: Reported,
) -> Result<Option<String>> {
    let mut there = 0;
    for path in paths {
        match read(main, path).await? {
            Some(found) if found == content => there += 1,
            Some(_) => return Ok(Some(format!("the object {path} of a transaction has other content"))),
            None => {}
        }
    }
    let is_right = match reported {
        Reported::Done => there == paths.len(),
        Reported::Failed => there == 0,
        Reported::Unknown => there == 0 || there == paths.len(),
    };
    Ok((!is_right).then(|| format!("{reported:?}, but {there} objects of the transaction {content} exist")))
}

async fn tag(repository: &Repository, name: &str, reported: Reported) -> Result<Option<String>> {
    let exists = repository.tag(name).exists().await?;
    let is_right = match reported {
        Reported::Done => exists,
        Reported::Failed => !exists,
        Reported::Unknown => true,
    };
    Ok((!is_right).then(|| format!("{reported:?}, but exists is {exists}: tag {name}")))
}
