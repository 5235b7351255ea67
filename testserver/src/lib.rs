//! An in-memory lakeFS server for tests.
//!
//! The server implements the HTTP API of lakeFS 1.84 including its quirks: uncommitted changes, commits with
//! ids computed as lakeFS does, three-way merges, diffs, tags, pull requests, branch protection. It starts
//! immediately, needs neither a container nor a disk, and discards its data when it is dropped.
//!
//! Any client can be tested against it, in any language. This crate does not depend on a client.
//!
//! # Quick start
//!
//! Start a [`Server`] and point the client at its [`endpoint`](Server::endpoint), with its
//! [`access_key_id`](Server::access_key_id) and [`secret_access_key`](Server::secret_access_key). Storage
//! namespaces have the form `mem://anything`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use lakefs_testserver::Server;
//!
//! let server = Server::start().await?;
//! println!("lakeFS listens at {}", server.endpoint());
//! // … run the code under test …
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The server runs in the Tokio runtime that starts it, and only while that runtime runs. A blocking client
//! must not block the only thread of that runtime: use `#[tokio::test(flavor = "multi_thread")]`.
//!
//! # Fault injection
//!
//! [`Server::faults`] plans faults for operations: error responses, redirects, delays, dropped and stalled
//! connections, lost responses, truncated and replaced bodies. It also emulates operations that this server
//! does not implement. An unknown name of an operation panics.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let server = lakefs_testserver::Server::start().await?;
//! // Rejects the first commit.
//! server.faults().on("commit").respond(503, r#"{"message":"slow down"}"#);
//! // Creates the branch, but drops the connection instead of responding.
//! server.faults().on("createBranch").drop_response();
//! # Ok(())
//! # }
//! ```
//!
//! See [`Faults`] for more.
//!
//! # Recorded requests
//!
//! [`Server::requests`] returns all requests, [`Server::requests_for`] those for one operation. A
//! [`RecordedRequest`] has the method, path, query, headers and status, but no credentials and no body. It also
//! has the status that the operation returned, which shows whether a request took effect although a fault
//! replaced or lost the response. [`Server::repository_summary`] describes the content of a repository.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let server = lakefs_testserver::Server::start().await?;
//! // … run the code under test …
//! for request in server.requests_for("getBranch") {
//!     assert_eq!(request.method, "GET");
//!     assert!(request.header("user-agent").is_some());
//! }
//! server.clear_requests();
//! # Ok(())
//! # }
//! ```
//!
//! # Pre-signed URLs
//!
//! With [`presigned_storage`](ServerBuilder::presigned_storage) the server pre-signs URLs and supports
//! multipart uploads, as a lakeFS over S3 does. The URLs lead to an object storage on another port. It
//! responds like S3, rejects requests that are unsigned, expired or have an `Authorization` header, and takes
//! part in fault injection and recording. The reported blockstore type remains `mem`, so that clients do not
//! treat it as S3.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use std::time::Duration;
//!
//! use lakefs_testserver::Server;
//!
//! let server = Server::builder().presigned_storage().start().await?;
//! // Rejects the second uploaded part once.
//! server.faults().on("storagePutPart").after(1).respond(503, "");
//! // URLs that are issued from now on have expired.
//! server.set_presigned_url_lifetime(Duration::ZERO);
//! # Ok(())
//! # }
//! ```
//!
//! # Validation
//!
//! With the feature `validate` and an OpenAPI document passed to [`contract`](ServerBuilder::contract), the
//! server validates its responses against the document. `Server::contract_violations` returns what it found.
//! Tests of this server use it; tests of a client need it only if they want to verify the server, too.
//!
//! # Command line
//!
//! The binary `lakefs-testserver` is for tests in other languages. It serves until it is interrupted, and
//! prints the environment variables of [`Server::lakectl_env`]. `--help` lists its options.
//!
//! ```console
//! $ lakefs-testserver --listen 127.0.0.1:8000 --presigned-storage
//! lakeFS test server listens at http://127.0.0.1:8000; its data are lost when it stops
//!
//! export LAKECTL_SERVER_ENDPOINT_URL=http://127.0.0.1:8000
//! export LAKECTL_CREDENTIALS_ACCESS_KEY_ID=testserver-access-key-id
//! export LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY=testserver-secret-access-key
//! ```
//!
//! # Limitations
//!
//! * There is one user, as in a lakeFS with basic authentication. Operations that lakeFS supports only with
//!   other authentication, such as those on groups and policies, respond with status 501.
//! * Hooks do not run. Imports are rejected, as by a lakeFS with storage in memory.
//! * Nothing is cached. In lakeFS, the deletion of a repository and new branch protection rules take effect
//!   after some seconds, in the test server immediately.
//! * Copied objects can be read. A lakeFS with storage in memory loses their content.
//! * Lists for garbage collection, symlink files and metadata objects are not stored, except that a list
//!   of commits can be read with [`presigned_storage`](ServerBuilder::presigned_storage).

// Imports point one way: `server` to `api` and `storage`, both to `interceptor` (with `faults` and
// `recorder`) and `validate`, and all to `http` and `model`. `api` also uses `storage`.
mod api;
mod faults;
mod http;
mod interceptor;
mod model;
mod operation_ids;
mod recorder;
mod server;
mod storage;
#[cfg(feature = "validate")]
mod validate;

pub use faults::{FaultBuilder, Faults};
pub use recorder::RecordedRequest;
pub use server::{Server, ServerBuilder};
