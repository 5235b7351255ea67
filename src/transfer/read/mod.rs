//! Reads object bytes.
//!
//! Imports point downwards, in this order: `requests`, `download`, `file_hasher`, `reader`, `resumable_body`,
//! `get_object`, `head`, `unidentified`, `verifier`, `headers` and `byte_range`.

pub(crate) mod byte_range;
#[cfg(feature = "fs")]
pub(crate) mod download;
#[cfg(feature = "fs")]
mod file_hasher;
mod get_object;
pub(crate) mod head;
pub(crate) mod headers;
pub(crate) mod reader;
pub(crate) mod requests;
mod resumable_body;
mod unidentified;
mod verifier;
