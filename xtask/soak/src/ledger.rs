//! What the tasks have tried, and what they were told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lakefs::Error;

/// What a call reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    /// It succeeded.
    Done,
    /// It failed, and nothing changed.
    Failed,
    /// It failed, and may have taken effect.
    Unknown,
}

impl Reported {
    pub(crate) fn of<T>(result: &Result<T, Error>, is_idempotent: bool) -> Self {
        match result {
            Ok(_) => Self::Done,
            // An idempotent call may have taken effect, too, but a caller can repeat it.
            Err(error) if error.is_outcome_unknown() || is_idempotent => Self::Unknown,
            Err(_) => Self::Failed,
        }
    }
}

/// A change that a task has tried. All names and messages are unique.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// An object with this content on a branch.
    Object { branch: String, path: String, content: String },
    /// A commit with this message on a branch.
    Commit { branch: String, message: String },
    /// A merge commit with this message on `main`.
    Merge { message: String },
    /// A transaction on `main`, with these objects.
    Transaction { message: String, paths: Vec<String>, content: String },
    /// A tag.
    Tag { name: String },
}

impl Change {
    fn name(&self) -> &'static str {
        match self {
            Self::Object { .. } => "objects",
            Self::Commit { .. } => "commits",
            Self::Merge { .. } => "merges",
            Self::Transaction { .. } => "transactions",
            Self::Tag { .. } => "tags",
        }
    }
}

/// All changes, with what was reported about them.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Mutex<Vec<(Change, Reported)>>,
    errors: Mutex<BTreeMap<String, usize>>,
    reads: Mutex<(usize, usize)>,
    hung: Mutex<usize>,
}

impl Ledger {
    pub(crate) fn add(&self, change: Change, reported: Reported) {
        locked(&self.entries).push((change, reported));
    }

    pub(crate) fn add_error(&self, error: &Error) {
        let key = format!(
            "{} {}{}",
            error.operation().unwrap_or("-"),
            error.kind(),
            if error.is_outcome_unknown() { ", outcome unknown" } else { "" }
        );
        *locked(&self.errors).entry(key).or_default() += 1;
    }

    /// Counts a read or a list.
    pub(crate) fn add_read(&self, succeeded: bool) {
        let mut reads = locked(&self.reads);
        if succeeded {
            reads.0 += 1;
        } else {
            reads.1 += 1;
        }
    }

    pub(crate) fn add_hung(&self) {
        *locked(&self.hung) += 1;
    }

    /// How many calls did not end.
    pub(crate) fn hung(&self) -> usize {
        *locked(&self.hung)
    }

    pub(crate) fn entries(&self) -> Vec<(Change, Reported)> {
        locked(&self.entries).clone()
    }

    pub(crate) fn report(&self, elapsed: Duration) -> String {
        let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for (change, reported) in self.entries() {
            counts.entry(change.name()).or_default()[reported as usize] += 1;
        }
        let mut text = format!("{:.1} s; done, failed, unknown:\n", elapsed.as_secs_f64());
        for (name, [done, failed, unknown]) in counts {
            _ = writeln!(text, "  {name}: {done}, {failed}, {unknown}");
        }
        let (succeeded, failed) = *locked(&self.reads);
        _ = writeln!(text, "  reads and lists: {succeeded}, {failed}");
        for (error, count) in &*locked(&self.errors) {
            _ = writeln!(text, "  error {error}: {count}");
        }
        _ = write!(text, "  calls that did not end: {}", self.hung());
        text
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
