//! The data of lakeFS: repositories, commits, differences, objects, as the server sends them.
//!
//! All of it is generated from the contract. Enums are open: a value of a newer server is kept as `Unknown`.

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
