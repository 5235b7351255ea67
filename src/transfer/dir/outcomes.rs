//! Runs the tasks of a directory transfer, counts their results, and stops after too many failures.

use std::collections::HashSet;
use std::error::Error as _;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, Stream, StreamExt as _};

use crate::error::FailedObject;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::delete::has_more;
use crate::transfer::dir::report::{EntryCallback, SyncAction, SyncReport};

/// The number of failures after which no task is started: the error holds each of them.
const MAX_FAILURES: usize = 1000;

/// The number of consecutive failures after which no task is started, if they are likely to affect every file.
const MAX_CONSECUTIVE_FAILURES: usize = 50;

/// The result of a task.
pub(crate) enum TaskOutcome {
    /// The name of an entry, and what was done with it.
    Entry(String, Result<SyncAction>),
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

    /// Runs a task for each item, up to `concurrency` at once, and records the results.
    ///
    /// After too many failures, or an error of `items`, no further task is started, and running tasks are completed.
    ///
    /// # Errors
    /// Returns the error of `items`.
    pub(crate) async fn run_all<T, F>(
        &mut self,
        items: impl Stream<Item = Result<T>> + Send,
        concurrency: usize,
        run: impl Fn(T) -> F + Send + Sync,
    ) -> Result<()>
    where
        F: Future<Output = Option<TaskOutcome>> + Send,
    {
        let mut items = pin!(items.fuse());
        let list_error = Mutex::new(None);
        {
            let (started, stop) = stream::abortable(items.as_mut());
            let tasks = started.scan((), |(), item| {
                let keep = |error| *list_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                std::future::ready(item.map_err(keep).ok().map(&run))
            });
            let mut outcomes = pin!(tasks.buffer_unordered(concurrency));
            loop {
                if self.has_too_many_failures() {
                    stop.abort();
                }
                match outcomes.next().await {
                    Some(Some(TaskOutcome::Entry(name, result))) => self.record(&name, result),
                    Some(Some(TaskOutcome::Deleted(names, result))) => self.record_deletion(&names, result),
                    Some(None) => {}
                    None => break,
                }
            }
        }
        self.stopped |= has_more(&mut items);
        list_error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
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

    /// Records a name that cannot be transferred.
    pub(crate) fn reject(&mut self, name: &str, why: impl Into<String>) {
        self.fail(name, Error::invalid("", why));
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
mod tests {
    use std::sync::Arc;

    use super::*;

    fn failure(kind: ErrorKind) -> Result<SyncAction> {
        Err(Error::new(kind, "move", "no").with_source("because"))
    }

    #[test]
    fn error_lists_all_failures_and_has_the_kind_of_the_first() {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("data/", &on_entry);
        outcomes.record("a", Ok(SyncAction::Transferred(3)));
        outcomes.record("b", failure(ErrorKind::Integrity));
        outcomes.record("c", failure(ErrorKind::Transport));
        let error = outcomes.finish(|| "move all".to_owned()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity);
        assert_eq!(error.to_string(), r#"move all: "data/b": no: because (and 1 more failed)"#);
        let paths: Vec<_> =
            error.failed_objects().iter().filter_map(|failed| failed.path.as_deref()).collect();
        assert_eq!(paths, ["data/b", "data/c"]);
    }

    #[test]
    fn aborting_error_keeps_the_failures_before_it() {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("data/", &on_entry);
        outcomes.record("b", failure(ErrorKind::Integrity));
        let error = outcomes.abort(Error::new(ErrorKind::Transport, "list", "no more"));
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Transport, "list: no more"));
        assert_eq!(error.failed_objects()[0].path.as_deref(), Some("data/b"));
    }

    #[test]
    fn consecutive_failures_that_affect_all_files_stop_the_transfer() {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("", &on_entry);
        for _ in 0..2 * MAX_CONSECUTIVE_FAILURES {
            outcomes.record("a", failure(ErrorKind::InvalidRequest));
        }
        assert!(!outcomes.has_too_many_failures());
        for _ in 1..MAX_CONSECUTIVE_FAILURES {
            outcomes.record("a", failure(ErrorKind::Transport));
        }
        assert!(!outcomes.has_too_many_failures());
        outcomes.record("a", Ok(SyncAction::Unchanged(1)));
        outcomes.record("a", failure(ErrorKind::Transport));
        assert!(!outcomes.has_too_many_failures());
        for _ in 1..MAX_CONSECUTIVE_FAILURES {
            outcomes.record("a", failure(ErrorKind::WriteProtected));
        }
        assert!(outcomes.has_too_many_failures());
    }

    /// Runs tasks for these items, and returns the numbers of those that were started.
    async fn run(
        outcomes: &mut Outcomes<'_>,
        items: impl IntoIterator<Item = Result<usize>, IntoIter: Send>,
        fails: impl Fn(usize) -> bool + Send + Sync,
    ) -> (Result<()>, Vec<usize>) {
        let started = Mutex::new(Vec::new());
        let (started_here, fails) = (&started, &fails);
        let step = |number: usize| async move {
            started_here.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            let result = if fails(number) {
                failure(ErrorKind::InvalidRequest)
            } else {
                Ok(SyncAction::Transferred(1))
            };
            Some(TaskOutcome::Entry(number.to_string(), result))
        };
        let outcome = outcomes.run_all(stream::iter(items), 7, step).await;
        (outcome, started.into_inner().unwrap())
    }

    #[tokio::test]
    async fn no_task_is_started_after_too_many_failures() {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("", &on_entry);
        let (outcome, started) = run(&mut outcomes, (0..100_000).map(Ok), |number| number >= 3000).await;
        outcome.unwrap();
        // The running tasks are completed and reported.
        assert_eq!(outcomes.report.transferred, 3000);
        let error = outcomes.finish(|| "move all".to_owned()).unwrap_err();
        let failures = error.failed_objects().len();
        assert!((MAX_FAILURES..MAX_FAILURES + 7).contains(&failures), "{failures}");
        assert_eq!(started.len(), 3000 + failures);
        let end = format!("no: because (and {} more failed); the rest was not tried", failures - 1);
        assert!(error.to_string().ends_with(&end), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }

    #[tokio::test]
    async fn too_many_failures_without_remaining_tasks_mention_no_rest() {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("", &on_entry);
        let (outcome, started) = run(&mut outcomes, (0..MAX_FAILURES).map(Ok), |_| true).await;
        outcome.unwrap();
        assert_eq!(started.len(), MAX_FAILURES);
        let error = outcomes.finish(|| "move all".to_owned()).unwrap_err();
        assert_eq!(error.failed_objects().len(), MAX_FAILURES);
        assert!(error.to_string().ends_with("(and 999 more failed)"), "{error}");
    }

    #[tokio::test]
    async fn running_tasks_are_completed_after_an_error_of_the_list() {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("", &on_entry);
        let list_error = Err(Error::new(ErrorKind::Transport, "list", "no more"));
        let items = [Ok(1), Ok(2), list_error, Ok(3)];
        let (outcome, started) = run(&mut outcomes, items, |number| number == 2).await;
        assert_eq!(started, [1, 2]);
        assert_eq!((outcomes.report.transferred, outcomes.failed.len()), (1, 1));
        let error = outcomes.abort(outcome.unwrap_err());
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Transport, "list: no more"));
        assert_eq!(error.failed_objects()[0].path.as_deref(), Some("2"));
    }

    #[test]
    fn objects_without_a_failure_are_reported_as_deleted() {
        let reported: Arc<Mutex<Vec<String>>> = Arc::default();
        let names_reported = reported.clone();
        let on_entry = EntryCallback::new(move |name, action| {
            assert_eq!(action, SyncAction::Deleted);
            names_reported.lock().unwrap().push(name.to_owned());
        });
        let names = ["a", "b", "c"].map(str::to_owned);
        let failure = |path: Option<&str>| {
            FailedObject::new(path.map(str::to_owned), "cannot write to protected branch", 403)
        };
        let deleted = |outcome| {
            let mut outcomes = Outcomes::new("t/", &on_entry);
            outcomes.record_deletion(&names, outcome);
            let count = outcomes.report.deleted;
            let error = outcomes.finish(|| "delete".to_owned()).err();
            let failed: Vec<_> = error.iter().flat_map(|error| error.failed_objects().to_vec()).collect();
            let failed: Vec<_> = failed.into_iter().map(|failed| failed.path.unwrap_or_default()).collect();
            (std::mem::take(&mut *reported.lock().unwrap()), count, failed, error.map(|error| error.kind()))
        };
        let all = names.to_vec();
        assert_eq!(deleted(Ok(vec![])), (all, 3, vec![], None));
        let (one, protected) = (vec!["t/b".to_owned()], Some(ErrorKind::WriteProtected));
        let others = vec!["a".to_owned(), "c".to_owned()];
        assert_eq!(deleted(Ok(vec![failure(Some("t/b"))])), (others, 2, one, protected));
        // The failure may be about any of them.
        let unnamed = Ok(vec![failure(None)]);
        assert_eq!(deleted(unnamed), (vec![], 0, vec![String::new()], protected));
        let all = names.iter().map(|name| format!("t/{name}")).collect();
        let timeout = Err(Error::new(ErrorKind::Timeout, "delete", "no word"));
        assert_eq!(deleted(timeout), (vec![], 0, all, Some(ErrorKind::Timeout)));
    }
}
