//! Limits of the client: on time, on the size of responses, and on retries; and the settings of its HTTP client.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod http_settings;
mod raw_server;
mod retries;
mod size;
#[path = "../support/mod.rs"]
mod support;
mod time;

use std::time::{Duration, Instant};

/// The longest time that a call of these tests may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Returns the output of a call, and how long it took.
async fn within_deadline<T>(call: impl IntoFuture<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    (tokio::time::timeout(DEADLINE, call.into_future()).await.unwrap(), start.elapsed())
}
