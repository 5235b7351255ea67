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
//! # Storage that clients use by themselves
//!
//! Started with [`presigned_storage`](ServerBuilder::presigned_storage) it signs addresses and takes uploads in parts, as a
//! lakeFS over S3 does. Its storage is a small one of its own, on another port, that answers in the way of S3: nothing
//! but signed requests, which expire; `Authorization` has no place there. To clients it is of the type `mem`, with
//! namespaces as before, so that nobody takes it for S3 itself. Faults befall its requests and they are recorded like
//! others.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use lakefs_testserver::Server;
//!
//! let server = Server::builder().presigned_storage().start().await?;
//! // The second part of an upload is refused once.
//! server.faults().on("storagePutPart").after(1).reply(503, "");
//! // Addresses that are handed out from now on are good for nothing.
//! server.sign_for(std::time::Duration::ZERO);
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//!
//! It runs no hooks, imports nothing and knows one user, like a lakeFS with storage in memory and basic authentication. Operations it does not have answer 501, as lakeFS answers those that it does not have.
//! Unlike lakeFS it caches nothing: a deleted repository is gone and a protected branch is protected at once. And what
//! was copied can be read, as from any storage but that of lakeFS in memory, which loses it.

mod fault;
mod http;
mod model;
mod range;
mod record;
mod server;
mod storage;
mod suffer;
#[cfg(feature = "validate")]
mod validate;

pub use fault::{FaultBuilder, Faults};
pub use record::RecordedRequest;
pub use server::{Server, ServerBuilder};
