//! The object storage that pre-signed URLs lead to: the subset of S3 that lakeFS clients use directly.

mod error;
mod service;
mod signing;
mod store;

pub(crate) use error::StorageError;
pub(crate) use service::{OPERATIONS, respond};
pub(crate) use signing::{PresignedAction, PresignedUrl};
pub(crate) use store::{Storage, StoredObject};
