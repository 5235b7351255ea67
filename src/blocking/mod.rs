//! Blocking calls, for programs without an async runtime: `.block_on()` instead of `.await`.
//!
//! It uses the same handles, requests and data types as async code. This module adds:
//!
//! * [`BlockOn`]: sends a request and blocks the thread until the result is available,
//! * [`IntoBlockingIter`]: turns a list into an iterator,
//! * [`SyncIo`]: turns an asynchronous reader or writer into one of [`std::io`],
//! * `run_blocking` of a transaction, which takes a blocking closure,
//! * [`Body::blocking_reader`](crate::Body::blocking_reader): uploads what a reader of [`std::io`] yields.
//!
//! ```no_run
//! use std::io;
//!
//! use lakefs::blocking::{BlockOn as _, IntoBlockingIter as _, SyncIo};
//! use lakefs::{Body, Client};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let repository = Client::from_env()?.repository("example");
//!     let branch = repository.branch("experiment1");
//!     branch.create("main").block_on()?;
//!     branch.object("data.csv").upload(Body::file("data.csv")).content_type("text/csv").block_on()?;
//!     branch.commit("Add data").block_on()?;
//!     for commit in branch.log().into_blocking_iter() {
//!         println!("{}", commit?.message);
//!     }
//!     let mut reader = SyncIo::new(branch.object("data.csv").reader().block_on()?);
//!     io::copy(&mut reader, &mut io::stdout())?;
//!     Ok(())
//! }
//! ```
//!
//! # Where it may be called
//!
//! Call it from any thread that may block, including the threads of tokio's `spawn_blocking` and `block_in_place`.
//! Inside an async task it would stall the runtime, so it fails with
//! [`InvalidRequest`](crate::ErrorKind::InvalidRequest). Use `.await` in async code.

mod body;
mod io;
mod iter;
mod runtime;
mod transaction;

pub use io::SyncIo;
pub use iter::{BlockingIter, IntoBlockingIter};

use crate::error::{Error, Result};

mod sealed {
    use crate::error::Error;

    /// Only this crate implements [`BlockOn`](super::BlockOn).
    pub trait BlockOn {}

    impl<T, E: From<Error>, F: IntoFuture<Output = Result<T, E>>> BlockOn for F {}
}

/// Blocks the thread until a request has its result. All requests implement it, and all other futures whose output is
/// a `Result` with an error that a [`lakefs::Error`](crate::Error) converts to.
///
/// ```no_run
/// use lakefs::Client;
/// use lakefs::blocking::BlockOn as _;
///
/// let branch = Client::from_env()?.repository("example").branch("main");
/// let commit = branch.import().prefix("s3://bucket/raw/", "raw/").wait_for_completion().block_on()?;
/// println!("{}", commit.id);
/// # Ok::<_, lakefs::Error>(())
/// ```
///
/// This trait is sealed.
pub trait BlockOn: IntoFuture + sealed::BlockOn {
    /// Does what `.await` does, and blocks the thread until the result is available.
    ///
    /// # Errors
    /// Those of the request, and [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is called in async code.
    fn block_on(self) -> Self::Output;
}

impl<T, E: From<Error>, F: IntoFuture<Output = Result<T, E>>> BlockOn for F {
    fn block_on(self) -> Result<T, E> {
        runtime::block_on(self.into_future())?
    }
}
