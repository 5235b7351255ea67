//! Many creations by many writers: each location has exactly one winner, whatever happens to the requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use lakefs::{Branch, RetryPolicy};
use lakefs_testserver::{FaultBuilder, Server};
use tokio::time::timeout;

use super::super::CREATIONS;
use super::adapter::LakeFsStore;
use super::object_store::path::Path;
use super::object_store::{Error, ObjectStore as _, PutMode, PutResult};
use super::text;
use crate::support::Fixture;

const WRITERS: usize = 16;

/// How many writers try to create the same object.
const RIVALS: usize = 4;

/// How many objects are created at the same time: each writer is busy with four of them.
const CONCURRENCY: usize = 16;

const DEADLINE: Duration = Duration::from_secs(120);

/// A client of its own for each writer. It retries fast, and as often as the faults require.
fn writers(fixture: &Fixture, main: &Branch) -> Vec<LakeFsStore> {
    let retries = RetryPolicy::default()
        .max_attempts(12)
        .initial_backoff(Duration::from_millis(1))
        .max_backoff(Duration::from_millis(10))
        .reconcile_timeout(Duration::from_millis(200));
    let store = |_| {
        let mut builder = fixture.builder().retry_budget(None);
        if fixture.server.is_some() {
            builder = builder.retries(retries.clone());
        }
        LakeFsStore::at(builder.build().unwrap().repository(main.repository().name()).branch("main"))
    };
    (0..WRITERS).map(store).collect()
}

/// How often each kind of fault was injected.
type Injected = BTreeMap<&'static str, Arc<AtomicUsize>>;

/// Injects faults of all kinds into requests, each into one of `every` requests of its operation.
fn inject(server: &Server) -> Injected {
    let mut injected = Injected::new();
    let mut plan = |kind: &'static str, operation: &str, every: usize, fault: fn(FaultBuilder<'_>)| {
        let (count, requests) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        injected.insert(kind, Arc::clone(&count));
        let is_chosen = move |_: &str| {
            let chosen = requests.fetch_add(1, Ordering::Relaxed) % every == every - 1;
            count.fetch_add(usize::from(chosen), Ordering::Relaxed);
            chosen
        };
        fault(server.faults().on(operation).always().when(is_chosen));
    };
    plan("503, not applied", "uploadObject", 13, |fault| fault.respond(503, ""));
    plan("503, applied", "uploadObject", 17, |fault| fault.respond_after(503, ""));
    plan("response lost, applied", "uploadObject", 19, |fault| fault.drop_response());
    plan("response lost, not applied", "uploadObject", 23, |fault| fault.drop_after_body());
    plan("connection dropped", "uploadObject", 29, |fault| fault.drop_connection());
    plan("check refused", "statObject", 29, |fault| fault.respond(503, ""));
    plan("response of a check lost", "statObject", 31, |fault| fault.drop_response());
    injected
}

/// Lets rivals create an object, and returns the data of the only winner.
async fn contend(stores: &[LakeFsStore], round: usize) -> String {
    let location = &Path::from(format!("log/{round:05}.json"));
    let rivals = (0..RIVALS).map(|rival| async move {
        // In every second round, all rivals write the same bytes.
        let data = if round.is_multiple_of(2) { "the same".to_owned() } else { format!("rival {rival}") };
        let store = &stores[(round * RIVALS + rival) % WRITERS];
        (data.clone(), store.put_opts(location, data.into(), PutMode::Create.into()).await)
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        join_all(rivals).await.into_iter().partition(|(_, created)| created.is_ok());
    assert_eq!(won.len(), 1, "{location}: {won:?} {lost:?}");
    let exists = |created: &Result<PutResult, Error>| matches!(created, Err(Error::AlreadyExists { .. }));
    assert!(lost.iter().all(|(_, created)| exists(created)), "{location}: {lost:?}");
    won.into_iter().next().unwrap().0
}

async fn run(fixture: &Fixture, creations: usize) {
    let main = fixture.main("contention").await;
    let stores = &writers(fixture, &main);
    let injected = fixture.server.as_ref().map(inject);
    let start = Instant::now();
    let winners = stream::iter(0..creations)
        .map(|round| async move { (round, contend(stores, round).await) })
        .buffer_unordered(CONCURRENCY)
        .collect::<Vec<_>>();
    let winners = timeout(DEADLINE, winners).await.expect("all writers are done before the deadline");
    let took = start.elapsed();
    if let Some(server) = &fixture.server {
        server.faults().clear();
    }
    let store = &stores[0];
    stream::iter(winners)
        .for_each_concurrent(8, |(round, data)| async move {
            assert_eq!(text(store, &format!("log/{round:05}.json")).await, data, "round {round}");
        })
        .await;
    eprintln!("{creations} creations by {RIVALS} of {WRITERS} writers in {took:?}: {injected:?}");
    for (kind, count) in injected.iter().flatten() {
        assert!(count.load(Ordering::Relaxed) >= 5, "{kind}: {injected:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_creation_has_one_winner() {
    let fixture = Fixture::new().await;
    // The requests of a real server take longer.
    run(&fixture, if fixture.server.is_some() { CREATIONS } else { 250 }).await;
}
