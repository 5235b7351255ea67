//! lakeFS without HTTP: repositories, branches, commits and what can be done with them.
//!
//! Nothing in here knows of requests or waits for anything. Contents are persistent maps, so a branch or a
//! commit is a cheap copy of another. Names of arguments in errors and the order of checks are lakeFS's own.

mod branch;
mod branches;
mod collection;
mod commit;
mod commits;
mod diff;
mod dump;
mod entry;
mod error;
mod history;
mod ident;
mod lake;
mod listing;
mod log;
mod merge;
pub(crate) mod names;
mod objects;
mod pull_requests;
mod pulls;
mod refs;
mod repository;
mod settings;
mod tags;
mod tasks;
mod time;
mod tree;
mod xid;

#[cfg(test)]
mod tests;

pub(crate) use collection::PreparedCommits;
pub(crate) use commit::{Commit, CommitId};
pub(crate) use commits::{NewCommit, NewCommitRecord};
pub(crate) use diff::{Change, ChangeKind};
pub(crate) use dump::RefsDump;
pub(crate) use entry::{Entry, Location, Metadata, NewEntry};
pub(crate) use error::{Error, ErrorKind};
pub(crate) use history::{CherryPick, CommitOverrides, MergeRequest, Revert};
pub(crate) use lake::{Lake, NewRepository};
pub(crate) use listing::{Listed, Page, PageQuery};
pub(crate) use log::LogQuery;
pub(crate) use objects::{DeleteOptions, MAX_DELETED, WriteOptions};
pub(crate) use pull_requests::{NewPullRequest, PullRequestUpdate};
pub(crate) use pulls::{PullRequest, PullStatus};
pub(crate) use repository::Repository;
pub(crate) use settings::GcRules;
pub(crate) use tasks::{COLLECTION_TASK, DUMP_TASK, RESTORE_TASK};
pub(crate) use time::Timestamp;
pub(crate) use tree::Path;
pub(crate) use xid::{ascending as ascending_id, descending as descending_id};
