//! A lakeFS that lives in memory, for tests.
//!
//! It speaks the HTTP interface of lakeFS and behaves like one: branches and commits with the identifiers that
//! lakeFS computes, uncommitted changes, three-way merges, diffs, tags, pull requests, protected branches. It
//! starts in no time, needs no container and no disk, and is gone when it is dropped.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = lakefs_testserver::Server::start().await?;
//! println!("lakeFS is at {}", server.endpoint());
//! # Ok(())
//! # }
//! ```
//!
//! Point any client at [`endpoint`](Server::endpoint) with [`access_key_id`](Server::access_key_id) and
//! [`secret_access_key`](Server::secret_access_key). Storage namespaces are of the form `mem://anything`.
//!
//! # When things go wrong
//!
//! [`Server::faults`] makes them: refusals, delays, dropped connections, lost replies, cut bodies, junk.
//! [`Server::requests`] tells what a client has sent.
//!
//! With the feature `validate` and a [`contract`](ServerBuilder::contract), every reply is held against the
//! contract, and `Server::violations` tells which do not keep to it.
//!
//! # What it is not
//!
//! It runs no hooks, imports nothing, signs no URLs and knows one user, like a lakeFS with storage in memory and
//! basic authentication. Operations it does not have answer 501, as lakeFS answers those that it does not have.
//! Unlike lakeFS it caches nothing: a deleted repository is gone and a protected branch is protected at once.

mod fault;
mod http;
mod model;
mod record;
mod server;
#[cfg(feature = "validate")]
mod validate;

pub use fault::{FaultBuilder, Faults};
pub use record::RecordedRequest;
pub use server::{Server, ServerBuilder};
