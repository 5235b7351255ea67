//! Waits with a deadline, so that a test that waits in vain fails and says for what.

use std::time::{Duration, Instant};

/// The longest time that a test waits for an event that comes at once if the code is right.
const DEADLINE: Duration = Duration::from_secs(30);

/// The time between two checks of a condition.
const INTERVAL: Duration = Duration::from_millis(2);

/// Waits until a condition holds.
///
/// # Panics
///
/// Panics when the condition, which `event` describes, does not hold within 30 seconds.
pub(crate) async fn wait_until(event: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {event}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Waits for a future.
///
/// # Panics
///
/// Panics when the future, which `event` describes, does not complete within 30 seconds.
pub(crate) async fn wait_for<T>(event: &str, future: impl Future<Output = T>) -> T {
    let output = tokio::time::timeout(DEADLINE, future).await;
    output.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {event}"))
}
