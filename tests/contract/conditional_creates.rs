//! Uploads that create an object only if none exists, beside commits.
//!
//! lakeFS refuses such uploads, although nobody else writes the path, if a commit seals the staging area during the
//! write. The client finds out what happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use lakefs::{Branch, ErrorKind};
use tokio::sync::watch;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Fixture, read_text};

const WRITERS: usize = 8;
const PATHS: usize = 25;

/// The longest time for all uploads.
const DEADLINE: Duration = Duration::from_secs(240);

/// Counts the attempts whose response has status 412.
#[derive(Clone, Default)]
struct Refusals(Arc<AtomicUsize>);

impl Subscriber for Refusals {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lakefs")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Refusals {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "http.response.status_code" && value == 412 {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Commits until `stop` becomes true, and returns the number of commits.
async fn commit_repeatedly(branch: Branch, stop: watch::Receiver<bool>) -> usize {
    let mut commits = 0;
    while !*stop.borrow() {
        match branch.commit(format!("commit {commits}")).await {
            Ok(_) => commits += 1,
            Err(error) if error.kind() == ErrorKind::NoChanges => {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    commits
}

/// Uploads beside a committer, and compares what the client says with what the branch has.
async fn uploads_are_told_the_truth(test: &str, presign: bool, exclusive: bool) {
    let fixture = Fixture::new().await;
    let main = fixture.main(test).await;
    let refusals = Refusals::default();
    // The runtime of the test has one thread, so that this subscriber sees all events.
    let _guard = tracing::subscriber::set_default(refusals.clone());
    let (stop, stopped) = watch::channel(false);
    let committer = tokio::spawn(commit_repeatedly(main.clone(), stopped));
    let writers = (0..WRITERS).map(|writer| {
        let main = main.clone();
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for path in 0..PATHS {
                let object = main.object(format!("{writer}/{path}"));
                let data = format!("{path} of {writer}");
                let upload = object.upload(data.clone()).presign(presign).if_none_match("*");
                outcomes.push((object, data, upload.exclusive(exclusive).await));
            }
            outcomes
        })
    });
    let outcomes = tokio::time::timeout(DEADLINE, futures::future::join_all(writers));
    let outcomes = outcomes.await.expect("all uploads end in time");
    stop.send(true).unwrap();
    let commits = committer.await.unwrap();
    let (mut created, mut failed) = (0, Vec::new());
    for (object, data, outcome) in outcomes.into_iter().flat_map(|outcomes| outcomes.unwrap()) {
        match outcome {
            Ok(stats) => {
                assert_eq!(read_text(&object).await, data);
                assert_eq!(object.get().await.unwrap().physical_address, stats.physical_address);
                created += 1;
            }
            Err(error) => failed.push(format!("{error}, exists: {}", object.exists().await.unwrap())),
        }
    }
    let refused = refusals.0.load(Relaxed);
    eprintln!("{test}: {created} uploads beside {commits} commits, {refused} responses of 412");
    // Nobody else writes the paths.
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(created, WRITERS * PATHS);
}

#[tokio::test]
async fn creators_beside_a_committer_are_told_the_truth() {
    uploads_are_told_the_truth("creators", false, false).await;
}

#[tokio::test]
async fn exclusive_creators_beside_a_committer_are_told_the_truth() {
    uploads_are_told_the_truth("exclusive_creators", false, true).await;
}

#[tokio::test]
async fn creators_at_the_storage_beside_a_committer_are_told_the_truth() {
    if Fixture::new().await.presigns().await {
        uploads_are_told_the_truth("creators_at_the_storage", true, false).await;
    }
}
