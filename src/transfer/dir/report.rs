//! What became of the files of a tree.

use std::collections::HashSet;
use std::error::Error as _;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, Stream, StreamExt as _};

use crate::error::FailedObject;
use crate::requests::objects::delete::has_rest;
use crate::{Error, ErrorKind, Result};

/// So many failures, and nothing more is begun: each of them is kept until it is told.
const MOST_FAILURES: usize = 1000;

/// So many one after another that are not about single files suffice for that.
const IN_VAIN: usize = 50;

/// What a transfer of a directory has done, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// Files that were moved.
    pub transferred: u64,
    /// Their bytes.
    pub bytes_transferred: u64,
    /// Files that were the same on both sides and were left alone.
    pub unchanged: u64,
    /// Their bytes.
    pub bytes_unchanged: u64,
    /// Objects or files that were deleted.
    pub deleted: u64,
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncAction {
    /// It was moved, and has this many bytes.
    Transferred(u64),
    /// It was the same on both sides, and has this many bytes.
    Unchanged(u64),
    /// It was only where it should not be, and is deleted.
    Deleted,
}

type Tell = dyn Fn(&str, SyncAction) + Send + Sync;

/// What has been done.
pub(crate) enum Step {
    /// The name of a file, and what became of it.
    One(String, Result<SyncAction>),
    /// The names of objects that were to be deleted together, and which of them could not be.
    Deleted(Vec<String>, Result<Vec<FailedObject>>),
}

/// Who is told of each file.
#[derive(Clone, Default)]
pub(crate) struct Each(Option<Arc<Tell>>);

impl Each {
    pub(crate) fn new(tell: impl Fn(&str, SyncAction) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }
}

impl fmt::Debug for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Each" } else { "Each (nobody is told)" })
    }
}

/// Counts what became of the files, and keeps the failures.
#[derive(Debug)]
pub(crate) struct Outcomes<'a> {
    prefix: &'a str,
    each: &'a Each,
    report: SyncReport,
    failed: Vec<FailedObject>,
    first: Option<Error>,
    in_vain: usize,
    /// Something was left that was not tried, because so many failed.
    rest: bool,
}

impl<'a> Outcomes<'a> {
    pub(crate) fn new(prefix: &'a str, each: &'a Each) -> Self {
        let report = SyncReport::default();
        Self { prefix, each, report, failed: Vec::new(), first: None, in_vain: 0, rest: false }
    }

    /// What became of the file of this name.
    pub(crate) fn take(&mut self, name: &str, outcome: Result<SyncAction>) {
        match outcome {
            Ok(change) => {
                self.in_vain = 0;
                let report = &mut self.report;
                match change {
                    SyncAction::Transferred(bytes) => {
                        report.transferred += 1;
                        report.bytes_transferred += bytes;
                    }
                    SyncAction::Unchanged(bytes) => {
                        report.unchanged += 1;
                        report.bytes_unchanged += bytes;
                    }
                    SyncAction::Deleted => report.deleted += 1,
                }
                if let Some(tell) = &self.each.0 {
                    tell(name, change);
                }
            }
            Err(error) => {
                self.count(error.kind());
                self.fail(name, error);
            }
        }
    }

    /// Does what there is to do, so much of it at once, and takes what becomes of it. When too many fail, or the list
    /// breaks off, nothing more is begun, and what is under way is finished.
    pub(crate) async fn take_all<T, F>(
        &mut self,
        to_do: impl Stream<Item = Result<T>> + Send,
        concurrency: usize,
        step: impl Fn(T) -> F + Send + Sync,
    ) -> Result<()>
    where
        F: Future<Output = Option<Step>> + Send,
    {
        let mut to_do = pin!(to_do.fuse());
        let broken = Mutex::new(None);
        {
            let (begun, no_more) = stream::abortable(to_do.as_mut());
            let begun = begun.scan((), |(), item| {
                let keep = |error| *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                std::future::ready(item.map_err(keep).ok().map(&step))
            });
            let mut steps = pin!(begun.buffer_unordered(concurrency));
            loop {
                if self.has_enough() {
                    no_more.abort();
                }
                match steps.next().await {
                    Some(Some(Step::One(name, outcome))) => self.take(&name, outcome),
                    Some(Some(Step::Deleted(names, outcome))) => self.take_deleted(&names, outcome),
                    Some(None) => {}
                    None => break,
                }
            }
        }
        self.rest |= has_rest(&mut to_do);
        broken.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// There can be no file of this name.
    pub(crate) fn refuse(&mut self, name: &str, why: impl Into<String>) {
        self.fail(name, Error::invalid("", why));
    }

    /// What became of objects that were to be deleted together.
    fn take_deleted(&mut self, names: &[String], outcome: Result<Vec<FailedObject>>) {
        let failed = match outcome {
            Ok(failed) => failed,
            // Of none it is known that it is gone.
            Err(error) => {
                self.count(error.kind());
                let failures: Vec<_> = names.iter().map(|name| self.failure(name, &error)).collect();
                self.failed.extend(failures);
                self.first.get_or_insert(error);
                return;
            }
        };
        let name_of =
            |failed: &FailedObject| Some(failed.path.as_deref()?.strip_prefix(self.prefix)?.to_owned());
        let left: HashSet<_> = failed.iter().filter_map(name_of).collect();
        // A failure without the name of one of them may be that of any.
        if names.iter().filter(|name| left.contains(*name)).count() == failed.len() {
            for name in names.iter().filter(|name| !left.contains(*name)) {
                self.take(name, Ok(SyncAction::Deleted));
            }
        }
        for failed in failed {
            let error = Error::objects("delete_objects", "", vec![failed.clone()]);
            self.count(error.kind());
            self.failed.push(failed);
            self.first.get_or_insert(error);
        }
    }

    fn fail(&mut self, name: &str, error: Error) {
        self.failed.push(self.failure(name, &error));
        self.first.get_or_insert(error);
    }

    fn failure(&self, name: &str, error: &Error) -> FailedObject {
        let mut message = error.message().to_owned();
        let is_in_message = matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Io);
        if let Some(source) = error.source().filter(|_| !is_in_message) {
            message = format!("{message}: {source}");
        }
        FailedObject::new(Some(format!("{}{name}", self.prefix)), message, error.status().unwrap_or(0))
    }

