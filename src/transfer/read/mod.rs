//! Reads object bytes.
//!
//! Imports point downwards, in this order: `requests`, `download`, `file_hasher`, `reader`, `resumable_body`,
//! `route` and `storage_read`, `get_object` and `head`, `storage_source`, `unidentified`, `version`, `headers`, `byte_range` and `md5_verifier`.

pub(crate) mod byte_range;
#[cfg(feature = "fs")]
pub(crate) mod download;
#[cfg(feature = "fs")]
mod file_hasher;
mod get_object;
pub(crate) mod head;
pub(crate) mod headers;
mod md5_verifier;
pub(crate) mod reader;
pub(crate) mod requests;
mod resumable_body;
pub(crate) mod route;
mod storage_read;
pub(crate) mod storage_source;
mod unidentified;
mod version;
