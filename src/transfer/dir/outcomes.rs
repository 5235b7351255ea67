//! Runs the tasks of a directory transfer, counts their results, and stops after too many failures.

use std::collections::HashSet;
use std::error::Error as _;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::future;
use futures::stream::{FuturesUnordered, Stream, StreamExt as _};

use crate::error::FailedObject;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::delete::has_more;
use crate::transfer::dir::concurrency::Concurrency;
use crate::transfer::dir::report::{EntryCallback, SyncAction, SyncReport};

/// The number of failures after which no task is started: the error holds each of them.
const MAX_FAILURES: usize = 1000;

/// The number of consecutive failures after which no task is started, if they are likely to affect every file.
const MAX_CONSECUTIVE_FAILURES: usize = 50;

/// The result of a task.
pub(crate) enum TaskOutcome {
    /// The name of an entry, and what was done with it.
    Entry(String, Result<SyncAction>),
    /// The name of an entry that cannot be transferred, and why. The transfer skips it.
    Invalid(String, String),
    /// The names of objects that one request deletes, and those that the server could not delete.
    Deleted(Vec<String>, Result<Vec<FailedObject>>),
}

/// The totals and the failures of a transfer.
#[derive(Debug)]
pub(crate) struct Outcomes<'a> {
    /// The prefix of the objects, which the paths of failed objects start with.
    prefix: &'a str,
    on_entry: &'a EntryCallback,
    report: SyncReport,
    failed: Vec<FailedObject>,
    first_error: Option<Error>,
    /// The number of failures since the last success that are likely to affect every file.
    consecutive_failures: usize,
    /// Some tasks were not started, because too many had failed.
    stopped: bool,
}

impl<'a> Outcomes<'a> {
    pub(crate) fn new(prefix: &'a str, on_entry: &'a EntryCallback) -> Self {
        Self {
            prefix,
            on_entry,
            report: SyncReport::default(),
            failed: Vec::new(),
            first_error: None,
            consecutive_failures: 0,
            stopped: false,
        }
    }

    /// Runs a task for each item, as many at once as `concurrency` permits, and records the results. `throttled` returns
    /// how many attempts the server has throttled.
    ///
    /// After too many failures, or an error of `items`, no further task is started, and running tasks are completed.
    ///
    /// # Errors
    /// Returns the error of `items`.
    pub(crate) async fn run_all<T, F>(
        &mut self,
        items: impl Stream<Item = Result<T>> + Send,
        concurrency: &mut Concurrency,
        throttled: impl Fn() -> u64 + Send + Sync,
        run: impl Fn(T) -> F + Send + Sync,
    ) -> Result<()>
    where
        F: Future<Output = Option<TaskOutcome>> + Send,
    {
        let mut items = pin!(items.fuse());
        let mut running = FuturesUnordered::new();
        let (mut list_error, mut is_reading) = (None, true);
        loop {
            is_reading &= !self.has_too_many_failures();
            let limit = concurrency.limit();
            let finished = future::poll_fn(|cx| {
                while is_reading && running.len() < limit {
                    match items.as_mut().poll_next(cx) {
                        Poll::Ready(Some(Ok(item))) => running.push(timed(run(item))),
                        Poll::Ready(Some(Err(error))) => (list_error, is_reading) = (Some(error), false),
                        Poll::Ready(None) => is_reading = false,
                        Poll::Pending => break,
                    }
                }
                match running.poll_next_unpin(cx) {
                    Poll::Ready(None) if is_reading => Poll::Pending,
                    finished => finished,
                }
            });
            let Some((outcome, elapsed)) = finished.await else { break };
            concurrency.observe_throttled(throttled());
            match outcome {
                Some(TaskOutcome::Entry(name, result)) => {
                    if let Ok(SyncAction::Transferred(bytes)) = result {
                        concurrency.record(bytes, elapsed);
                    }
                    self.record(&name, result);
                }
                Some(TaskOutcome::Invalid(name, why)) => self.record_invalid(name, why),
                Some(TaskOutcome::Deleted(names, result)) => self.record_deletion(&names, result),
                None => {}
            }
        }
        self.stopped |= has_more(&mut items);
        list_error.map_or(Ok(()), Err)
    }

