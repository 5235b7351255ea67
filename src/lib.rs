#![doc = include_str!("../README.md")]

pub mod api;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod config;
mod credentials;
mod error;
mod handles;
mod http;
mod macros;
pub mod models;
#[cfg(feature = "object_store")]
mod object_store;
mod pager;
mod redact;
mod ref_expr;
mod requests;
mod scope;
mod task;
mod transfer;
mod uri;

#[cfg(feature = "object_store")]
pub use crate::object_store::LakeFsStore;
pub use credentials::Credentials;
pub use error::{Conflict, Error, ErrorKind, FailedObject, Result};
pub use futures::{StreamExt, TryStreamExt};
pub use handles::action_run::{ActionRun, ActionRuns, HookRuns};
pub use handles::admin;
pub use handles::branch::{Branch, Branches, CreateBranchRequest, DeleteBranchRequest};
pub use handles::branch_protection::{BranchProtection, ProtectionRules, SetBranchProtectionRequest};
pub use handles::client::{Client, ClientBuilder};
pub use handles::garbage_collection::{
    GarbageCollection, GcRules, PrepareCommitsTask, PrepareUncommittedParts, SetGcRulesRequest,
};
pub use handles::object::{Object, Stat};
pub use handles::pull_request::{
    CreatePullRequestRequest, PullRequest, PullRequests, UpdatePullRequestRequest,
};
pub use handles::reference::Reference;
pub use handles::repository::{CreateRepositoryRequest, DeleteRepositoryRequest, Repositories, Repository};
pub use handles::repository_metadata::RepositoryMetadata;
pub use handles::tag::{CreateTagRequest, DeleteTagRequest, Tag, Tags};
pub use handles::transaction::{Transaction, TransactionOutcome};
pub use http::retry::RetryPolicy;
pub use pager::{List, Page, Pager, Pages};
pub use ref_expr::{BranchName, RefExpr};
pub use requests::cherry_pick::CherryPickRequest;
pub use requests::commit::Commit;
pub use requests::diff::{Conflicts, DiffSummary, RefDiff, Uncommitted};
pub use requests::dump::{Dump, DumpTask, Restore, RestoreTask};
pub use requests::import::{Import, ImportTask};
pub use requests::log::Log;
pub use requests::merge::{Merge, MergeStrategy};
pub use requests::objects::copy::CopyObjectRequest;
pub use requests::objects::delete::{DeleteObjectRequest, DeleteObjectsRequest};
pub use requests::objects::head::{Head, ObjectHead};
pub use requests::objects::list::{Entry, Objects};
pub use requests::objects::staging::{Link, PhysicalAddressRequest, Stage};
pub use requests::reset::{HardResetRequest, Reset};
pub use requests::revert::Revert;
pub use task::{Job, Task, TaskPoller};
pub use transfer::dir::{DownloadDirRequest, SymlinkPolicy, SyncAction, SyncReport, UploadDirRequest};
pub use transfer::progress::{Progress, ProgressUpdate};
pub use transfer::read::download::Download;
pub use transfer::read::reader::ObjectReader;
pub use transfer::read::request::{Open, Read};
pub use transfer::write::body::Body;
pub use transfer::write::upload::Upload;
pub use transfer::write::writer::{ObjectWriter, Write};
pub use uri::Uri;
