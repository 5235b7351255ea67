//! Handles: names without I/O, whose methods return requests.

pub(crate) mod action_run;
pub mod admin;
pub(crate) mod branch;
pub(crate) mod branch_object;
pub(crate) mod branch_protection;
pub(crate) mod client;
pub(crate) mod client_builder;
mod client_config;
pub(crate) mod garbage_collection;
pub(crate) mod object;
pub(crate) mod pull_request;
mod ref_methods;
pub(crate) mod reference;
pub(crate) mod repository;
pub(crate) mod repository_metadata;
pub(crate) mod tag;
pub(crate) mod transaction;
#[cfg(all(feature = "config", feature = "fs"))]
pub(crate) mod working_copy;
