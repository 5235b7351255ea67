//! Writes objects.
//!
//! Imports point downwards, in this order: `upload` and `writer`; `route`, which chooses between `direct`, `presigned`
//! and `multipart`; `signed_put`; `spec`; `body`; `payload`; `file_source`, `special_file` and `replay`; `spool_file`;
//! `tally`. `link` and `physical_address` are
//! requests of their own, which `presigned` uses.

pub(crate) mod body;
mod direct;
#[cfg(feature = "fs")]
mod file_source;
pub(crate) mod link;
mod multipart;
mod part_splitter;
mod payload;
pub(crate) mod physical_address;
mod presigned;
mod replay;
mod route;
mod signed_put;
mod spec;
#[cfg(feature = "fs")]
mod special_file;
#[cfg(feature = "fs")]
mod spool_file;
mod tally;
pub(crate) mod upload;
pub(crate) mod writer;
