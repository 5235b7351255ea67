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
pub mod object_store;
mod pager;
mod redact;
mod ref_expr;
pub mod requests;
mod scope;
mod task;
mod transfer;
mod uri;

pub use credentials::Credentials;
pub use error::{Error, ErrorKind, Result};
pub use futures::{StreamExt, TryStreamExt};
pub use handles::action_run::ActionRun;
pub use handles::admin;
pub use handles::branch::{Branch, Branches, CreateBranchRequest, DeleteBranchRequest};
pub use handles::branch_object::BranchObject;
pub use handles::branch_protection::BranchProtection;
pub use handles::client::{Client, ClientBuilder};
pub use handles::garbage_collection::{GarbageCollection, GcRules};
pub use handles::object::Object;
pub use handles::pull_request::PullRequest;
pub use handles::reference::Reference;
pub use handles::repository::{CreateRepositoryRequest, DeleteRepositoryRequest, Repositories, Repository};
pub use handles::repository_metadata::RepositoryMetadata;
pub use handles::tag::{CreateTagRequest, DeleteTagRequest, Tag, Tags};
pub use handles::transaction::{Transaction, TransactionOutcome};
pub use http::retry::RetryPolicy;
pub use pager::{List, Page, Pager, Pages};
pub use ref_expr::{BranchName, RefExpr};
pub use requests::branch_protection::ProtectionRules;
pub use requests::cherry_pick::CherryPickRequest;
pub use requests::commit::Commit;
pub use requests::copy_object::CopyObjectRequest;
pub use requests::diff::{Conflicts, DiffSummary, RefDiff, Uncommitted};
pub use requests::log::Log;
pub use requests::merge::{Merge, MergeStrategy};
pub use requests::reset::{HardResetRequest, Reset};
pub use requests::revert::Revert;
pub use requests::update_metadata::UpdateMetadataRequest;
pub use task::Task;
pub use transfer::delete::{DeleteObjectRequest, DeleteObjectsRequest};
#[cfg(feature = "fs")]
pub use transfer::dir::{DownloadDirRequest, SymlinkPolicy, SyncAction, SyncReport, UploadDirRequest};
pub use transfer::list::{Entry, ListObjects};
pub use transfer::progress::{Progress, ProgressUpdate};
#[cfg(feature = "fs")]
pub use transfer::read::download::DownloadRequest;
pub use transfer::read::head::{HeadRequest, ObjectHead};
pub use transfer::read::reader::ObjectReader;
pub use transfer::read::requests::{ReadRequest, ReaderRequest};
pub use transfer::stat::StatRequest;
pub use transfer::write::body::Body;
pub use transfer::write::link::{LinkRequest, StageRequest};
pub use transfer::write::physical_address::PhysicalAddressRequest;
pub use transfer::write::upload::UploadRequest;
pub use transfer::write::writer::{ObjectWriter, WriterRequest};
pub use uri::Uri;
