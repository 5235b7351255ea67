//! The data of lakeFS: repositories, commits, differences, objects, as the server sends them.
//!
//! All types are generated from the contract. A value that an enum does not have is kept as `Unknown`, so that a newer
//! server can send it.

mod pagination;
pub(crate) mod time;

pub use crate::api::types::*;

use crate::error::{Conflict, FailedObject};

impl From<ObjectError> for FailedObject {
    fn from(error: ObjectError) -> Self {
        Self::new(error.path, error.message, error.status_code.try_into().unwrap_or(500))
    }
}

impl From<Diff> for Conflict {
    fn from(entry: Diff) -> Self {
        Self::new(entry.path)
    }
}