    /// Records the result for the entry of this name.
    pub(crate) fn record(&mut self, name: &str, result: Result<SyncAction>) {
        match result {
            Ok(action) => {
                self.consecutive_failures = 0;
                self.report.add(action);
                self.on_entry.call(name, action);
            }
            Err(error) => {
                self.count_consecutive(error.kind());
                self.fail(name, error);
            }
        }
    }

    /// Records an entry that cannot be transferred, and is skipped.
    fn record_invalid(&mut self, name: String, why: String) {
        self.on_entry.call(&name, SyncAction::Invalid);
        self.report.add_invalid(name, why);
    }

    pub(crate) fn has_failures(&self) -> bool {
        self.first_error.is_some()
    }

    /// Records the result of a request that deletes several objects.
    fn record_deletion(&mut self, names: &[String], result: Result<Vec<FailedObject>>) {
        let failed = match result {
            Ok(failed) => failed,
            // None of the objects is known to be deleted.
            Err(error) => {
                self.count_consecutive(error.kind());
                let failures: Vec<_> = names.iter().map(|name| self.failed_object(name, &error)).collect();
                self.failed.extend(failures);
                self.first_error.get_or_insert(error);
                return;
            }
        };
        let name_of =
            |failed: &FailedObject| Some(failed.path.as_deref()?.strip_prefix(self.prefix)?.to_owned());
        let not_deleted: HashSet<_> = failed.iter().filter_map(name_of).collect();
        // A failure without the path of a requested object may be about any of them.
        if names.iter().filter(|name| not_deleted.contains(*name)).count() == failed.len() {
            for name in names.iter().filter(|name| !not_deleted.contains(*name)) {
                self.record(name, Ok(SyncAction::Deleted));
            }
        }
        for failed in failed {
            let error = Error::objects("delete_objects", "", vec![failed.clone()]);
            self.count_consecutive(error.kind());
            self.failed.push(failed);
            self.first_error.get_or_insert(error);
        }
    }

    fn fail(&mut self, name: &str, error: Error) {
        self.failed.push(self.failed_object(name, &error));
        self.first_error.get_or_insert(error);
    }

    fn failed_object(&self, name: &str, error: &Error) -> FailedObject {
        let mut message = error.message().to_owned();
        // The messages of these kinds contain the cause already.
        let has_cause = matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Io);
        if let Some(source) = error.source().filter(|_| !has_cause) {
            message = format!("{message}: {source}");
        }
        FailedObject::new(Some(format!("{}{name}", self.prefix)), message, error.status().unwrap_or(0))
    }

    fn count_consecutive(&mut self, kind: ErrorKind) {
        self.consecutive_failures =
            if is_likely_to_affect_all(kind) { self.consecutive_failures + 1 } else { 0 };
    }

    fn has_too_many_failures(&self) -> bool {
        self.failed.len() >= MAX_FAILURES || self.consecutive_failures >= MAX_CONSECUTIVE_FAILURES
    }

    /// Whether to skip the next item because of too many failures. The error then says that there are more items.
    pub(crate) fn stop(&mut self) -> bool {
        self.stopped |= self.has_too_many_failures();
        self.stopped
    }

    /// Returns an error that ends the transfer, together with the failures before it.
    pub(crate) fn abort(self, error: Error) -> Error {
        error.with_failed_objects(self.failed)
    }

    /// Returns the report.
    ///
    /// # Errors
    /// If there are failures: an error that lists all of them, and has the kind of the first one.
    pub(crate) fn finish(self, action: impl FnOnce() -> String) -> Result<SyncReport> {
        match self.first_error {
            None => Ok(self.report),
            Some(error) => {
                let error = error.of_many(action(), self.failed);
                Err(if self.stopped { error.leaving_rest() } else { error })
            }
        }
    }
}

/// Returns the output of a task, and how long it took.
async fn timed<T>(task: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    (task.await, start.elapsed())
}

/// Whether a failure of one file is likely to repeat with every other file.
fn is_likely_to_affect_all(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::WriteProtected
            | ErrorKind::RateLimited
            | ErrorKind::Server
            | ErrorKind::Transport
            | ErrorKind::Timeout
    )
}

#[cfg(test)]
mod tests;