    /// Counts a failure, if it is not about a single file.
    fn count(&mut self, kind: ErrorKind) {
        self.in_vain = if would_meet_others(kind) { self.in_vain + 1 } else { 0 };
    }

    /// Whether to try no more: too many have failed, or whatever fails is not about single files.
    fn has_enough(&self) -> bool {
        self.failed.len() >= MOST_FAILURES || self.in_vain >= IN_VAIN
    }

    /// Whether what comes next is not to be tried, which is told at the end.
    pub(crate) fn leaves_rest(&mut self) -> bool {
        self.rest |= self.has_enough();
        self.rest
    }

    /// What has ended it all, with the failures of single files before it.
    pub(crate) fn broken(self, error: Error) -> Error {
        error.with_failed_objects(self.failed)
    }

    /// The report, or an error that tells of all failures and has the kind of the first.
    pub(crate) fn end(self, action: impl FnOnce() -> String) -> Result<SyncReport> {
        match self.first {
            None => Ok(self.report),
            Some(error) => {
                let error = error.of_many(action(), self.failed);
                Err(if self.rest { error.leaving_rest() } else { error })
            }
        }
    }
}

/// Whether what has befallen one file is likely to befall all others.
fn would_meet_others(kind: ErrorKind) -> bool {
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
    use super::*;

    fn failure(kind: ErrorKind) -> Result<SyncAction> {
        Err(Error::new(kind, "move", "no").with_source("because"))
    }

    #[test]
    fn all_failures_are_told_and_the_first_gives_the_kind() {
        let each = Each::default();
        let mut outcomes = Outcomes::new("data/", &each);
        outcomes.take("a", Ok(SyncAction::Transferred(3)));
        outcomes.take("b", failure(ErrorKind::Integrity));
        outcomes.take("c", failure(ErrorKind::Transport));
        let error = outcomes.end(|| "move all".to_owned()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity);
        assert_eq!(error.to_string(), r#"move all: "data/b": no: because (and 1 more failed)"#);
        let paths: Vec<_> =
            error.failed_objects().iter().filter_map(|failed| failed.path.as_deref()).collect();
        assert_eq!(paths, ["data/b", "data/c"]);
    }

    #[test]
    fn what_ends_it_all_does_not_hide_the_failures_before_it() {
        let each = Each::default();
        let mut outcomes = Outcomes::new("data/", &each);
        outcomes.take("b", failure(ErrorKind::Integrity));
        let error = outcomes.broken(Error::new(ErrorKind::Transport, "list", "no more"));
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Transport, "list: no more"));
        assert_eq!(error.failed_objects()[0].path.as_deref(), Some("data/b"));
    }

    #[test]
    fn what_would_meet_all_files_is_not_tried_with_all_of_them() {
        let each = Each::default();
        let mut outcomes = Outcomes::new("", &each);
        for _ in 0..2 * IN_VAIN {
            outcomes.take("a", failure(ErrorKind::InvalidRequest));
        }
        assert!(!outcomes.has_enough());
        for _ in 1..IN_VAIN {
            outcomes.take("a", failure(ErrorKind::Transport));
        }
        assert!(!outcomes.has_enough());
        outcomes.take("a", Ok(SyncAction::Unchanged(1)));
        outcomes.take("a", failure(ErrorKind::Transport));
        assert!(!outcomes.has_enough());
        for _ in 1..IN_VAIN {
            outcomes.take("a", failure(ErrorKind::WriteProtected));
        }
        assert!(outcomes.has_enough());
    }

    /// What there is to do, and the numbers of what has been begun.
    async fn taken(
        outcomes: &mut Outcomes<'_>,
        to_do: impl IntoIterator<Item = Result<usize>, IntoIter: Send>,
        fails: impl Fn(usize) -> bool + Send + Sync,
    ) -> (Result<()>, Vec<usize>) {
        let begun = Mutex::new(Vec::new());
        let (begun_here, fails) = (&begun, &fails);
        let step = |number: usize| async move {
            begun_here.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            let outcome = if fails(number) {
                failure(ErrorKind::InvalidRequest)
            } else {
                Ok(SyncAction::Transferred(1))
            };
            Some(Step::One(number.to_string(), outcome))
        };
        let taken = outcomes.take_all(stream::iter(to_do), 7, step).await;
        (taken, begun.into_inner().unwrap())
    }

    #[tokio::test]
    async fn so_many_failures_and_the_rest_is_not_tried() {
        let each = Each::default();
        let mut outcomes = Outcomes::new("", &each);
        let (taken, begun) = taken(&mut outcomes, (0..100_000).map(Ok), |number| number >= 3000).await;
        taken.unwrap();
        // Those that were under way are finished, and told.
        assert_eq!(outcomes.report.transferred, 3000);
        let error = outcomes.end(|| "move all".to_owned()).unwrap_err();
        let failures = error.failed_objects().len();
        assert!((MOST_FAILURES..MOST_FAILURES + 7).contains(&failures), "{failures}");
        assert_eq!(begun.len(), 3000 + failures);
        let end = format!("no: because (and {} more failed); the rest was not tried", failures - 1);
        assert!(error.to_string().ends_with(&end), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }

    #[tokio::test]
    async fn where_there_is_no_rest_none_is_told_of() {
        let each = Each::default();
        let mut outcomes = Outcomes::new("", &each);
        let (taken, begun) = taken(&mut outcomes, (0..MOST_FAILURES).map(Ok), |_| true).await;
        taken.unwrap();
        assert_eq!(begun.len(), MOST_FAILURES);
        let error = outcomes.end(|| "move all".to_owned()).unwrap_err();
        assert_eq!(error.failed_objects().len(), MOST_FAILURES);
        assert!(error.to_string().ends_with("(and 999 more failed)"), "{error}");
    }

    #[tokio::test]
    async fn what_is_under_way_is_finished_when_the_list_breaks_off() {
        let each = Each::default();
        let mut outcomes = Outcomes::new("", &each);
        let broken = Err(Error::new(ErrorKind::Transport, "list", "no more"));
        let to_do = [Ok(1), Ok(2), broken, Ok(3)];
        let (taken, begun) = taken(&mut outcomes, to_do, |number| number == 2).await;
        assert_eq!(begun, [1, 2]);
        assert_eq!((outcomes.report.transferred, outcomes.failed.len()), (1, 1));
        let error = outcomes.broken(taken.unwrap_err());
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Transport, "list: no more"));
        assert_eq!(error.failed_objects()[0].path.as_deref(), Some("2"));
    }

    #[test]
    fn deleted_is_what_the_server_does_not_name() {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let telling = told.clone();
        let each = Each::new(move |name, change| {
            assert_eq!(change, SyncAction::Deleted);
            telling.lock().unwrap().push(name.to_owned());
        });
        let names = ["a", "b", "c"].map(str::to_owned);
        let failure = |path: Option<&str>| {
            FailedObject::new(path.map(str::to_owned), "cannot write to protected branch", 403)
        };
        let deleted = |outcome| {
            let mut outcomes = Outcomes::new("t/", &each);
            outcomes.take_deleted(&names, outcome);
            let count = outcomes.report.deleted;
            let error = outcomes.end(|| "delete".to_owned()).err();
            let failed: Vec<_> = error.iter().flat_map(|error| error.failed_objects().to_vec()).collect();
            let failed: Vec<_> = failed.into_iter().map(|failed| failed.path.unwrap_or_default()).collect();
            (std::mem::take(&mut *told.lock().unwrap()), count, failed, error.map(|error| error.kind()))
        };
        let all = names.to_vec();
        assert_eq!(deleted(Ok(vec![])), (all, 3, vec![], None));
        let (one, protected) = (vec!["t/b".to_owned()], Some(ErrorKind::WriteProtected));
        let told = vec!["a".to_owned(), "c".to_owned()];
        assert_eq!(deleted(Ok(vec![failure(Some("t/b"))])), (told, 2, one, protected));
        // It may be any of them.
        let unnamed = Ok(vec![failure(None)]);
        assert_eq!(deleted(unnamed), (vec![], 0, vec![String::new()], protected));
        let all = names.iter().map(|name| format!("t/{name}")).collect();
        let lost = Err(Error::new(ErrorKind::Timeout, "delete", "no word"));
        assert_eq!(deleted(lost), (vec![], 0, all, Some(ErrorKind::Timeout)));
    }
}
