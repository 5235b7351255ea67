//! Writes objects.
//!
//! Imports point downwards, in this order: `upload` and `writer`; `route`, which chooses between `direct`, `presigned`
//! and `multipart`; `precheck`; `signed_put`; `spec`; `body`; `payload`; `file_source`, `special_file` and `replay`;
//! `spool_file`; `tally`. `link` and `physical_address` are requests of their own, which `presigned` uses. `create`
//! recognises the objects of conditional uploads and links; `exclusive` handles two creators that the server has accepted.

pub(crate) mod body;
pub(crate) mod create;
mod direct;
mod exclusive;
#[cfg(feature = "fs")]
mod file_source;
pub(crate) mod link;
mod multipart;
mod part_splitter;
mod payload;
pub(crate) mod physical_address;
mod precheck;
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
