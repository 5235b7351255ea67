#![doc = include_str!("../README.md")]

mod actions;
pub mod admin;
pub mod api;
#[cfg(feature = "blocking")]
pub mod blocking;
mod branch;
mod branch_protection;
mod cherry_pick;
mod client;
mod commit;
mod config;
mod credentials;
mod diff;
mod dump;
mod error;
mod garbage_collection;
mod http {
    pub(crate) mod encode;
}
mod import;
mod log;
mod lost;
mod merge;
pub mod models;
mod object;
#[cfg(feature = "object_store")]
mod object_store;
mod operation;
mod outgoing;
mod pager;
mod pull_request;
mod redact;
mod reference;
mod reply;
mod repository;
mod repository_metadata;
mod request;
mod reset;
mod retry;
mod revert;
mod tag;
mod task;
mod transaction;
mod transport;
mod uri;

#[cfg(feature = "object_store")]
pub use crate::object_store::LakeFsStore;
pub use actions::{ActionRun, ActionRuns, HookRuns};
pub use branch::{Branch, Branches, CreateBranch, DeleteBranch};
pub use branch_protection::{BranchProtection, ProtectionRules, SetProtection};
pub use cherry_pick::CherryPick;
pub use client::{Client, ClientBuilder};
pub use commit::Commit;
pub use credentials::Credentials;
pub use diff::{Conflicts, DiffSummary, RefDiff, Uncommitted};
pub use dump::{Dump, Dumping, Restore, Restoring};
pub use error::{Error, ErrorKind, Result};
pub use futures::{StreamExt, TryStreamExt};
pub use garbage_collection::{
    GarbageCollection, GcRules, PreparingCommits, SetGcRules, UncommittedPreparation,
};
pub use import::{Import, Importing};
pub use log::Log;
pub use merge::{Merge, MergeStrategy};
pub use object::{
    Body, CopyObject, DeleteObject, DeleteObjects, Download, DownloadTree, Entry, Head, Link, Object,
    ObjectHead, ObjectReader, ObjectWriter, Objects, Open, PhysicalAddress, Progress, Read, Stage, Stat,
    Symlinks, Transferred, TreeChange, TreeReport, Upload, UploadTree, Write,
};
pub use pager::{List, Page, Pager, Pages};
pub use pull_request::{CreatePullRequest, PullRequest, PullRequests, UpdatePullRequest};
pub use reference::Reference;
pub use repository::{CreateRepository, DeleteRepository, Repositories, Repository};
pub use repository_metadata::RepositoryMetadata;
pub use reset::{HardReset, Reset};
pub use retry::Retries;
pub use revert::Revert;
pub use tag::{CreateTag, DeleteTag, Tag, Tags};
pub use task::{Job, Task, TaskProgress};
pub use transaction::{Transacted, Transaction};
pub use uri::Uri;
