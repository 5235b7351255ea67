//! Commits whose response is lost by a proxy: each takes effect once, and the client finds it in the log.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs::models::CommitCreation;
use lakefs::{Branch, Error, TryStreamExt as _, models};
use tokio::sync::Notify;

use crate::support::{ProxyFault, commit_objects, upload_objects, wait_until};
use crate::unknown_outcomes::{Proxied, expect_unknown};

/// Returns the log of a branch without the commits of merged branches, the newest first.
async fn log(branch: &Branch) -> Vec<models::Commit> {
    branch.log().first_parent(true).try_collect().await.unwrap()
}

/// Returns `main` with two commits, seen through the proxy, and a branch that is ahead of it.
async fn branches(proxied: &Proxied) -> (Branch, Branch) {
    let main = proxied.main().await;
    commit_objects(&main, "base", &[("a", "0")]).await;
    let ahead = main.repository().branch("ahead");
    ahead.create("main").await.unwrap();
    commit_objects(&ahead, "source", &[("b", "1")]).await;
    (main, ahead)
}

/// Runs `request` on `main` three times with a fault: the response is lost, it is lost and another writer commits on top
/// before the client checks, and the request is lost.
#[expect(clippy::future_not_send, reason = "a test polls it on one thread")]
async fn check_commit<T: std::fmt::Debug>(
    proxied: &Proxied,
    path_end: &str,
    main: &Branch,
    prepare: impl AsyncFn(&'static str),
    request: impl AsyncFn() -> Result<T, Error>,
    is_requested: impl Fn(&models::Commit) -> bool,
) {
    let count = async || log(main).await.iter().filter(|commit| is_requested(commit)).count();
    let proxy = &proxied.proxy;
    prepare("1").await;
    let before = count().await;
    proxy.plan("POST", path_end, ProxyFault::LoseResponse);
    request().await.unwrap();
    assert_eq!(count().await, before + 1);

    prepare("2").await;
    let gate = Arc::new(Notify::new());
    proxy.plan("POST", path_end, ProxyFault::LoseResponseAfter(Arc::clone(&gate)));
    let other = async {
        wait_until("the request took effect", async || count().await == before + 2).await;
        main.commit("other").allow_empty(true).await.unwrap();
        gate.notify_one();
    };
    let (found, ()) = tokio::join!(request(), other);
    found.unwrap();
    assert_eq!(count().await, before + 2);
    assert_eq!(log(main).await[0].message, "other");

    prepare("3").await;
    proxy.plan("POST", path_end, ProxyFault::LoseRequest);
    expect_unknown(request().await);
    assert_eq!(count().await, before + 2);
    assert!(proxy.is_idle());
}

#[tokio::test]
async fn unknown_01_commit_is_found() {
    let proxied = Proxied::start("unknown_01").await;
    let (main, _) = branches(&proxied).await;
    let prepare = async |data| upload_objects(&main, &[("c", data)]).await;
    let commit = async || main.commit("mine").metadata("k", "v").await;
    check_commit(&proxied, "/commits", &main, prepare, commit, |commit| commit.message == "mine").await;
}

#[tokio::test]
async fn unknown_02_empty_commit_is_found_among_equal_ones() {
    let proxied = Proxied::start("unknown_02").await;
    let (main, _) = branches(&proxied).await;
    let prepare = async |_| {
        main.commit("mine").allow_empty(true).await.unwrap();
    };
    let commit = async || main.commit("mine").allow_empty(true).await;
    // The preparation makes an equal commit just before each request.
    let before = log(&main).await.len();
    let count = async || log(&main).await.len() - before;
    for fault in [ProxyFault::LoseResponse, ProxyFault::LoseRequest] {
        prepare("").await;
        let existing = log(&main).await;
        let commits = count().await;
        let is_lost = matches!(fault, ProxyFault::LoseRequest);
        proxied.proxy.plan("POST", "/commits", fault);
        if is_lost {
            expect_unknown(commit().await);
            assert_eq!(count().await, commits);
        } else {
            let found = commit().await.unwrap();
            assert!(!existing.contains(&found), "{found:?}");
            assert_eq!((count().await, &log(&main).await[0]), (commits + 1, &found));
        }
    }
}

#[tokio::test]
async fn unknown_03_commit_with_a_date_is_found() {
    let proxied = Proxied::start("unknown_03").await;
    let (main, _) = branches(&proxied).await;
    let date = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let prepare = async |data| upload_objects(&main, &[("c", data)]).await;
    let commit = async || main.commit("mine").date(date).await;
    check_commit(&proxied, "/commits", &main, prepare, commit, |commit| {
        commit.message == "mine" && commit.created_at() == Some(date)
    })
    .await;
}

#[tokio::test]
async fn unknown_04_commit_of_a_metarange_is_found() {
    let proxied = Proxied::start("unknown_04").await;
    let (main, ahead) = branches(&proxied).await;
    let metarange = ahead.get_commit().await.unwrap().meta_range_id;
    proxied.proxy.plan("POST", "/commits", ProxyFault::LoseResponse);
    let found = main.commit("mine").source_metarange(&metarange).await.unwrap();
    assert_eq!((&found.meta_range_id, &log(&main).await[0]), (&metarange, &found));
}

#[tokio::test]
async fn unknown_05_merge_is_found_when_source_and_destination_moved() {
    let proxied = Proxied::start("unknown_05").await;
    let (main, ahead) = branches(&proxied).await;
    let prepare = async |data| {
        commit_objects(&ahead, "more", &[(data, data)]).await;
    };
    let merge = async || ahead.merge_into(&main).await;
    let is_merge = |commit: &models::Commit| commit.parents.len() == 2;
    check_commit(&proxied, "/merge/main", &main, prepare, merge, is_merge).await;

    commit_objects(&ahead, "last", &[("b", "4")]).await;
    let gate = Arc::new(Notify::new());
    proxied.proxy.plan("POST", "/merge/main", ProxyFault::LoseResponseAfter(Arc::clone(&gate)));
    let other = async {
        wait_until("the merge is in the log", async || is_merge(&log(&main).await[0])).await;
        commit_objects(&ahead, "after the merge", &[("b", "5")]).await;
        gate.notify_one();
    };
    let (found, ()) = tokio::join!(merge(), other);
    assert_eq!(found.unwrap().reference, log(&main).await[0].id);
}

#[tokio::test]
async fn unknown_06_squash_and_empty_merge_are_found() {
    let proxied = Proxied::start("unknown_06").await;
    let (main, ahead) = branches(&proxied).await;
    let prepare = async |data| {
        commit_objects(&ahead, "more", &[(data, data)]).await;
    };
    let squash = async || ahead.merge_into(&main).squash(true).message("squashed").await;
    let is_squash = |commit: &models::Commit| commit.message == "squashed" && commit.parents.len() == 1;
    check_commit(&proxied, "/merge/main", &main, prepare, squash, is_squash).await;

    ahead.merge_into(&main).await.unwrap();
    let empty = async || ahead.merge_into(&main).allow_empty(true).message("empty").await;
    let is_empty = |commit: &models::Commit| commit.message == "empty";
    check_commit(&proxied, "/merge/main", &main, async |_| (), empty, is_empty).await;
}

#[tokio::test]
async fn unknown_07_revert_is_found() {
    let proxied = Proxied::start("unknown_07").await;
    let main = proxied.main().await;
    commit_objects(&main, "base", &[("a", "0")]).await;
    let change = async |data| {
        commit_objects(&main, "change", &[("a", data)]).await;
    };
    let is_revert = |commit: &models::Commit| commit.message == "Revert main";
    check_commit(&proxied, "/revert", &main, change, async || main.revert("main").await, is_revert).await;

    let one = commit_objects(&main, "one", &[("b", "1")]).await.id;
    proxied.proxy.plan("POST", "/revert", ProxyFault::LoseResponse);
    main.revert(&one).message("Again").metadata("k", "v").await.unwrap();
    assert_eq!(log(&main).await[0].message, "Again");
    assert_eq!(log(&main).await[1].id, one);
}

#[tokio::test]
async fn unknown_08_cherry_pick_is_found() {
    let proxied = Proxied::start("unknown_08").await;
    let (main, ahead) = branches(&proxied).await;
    let prepare = async |data| {
        commit_objects(&ahead, "more", &[(data, data)]).await;
    };
    let pick = async || main.cherry_pick("ahead").await;
    let is_pick = |commit: &models::Commit| commit.message == "more";
    check_commit(&proxied, "/cherry-pick", &main, prepare, pick, is_pick).await;
}

#[tokio::test]
async fn unknown_09_equal_commits_of_two_writers_stay_unknown() {
    let proxied = Proxied::start("unknown_09").await;
    let (main, _) = branches(&proxied).await;
    let direct = proxied.direct(&main);
    let gate = Arc::new(Notify::new());
    proxied.proxy.plan("POST", "/commits", ProxyFault::LoseResponseAfter(Arc::clone(&gate)));
    let other = async {
        wait_until("the commit is in the log", async || log(&direct).await[0].message == "equal").await;
        // The facade remembers the commits that it creates, so this one is made without it, as if by another process.
        let mut commit = CommitCreation::new("equal");
        commit.allow_empty = Some(true);
        let (client, repository) = (&proxied.fixture.client, direct.repository());
        let request = client.api().commit().repository(repository.name()).branch("main");
        request.body(commit).send().await.unwrap();
        gate.notify_one();
    };
    let (lost, ()) = tokio::join!(async { main.commit("equal").allow_empty(true).await }, other);
    expect_unknown(lost);
    assert_eq!(log(&main).await.iter().filter(|commit| commit.message == "equal").count(), 2);
}

#[tokio::test]
async fn unknown_10_commit_that_takes_longer_than_a_proxy_waits_is_found() {
    let proxied = Proxied::start("unknown_10").await;
    let (main, _) = branches(&proxied).await;
    upload_objects(&main, &[("c", "1")]).await;
    let start = SystemTime::now();
    proxied.proxy.plan("POST", "/commits", ProxyFault::GiveUp(Duration::from_millis(800)));
    let found = main.commit("late").await.unwrap();
    assert!(start.elapsed().unwrap() >= Duration::from_millis(800));
    assert_eq!(log(&main).await[0], found);
    assert_eq!(proxied.proxy.forwarded("POST", "/commits"), 3);
}
