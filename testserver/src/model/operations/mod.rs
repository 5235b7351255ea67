//! lakeFS's operations, as methods of [`Catalog`](super::Catalog).
//!
//! Names of arguments in errors and the order of checks are those of lakeFS.

mod branches;
pub(super) mod commits;
mod garbage_collection;
pub(super) mod merges;
pub(super) mod objects;
pub(super) mod pull_requests;
mod refs_dump;
pub(super) mod repositories;
mod settings;
mod tags;
mod tasks;
