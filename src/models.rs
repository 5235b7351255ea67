//! The data of lakeFS: repositories, commits, differences, objects, as the server sends them.
//!
//! All of it is generated from the contract. Enums are open: a value of a newer server is kept as `Unknown`.

mod pagination;
pub(crate) mod time;

pub use crate::api::types::*;
