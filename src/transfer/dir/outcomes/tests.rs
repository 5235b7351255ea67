use std::sync::{Arc, Mutex};

use futures::stream;

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
    let paths: Vec<_> = error.failed_objects().iter().filter_map(|failed| failed.path.as_deref()).collect();
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
        let result =
            if fails(number) { failure(ErrorKind::InvalidRequest) } else { Ok(SyncAction::Transferred(1)) };
        Some(TaskOutcome::Entry(number.to_string(), result))
    };
    let outcome = outcomes.run_all(stream::iter(items), &mut Concurrency::new(Some(7), 0), || 0, step).await;
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
