//! Progress of transfers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Adds up the progress of several requests, and reports it to a closure.
///
/// One request needs no `Progress`: pass the closure to its method `progress`. To follow several requests together, pass
/// the same `Progress` to the method `shared_progress` of each. Clones report to the same closure.
///
/// The closure is called from the tasks that transfer the bytes, so it should return quickly.
///
/// ```
/// use lakefs::{Body, Progress};
///
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// let progress = Progress::new(|update| println!("{} of {:?} bytes", update.bytes, update.total_bytes));
/// for name in ["a.csv", "b.csv"] {
///     branch.object(name).upload(Body::file(name)).shared_progress(&progress).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Progress {
    /// `None`: nothing is reported.
    shared: Option<Arc<Shared>>,
    /// The totals contain this work already.
    is_expected: bool,
}

struct Shared {
    on_update: Box<dyn Fn(ProgressUpdate) + Send + Sync>,
    bytes: AtomicU64,
    items: AtomicU64,
    total_bytes: Total,
    total_items: Total,
}

/// How much of the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressUpdate {
    /// The number of bytes transferred. It decreases when bytes have to be transferred again.
    pub bytes: u64,
    /// The number of bytes to transfer, as far as it is known yet.
    pub total_bytes: Option<u64>,
    /// The number of objects or files that are finished.
    pub items: u64,
    /// The number of objects or files to transfer, as far as it is known yet.
    pub total_items: Option<u64>,
}

/// A sum of which some terms may be unknown.
#[derive(Default)]
struct Total {
    known: AtomicU64,
    unknown_terms: AtomicU64,
}

impl Total {
    fn get(&self) -> Option<u64> {
        (self.unknown_terms.load(Relaxed) == 0).then(|| self.known.load(Relaxed))
    }

    fn add(&self, term: Option<u64>) {
        match term {
            Some(term) => self.known.fetch_add(term, Relaxed),
            None => self.unknown_terms.fetch_add(1, Relaxed),
        };
    }
}

impl Progress {
    /// Creates a progress that calls `on_update` whenever bytes were transferred, an item was finished, or more work
    /// became known.
    pub fn new(on_update: impl Fn(ProgressUpdate) + Send + Sync + 'static) -> Self {
        let shared = Shared {
            on_update: Box::new(on_update),
            bytes: AtomicU64::new(0),
            items: AtomicU64::new(0),
            total_bytes: Total::default(),
            total_items: Total::default(),
        };
        Self { shared: Some(Arc::new(shared)), is_expected: false }
    }

    /// Returns the progress for a part of the work that the totals contain already.
    pub(crate) fn of_part(&self) -> Self {
        Self { is_expected: true, ..self.clone() }
    }

    /// Adds work to the totals.
    pub(crate) fn expect(&self, items: u64, bytes: Option<u64>) {
        if self.is_expected {
            return;
        }
        self.update(|shared| {
            shared.total_items.add(Some(items));
            shared.total_bytes.add(bytes);
        });
    }

    /// Adds bytes that were transferred.
    pub(crate) fn advance(&self, bytes: u64) {
        self.update(|shared| _ = shared.bytes.fetch_add(bytes, Relaxed));
    }

    /// Subtracts bytes that have to be transferred again.
    pub(crate) fn retract(&self, bytes: u64) {
        if bytes > 0 {
            self.update(|shared| _ = shared.bytes.fetch_sub(bytes, Relaxed));
        }
    }

    /// Adds an object or a file that is finished.
    pub(crate) fn finish_item(&self) {
        self.update(|shared| _ = shared.items.fetch_add(1, Relaxed));
    }

    fn update(&self, update: impl FnOnce(&Shared)) {
        if let Some(shared) = &self.shared {
            update(shared);
            (shared.on_update)(ProgressUpdate {
                bytes: shared.bytes.load(Relaxed),
                total_bytes: shared.total_bytes.get(),
                items: shared.items.load(Relaxed),
                total_items: shared.total_items.get(),
            });
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.shared.is_some() { "Progress" } else { "Progress (not observed)" })
    }
}

/// Setters of a field of type [`Progress`], for requests.
macro_rules! progress_setters {
    ($($field:tt).+) => {
        /// Reports the progress of this request to a closure. Default: no reports.
        ///
        /// The closure is called from the task that transfers the bytes, so it should return quickly.
        pub fn progress(
            mut self,
            on_update: impl Fn($crate::transfer::progress::ProgressUpdate) + Send + Sync + 'static,
        ) -> Self {
            self.$($field).+ = $crate::transfer::progress::Progress::new(on_update);
            self
        }

        /// Adds the progress of this request to that of other requests. Default: no reports.
        pub fn shared_progress(mut self, progress: &$crate::transfer::progress::Progress) -> Self {
            self.$($field).+ = progress.clone();
            self
        }
    };
}

pub(crate) use progress_setters;

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[test]
    fn updates_add_up_over_clones_and_can_be_retracted() {
        let updates: Arc<Mutex<Vec<ProgressUpdate>>> = Arc::default();
        let progress = Progress::new({
            let updates = updates.clone();
            move |update| updates.lock().unwrap_or_else(PoisonError::into_inner).push(update)
        });
        let last = || updates.lock().unwrap_or_else(PoisonError::into_inner).last().copied().unwrap();
        progress.expect(1, Some(10));
        progress.advance(7);
        progress.retract(7);
        progress.clone().expect(2, Some(5));
        progress.advance(10);
        progress.finish_item();
        assert_eq!(
            last(),
            ProgressUpdate { bytes: 10, total_bytes: Some(15), items: 1, total_items: Some(3) }
        );
        progress.of_part().expect(9, Some(9));
        progress.expect(1, None);
        assert_eq!((last().total_bytes, last().total_items), (None, Some(4)));
    }
}
