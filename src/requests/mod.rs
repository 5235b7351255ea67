//! Request and list builders, grouped by resource.
//!
//! The methods of the handles, such as [`Branch::commit`](crate::Branch::commit), return them; you rarely need to name
//! a type of this module.
//!
//! * A **request** is sent when it is awaited, or by its method `send`. Its methods set options.
//! * A **list** is a [`Stream`](futures::Stream) of its items, which sends a request for each page as it is read. Use
//!   [`TryStreamExt`](crate::TryStreamExt) with it, or its method `pages`. It ends after the last item, and after an
//!   error.

pub(crate) mod branch;
pub(crate) mod cherry_pick;
pub(crate) mod commit;
pub(crate) mod diff;
mod diff_view;
pub(crate) mod dump;
mod exist_ok;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod merge_base;
pub(crate) mod new_head;
pub(crate) mod objects;
pub(crate) mod repository;
pub(crate) mod reset;
pub(crate) mod revert;
pub(crate) mod support;
pub(crate) mod tag;

pub use branch::{CreateBranchRequest, DeleteBranchRequest, ListBranches};
pub use cherry_pick::CherryPickRequest;
pub use commit::CommitRequest;
pub use diff::{DiffEntries, ListConflicts, ListUncommitted};
pub use log::CommitLog;
pub use merge::MergeRequest;
pub use repository::{CreateRepositoryRequest, DeleteRepositoryRequest, ListRepositories};
pub use reset::{HardResetRequest, ResetRequest};
pub use revert::RevertRequest;
pub use tag::{CreateTagRequest, DeleteTagRequest, ListTags};

pub use crate::pager::Pages;
pub use crate::task::TaskPoller;
