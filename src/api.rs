//! Every operation of the lakeFS API, generated from its contract.
//!
//! [`Client`] has a method for each operation, which returns a request builder. [`send`](builder::GetConfig::send) calls the
//! server. Credentials, retries, tracing and errors are those of the [`lakefs::Client`](crate::Client) that the client was obtained
//! from. The handles of this crate use the same methods. Use this module for operations that the handles do not cover.
//!
//! ```
//! # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
//! let version = client.api().get_config().send().await?.into_inner().version_config;
//! # Ok(())
//! # }
//! ```
//!
//! # Stability
//!
//! The operations, parameters and models that this documentation shows follow semantic versioning: only a breaking
//! release removes or renames a name, or changes a type. A newer contract can add operations, parameters, fields and
//! values in any release: models are `non_exhaustive`, and enums keep unknown values.
//!
//! Operations that the contract marks as internal or deprecated are callable but hidden from this documentation, and can change or
//! disappear in any release. Operations that it marks as experimental keep their names here, but lakeFS can change what they do.
//!
//! # Build dependencies
//!
//! The build script generates this module, so the generator determines its names. `progenitor` and `progenitor-impl` are pinned to
//! 0.15.1, and `typify` and `typify-impl` to 0.8.0: a dependency graph with this crate cannot contain another 0.15 or 0.8 release of
//! these four. No other crate is pinned, and the generator is not linked into programs.

mod client;
mod decode;
mod parts;

pub use crate::http::response::{ByteStream, Response};
pub use client::Client;

// Style lints do not apply to generated code; `missing_docs` does. Every builder has a `call`, which only some callers need.
#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    unused_qualifications,
    unreachable_pub,
    reason = "generated"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

#[cfg(any(test, fuzzing))]
pub(crate) use generated::OPERATIONS;
pub use generated::builder;
pub(crate) use generated::types;
