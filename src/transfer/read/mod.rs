//! Reads object bytes.
//!
//! Imports point downwards, in this order: `requests`, `download`, `range_download`, `file_writer` and `write_through`,
//! `early_flush`, `file_hasher`, `destination`, `reader`, `resumable_body`, `route` and `storage_read`, `get_object`,
//! `head`, `storage_source`, `unidentified`, `verifier`, `version`, `headers` and `byte_range`.

pub(crate) mod byte_range;
#[cfg(feature = "fs")]
pub(crate) mod destination;
#[cfg(feature = "fs")]
pub(crate) mod download;
#[cfg(feature = "fs")]
mod early_flush;
#[cfg(feature = "fs")]
mod file_hasher;
#[cfg(feature = "fs")]
mod file_writer;
mod get_object;
pub(crate) mod head;
pub(crate) mod headers;
#[cfg(feature = "fs")]
mod range_download;
pub(crate) mod reader;
pub(crate) mod requests;
mod resumable_body;
pub(crate) mod route;
mod storage_read;
pub(crate) mod storage_source;
mod unidentified;
mod verifier;
mod version;
#[cfg(feature = "fs")]
mod write_through;
