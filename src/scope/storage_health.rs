//! Which storages can be reached from this program.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long transfers go through the server after a storage could not be reached.
const BYPASS: Duration = Duration::from_secs(5 * 60);

/// How long one transfer tries the storage after that time, while all others still go through the server.
const PROBE: Duration = Duration::from_secs(30);

/// The storages that could not be reached lately, by their ids.
#[derive(Debug, Default)]
pub(super) struct StorageHealth(Mutex<HashMap<String, Instant>>);

impl StorageHealth {
    /// Records that a storage could not be reached, or refuses this program. Returns whether it has responded since that
    /// was recorded before.
    pub(super) fn add(&self, storage: &str) -> bool {
        let mut bypassed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bypassed.insert(storage.to_owned(), Instant::now() + BYPASS).is_none()
    }

    /// Records that a storage responded.
    pub(super) fn remove(&self, storage: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(storage);
    }

    /// Whether transfers go through the server at the moment.
    pub(super) fn is_out_of_reach(&self, storage: &str) -> bool {
        let bypassed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bypassed.get(storage).is_some_and(|until| Instant::now() < *until)
    }

    /// Whether a transfer goes through the server. If the storage was bypassed for long enough, the result is `false` for
    /// one caller, which finds out whether the storage can be reached again.
    pub(super) fn is_bypassed(&self, storage: &str) -> bool {
        let mut bypassed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = bypassed.get_mut(storage) else { return false };
        let now = Instant::now();
        if now < *until {
            return true;
        }
        *until = now + PROBE;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn unreachable_storage_is_bypassed_for_some_time() {
        let health = StorageHealth::default();
        assert!(!health.is_bypassed("a"));
        assert!(health.add("a") && !health.add("a"), "only the first failure is new");
        assert!(health.is_bypassed("a") && !health.is_bypassed("b"));
        tokio::time::advance(BYPASS.saturating_sub(Duration::from_secs(1))).await;
        assert!(health.is_bypassed("a"));
        health.remove("a");
        assert!(!health.is_bypassed("a"));
        assert!(health.add("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_caller_tries_a_bypassed_storage_again() {
        let health = StorageHealth::default();
        health.add("a");
        tokio::time::advance(BYPASS).await;
        assert!(!health.is_bypassed("a"));
        assert!(health.is_bypassed("a"), "the first caller has not finished yet");
        // It may never report a result.
        tokio::time::advance(PROBE).await;
        assert!(!health.is_bypassed("a"));
        health.add("a");
        tokio::time::advance(PROBE).await;
        assert!(health.is_bypassed("a"));
    }
}
