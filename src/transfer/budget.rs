//! What several transfers share: connections, bytes in memory, and jobs on the blocking thread pool.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::transfer::jobs::Jobs;

/// The number of bytes that a permit stands for.
const UNIT: usize = 1024;

/// How many jobs of a budget run at once. More do not make a disk or a processor faster, and each takes a thread.
const MAX_JOBS: usize = 8;

/// Limits what all transfers that have a clone of it use together.
#[derive(Clone)]
pub(crate) struct TransferBudget {
    connections: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    /// The number of permits of `bytes`.
    units: u32,
    jobs: Jobs,
}

/// A part of a budget, which is returned when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(
    #[expect(dead_code, reason = "held until it is dropped")] Option<OwnedSemaphorePermit>,
);

impl TransferBudget {
    /// Creates a budget of so many connections, and so many bytes that have arrived and are not processed yet.
    pub(crate) fn new(connections: usize, bytes: usize) -> Self {
        let units = u32::try_from((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            connections: semaphore(connections),
            bytes: semaphore(usize::try_from(units).unwrap_or(usize::MAX)),
            units,
            jobs: Jobs::new(MAX_JOBS),
        }
    }

    /// Waits for a connection. A transfer that has one must not wait for another: see [`Self::try_connection`].
    pub(crate) async fn connection(&self) -> Permit {
        Permit(self.connections.clone().acquire_owned().await.ok())
    }

    /// Returns a connection if there is an unused one.
    pub(crate) fn try_connection(&self) -> Option<Permit> {
        self.connections.clone().try_acquire_owned().ok().map(|permit| Permit(Some(permit)))
    }

    /// Waits until so many bytes may be in memory. Whoever waits must not hold bytes that nobody else processes.
    pub(crate) async fn bytes(&self, bytes: usize) -> Permit {
        Permit(self.bytes.clone().acquire_many_owned(self.units_of(bytes)).await.ok())
    }

    /// Returns a permit for bytes if so many may be in memory now.
    pub(crate) fn try_bytes(&self, bytes: usize) -> Option<Permit> {
        let permit = self.bytes.clone().try_acquire_many_owned(self.units_of(bytes));
        permit.ok().map(|permit| Permit(Some(permit)))
    }

    /// A single buffer can be larger than the budget. It then takes all of it.
    fn units_of(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units)
    }

    /// The jobs of all transfers.
    pub(crate) fn jobs(&self) -> &Jobs {
        &self.jobs
    }
}

impl fmt::Debug for TransferBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferBudget")
            .field("connections", &self.connections.available_permits())
            .field("bytes", &(self.bytes.available_permits() * UNIT))
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn permits_are_limited_and_returned() {
        let budget = TransferBudget::new(2, 10_000);
        let (first, second) = (budget.connection().await, budget.try_connection());
        assert!(second.is_some() && budget.try_connection().is_none());
        drop(first);
        assert!(budget.try_connection().is_some());

        let most = budget.try_bytes(8 * 1024 + 1);
        assert!(most.is_some() && budget.try_bytes(1).is_none());
        drop(most);
        // More than the budget takes all of it.
        let all = budget.bytes(1 << 40).await;
        assert!(budget.try_bytes(1).is_none());
        drop(all);
        assert!(budget.try_bytes(9 * 1024).is_some());
    }
}
