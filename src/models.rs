//! The data models of lakeFS: repositories, commits, differences, objects and others, as they go over the wire.
//!
//! The models are generated from the contract. They are `non_exhaustive`, because a newer contract can add fields. An enum keeps a
//! value that it does not know in its variant `Unknown`.
//!
//! A model that a request carries has a constructor `new` with its required fields, and a setter for each optional one:
//!
//! ```
//! use lakefs::models::CommitCreation;
//!
//! # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
//! let body = CommitCreation::new("Add data").metadata([("source", "import")]).allow_empty(true);
//! client.api().commit().repository("example").branch("main").body(body).send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! All models implement `Serialize` and `Deserialize`, and with the feature `schemars` also `JsonSchema`. The schemas are those of the
//! contract, without its bounds, patterns and defaults, which the server applies. Optional fields may also be `null`.

mod pagination;
mod size;
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
