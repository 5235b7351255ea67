//! The handlers of the operations, by resource.

pub(crate) mod accounts;
pub(crate) mod actions;
pub(crate) mod branches;
pub(crate) mod commits;
pub(crate) mod content;
pub(crate) mod garbage_collection;
pub(crate) mod merges;
pub(crate) mod multipart;
pub(crate) mod objects;
mod physical_address;
mod presign;
pub(crate) mod pull_requests;
pub(crate) mod repositories;
mod sample_data;
pub(crate) mod settings;
pub(crate) mod staging;
pub(crate) mod system;
pub(crate) mod tags;
pub(crate) mod transfer;
pub(crate) mod upload;
