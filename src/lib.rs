#![doc = include_str!("../README.md")]

pub mod api;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod config;
mod credentials;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
mod handles;
mod http;
mod macros;
pub mod models;
#[cfg(feature = "object_store")]
pub mod object_store;
#[cfg(feature = "object_store_0_13")]
pub mod object_store_0_13;
mod pager;
mod redact;
mod ref_expr;
mod request;
pub mod requests;
mod scope;
mod single_flight;
mod task;
mod transfer;
mod uri;
mod verify;

pub use credentials::{AwsIam, Credentials, TokenCommand, WebIdentity};
pub use error::{Conflict, Error, ErrorKind, FailedObject, Result};
pub use futures::{StreamExt, TryStreamExt};
pub use handles::action_run::ActionRun;
pub use handles::admin;
pub use handles::branch::Branch;
pub use handles::branch_object::BranchObject;
pub use handles::branch_protection::BranchProtection;
pub use handles::client::Client;
pub use handles::client_builder::ClientBuilder;
pub use handles::garbage_collection::{GarbageCollection, GcRules};
pub use handles::object::Object;
pub use handles::pull_request::PullRequest;
pub use handles::reference::Reference;
pub use handles::repository::Repository;
pub use handles::repository_metadata::RepositoryMetadata;
pub use handles::tag::Tag;
pub use handles::transaction::abandoned::{AbandonedTransaction, AbandonedTransactions};
pub use handles::transaction::attempts::TransactionAttempts;
pub use handles::transaction::open::Transaction;
pub use handles::transaction::outcome::TransactionOutcome;
pub use handles::transaction::request::TransactionRequest;
#[cfg(all(feature = "config", feature = "fs"))]
pub use handles::working_copy::WorkingCopy;
pub use http::credential::{Credential, CredentialError, CredentialProvider};
pub use http::options::CallOptions;
pub use http::retry::RetryPolicy;
pub use pager::Page;
pub use ref_expr::{BranchName, RefExpr};
pub use requests::diff::DiffSummary;
pub use requests::merge::MergeStrategy;
pub use requests::resolve::ConflictResolution;
#[cfg(all(feature = "config", feature = "fs"))]
pub use requests::working_copy::report::{
    FileChange, FileChangeKind, PullConflicts, UnsupportedFile, WorkingCopyCommit, WorkingCopyInfo,
    WorkingCopyReport, WorkingCopyStatus,
};
pub use task::Task;
#[cfg(feature = "fs")]
pub use transfer::dir::{Compare, InvalidEntry, SymlinkPolicy, SyncAction, SyncReport};
pub use transfer::list::Entry;
pub use transfer::progress::{Progress, ProgressUpdate};
#[cfg(feature = "fs")]
pub use transfer::read::download::DownloadReport;
pub use transfer::read::head::ObjectHead;
pub use transfer::read::reader::ObjectReader;
pub use transfer::write::body::Body;
pub use transfer::write::writer::ObjectWriter;
pub use uri::Uri;
pub use verify::Verify;

/// The crates whose types appear in signatures of this crate.
///
/// Use them through this module to get the same versions without adding dependencies.
pub mod reexports {
    #[cfg(feature = "object_store")]
    pub use ::object_store;
    #[cfg(feature = "object_store_0_13")]
    pub use ::object_store_0_13;
    #[cfg(feature = "aws")]
    pub use aws_credential_types;
    pub use {bytes, chrono, futures, reqwest};
}
