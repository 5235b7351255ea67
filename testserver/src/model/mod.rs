//! lakeFS without HTTP: repositories, branches, commits, and the operations on them.
//!
//! Nothing here knows requests or is asynchronous. Content is in persistent maps, so a branch or a commit is
//! a cheap copy of another.
//!
//! Imports point one way: [`operations`] use the [`catalog`], which uses the data types of the other modules.

mod branch;
mod catalog;
mod commit;
mod diff;
mod entry;
mod error;
mod gc;
mod identity;
mod listing;
mod log;
mod merge;
pub(crate) mod names;
mod operations;
mod protection;
mod pull_request;
mod refs;
mod refs_dump;
mod repository;
mod summary;
mod task;
mod time;
mod tree;
mod xid;

#[cfg(test)]
mod tests;

pub(crate) use catalog::Catalog;
pub(crate) use commit::{Commit, CommitId};
pub(crate) use diff::{Change, ChangeKind};
pub(crate) use entry::{Entry, Location, Metadata, NewEntry};
pub(crate) use error::{Error, ErrorKind};
pub(crate) use gc::{GcRules, PreparedCommits};
pub(crate) use listing::{ListingEntry, Page, PageQuery};
pub(crate) use log::LogQuery;
pub(crate) use operations::commits::{NewCommit, NewCommitRecord};
pub(crate) use operations::merges::{CherryPick, CommitOverrides, MergeRequest, Revert};
pub(crate) use operations::objects::{DeleteOptions, MAX_DELETED, WriteOptions};
pub(crate) use operations::pull_requests::{NewPullRequest, PullRequestUpdate};
pub(crate) use operations::repositories::NewRepository;
pub(crate) use pull_request::{PullRequest, PullStatus};
pub(crate) use refs_dump::RefsDump;
pub(crate) use repository::Repository;
pub(crate) use summary::summary;
pub(crate) use task::TaskKind;
pub(crate) use time::Timestamp;
pub(crate) use tree::Path;
pub(crate) use xid::{ascending as ascending_id, descending as descending_id};
