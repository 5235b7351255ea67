//! The crates whose types appear in signatures of this crate.
//!
//! Use them through this module to be sure of the same version, without a dependency of your own.

#[cfg(feature = "object_store")]
pub use ::object_store;
pub use bytes;
pub use chrono;
pub use futures;
pub use reqwest;
