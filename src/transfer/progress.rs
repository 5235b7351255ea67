//! How far the moving of data has come.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Told how far long work has come, whenever it comes further.
///
/// One may be given to several calls, from clones: their bytes and items add up. What it calls runs in the middle of
/// the work, so it should be quick.
///
/// ```
/// use lakefs::{Body, Progress};
///
/// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
/// let progress = Progress::new(|now| println!("{} of {:?} bytes", now.bytes, now.total_bytes));
/// object.upload(Body::file("data.csv")).progress(progress).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Progress {
    told: Option<Arc<Told>>,
    /// What there is to do is known already.
    expected: bool,
}

struct Told {
    tell: Box<dyn Fn(ProgressUpdate) + Send + Sync>,
    bytes: AtomicU64,
    items: AtomicU64,
    total_bytes: Total,
    total_items: Total,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressUpdate {
    /// Bytes moved. It goes back where a part of the work must be done again.
    pub bytes: u64,
    /// Bytes to move in all, as far as is known yet.
    pub total_bytes: Option<u64>,
    /// Objects or files that are done.
    pub items: u64,
    /// Objects or files in all, as far as is known yet.
    pub total_items: Option<u64>,
}

/// A sum of which some terms may be unknown.
#[derive(Default)]
struct Total {
    known: AtomicU64,
    unknown: AtomicU64,
}

impl Total {
    fn get(&self) -> Option<u64> {
        (self.unknown.load(Relaxed) == 0).then(|| self.known.load(Relaxed))
    }

    fn add(&self, term: Option<u64>) {
        match term {
            Some(term) => self.known.fetch_add(term, Relaxed),
            None => self.unknown.fetch_add(1, Relaxed),
        };
    }
}

impl Progress {
    /// Calls a function whenever the work comes further.
    pub fn new(tell: impl Fn(ProgressUpdate) + Send + Sync + 'static) -> Self {
        let told = Told {
            tell: Box::new(tell),
            bytes: AtomicU64::new(0),
            items: AtomicU64::new(0),
            total_bytes: Total::default(),
            total_items: Total::default(),
        };
        Self { told: Some(Arc::new(told)), expected: false }
    }

    /// The same, for a part of work that is known of: that it expects it does not count twice.
    pub(crate) fn of_part(&self) -> Self {
        Self { expected: true, ..self.clone() }
    }

    /// More work is known of.
    pub(crate) fn expect(&self, items: u64, bytes: Option<u64>) {
        if self.expected {
            return;
        }
        self.change(|told| {
            told.total_items.add(Some(items));
            told.total_bytes.add(bytes);
        });
    }

    /// Bytes have moved.
    pub(crate) fn advance(&self, bytes: u64) {
        self.change(|told| _ = told.bytes.fetch_add(bytes, Relaxed));
    }

    /// Bytes that had moved must move again.
    pub(crate) fn retract(&self, bytes: u64) {
        if bytes > 0 {
            self.change(|told| _ = told.bytes.fetch_sub(bytes, Relaxed));
        }
    }

    /// An object or a file is done.
    pub(crate) fn finish_item(&self) {
        self.change(|told| _ = told.items.fetch_add(1, Relaxed));
    }

    fn change(&self, change: impl FnOnce(&Told)) {
        if let Some(told) = &self.told {
            change(told);
            (told.tell)(ProgressUpdate {
                bytes: told.bytes.load(Relaxed),
                total_bytes: told.total_bytes.get(),
                items: told.items.load(Relaxed),
                total_items: told.total_items.get(),
            });
        }
    }
}

impl<F: Fn(ProgressUpdate) + Send + Sync + 'static> From<F> for Progress {
    fn from(tell: F) -> Self {
        Self::new(tell)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.told.is_some() { "Progress" } else { "Progress (nobody is told)" })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn what_is_told_adds_up_over_clones_and_goes_back() {
        let told: Arc<Mutex<Vec<ProgressUpdate>>> = Arc::default();
        let progress = Progress::new({
            let told = told.clone();
            move |now| told.lock().unwrap_or_else(|broken| broken.into_inner()).push(now)
        });
        progress.expect(1, Some(10));
        progress.advance(7);
        progress.retract(7);
        progress.clone().expect(2, Some(5));
        progress.advance(10);
        progress.finish_item();
        let last = told.lock().unwrap_or_else(|broken| broken.into_inner()).last().copied();
        assert_eq!(
            last,
            Some(ProgressUpdate { bytes: 10, total_bytes: Some(15), items: 1, total_items: Some(3) })
        );
        progress.of_part().expect(9, Some(9));
        progress.expect(1, None);
        let last = told.lock().unwrap_or_else(|broken| broken.into_inner()).last().copied();
        assert_eq!(last.map(|now| (now.total_bytes, now.total_items)), Some((None, Some(4))));
    }
}
