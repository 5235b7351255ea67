//! TLS by the library that the enabled features select, with servers that have certificates of their own.

#![cfg(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod certificates;
mod function;
mod platform;
mod protocol;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod trust;

use std::time::Duration;

use lakefs::{Client, ClientBuilder, Error, RetryPolicy};

/// The longest time that a call of these tests may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Returns the builder of a client that does not retry.
fn builder(endpoint: &str) -> ClientBuilder {
    Client::builder().endpoint(endpoint).anonymous().retries(RetryPolicy::none())
}

/// Gets the repository that the servers of these tests have.
async fn get_repository(builder: ClientBuilder) -> Result<(), Error> {
    let repository = builder.build()?.repository("example");
    let outcome = tokio::time::timeout(DEADLINE, repository.get()).await.unwrap();
    outcome.map(|repository| assert_eq!(repository.id, "example"))
}
