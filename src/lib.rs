#![doc = include_str!("../README.md")]

pub mod api;
#[cfg(feature = "blocking")]
pub mod blocking;
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
pub mod requests;
mod scope;
mod task;
mod transfer;
mod uri;

#[cfg(feature = "object_store")]
pub use crate::object_store::LakeFsStore;
pub use credentials::Credentials;
pub use error::{Error, ErrorKind, Result};
pub use futures::{StreamExt, TryStreamExt};
pub use handles::action_run::{ActionRun, ActionRuns, HookRuns};
pub use handles::admin;
pub use handles::branch::Branch;
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
pub use handles::repository::Repository;
pub use handles::repository_metadata::RepositoryMetadata;
pub use handles::tag::Tag;
pub use handles::transaction::{TransactionOutcome, TransactionRequest};
pub use http::retry::RetryPolicy;
pub use pager::Page;
pub use ref_expr::{BranchName, RefExpr};
pub use requests::diff::DiffSummary;
pub use requests::dump::{Dump, DumpTask, Restore, RestoreTask};
pub use requests::import::{Import, ImportTask};
pub use requests::merge::MergeStrategy;
pub use requests::objects::copy::CopyObjectRequest;
pub use requests::objects::delete::{DeleteObjectRequest, DeleteObjectsRequest};
pub use requests::objects::head::{Head, ObjectHead};
pub use requests::objects::list::{Entry, Objects};
pub use requests::objects::staging::{Link, PhysicalAddressRequest, Stage};
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
