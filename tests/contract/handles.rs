//! Handles as values and as parameters.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use futures::StreamExt as _;
use futures::future::try_join_all;
use lakefs::{Error, ErrorKind, Reference, TryStreamExt as _, Uri};

use crate::support::{Fixture, changes, commit_objects, expect_error, read_text, upload_objects};

#[tokio::test]
async fn handle_is_accepted_where_a_ref_is_wanted() {
    let fixture = Fixture::new().await;
    let main = fixture.main("handle_ref").await;
    let repository = main.repository();
    let one = commit_objects(&main, "one", &[("a", "1")]).await;
    let tag = repository.tag("v1");
    assert_eq!(tag.create(&main).await.unwrap().commit_id, one.id);
    let two = commit_objects(&main, "two", &[("a", "2")]).await;

    let branch = repository.branch("exp");
    branch.create(&tag).await.unwrap();
    assert_eq!(branch.get().await.unwrap().commit_id, one.id);
    assert_eq!(changes(branch.diff(&main)).await, ["changed a"]);
    assert_eq!(changes(tag.diff(&two)).await, ["changed a"]);
    assert_eq!(branch.merge_base(&main).await.unwrap().base_commit_id, one.id);
    assert_eq!(changes(branch.conflicts_with(&main)).await, [""; 0]);
    let log: Vec<_> = main.log().stop_at(&tag).map_ok(|commit| commit.id).try_collect().await.unwrap();
    assert_eq!(log, [&*two.id, &*one.id]);

    assert_eq!(branch.cherry_pick(&two).await.unwrap().message, "two");
    branch.revert(&branch.get_commit().await.unwrap()).await.unwrap();
    assert_eq!(read_text(&branch.object("a")).await, "1");
    branch.hard_reset(&main.get().await.unwrap()).await.unwrap();
    assert_eq!(branch.get().await.unwrap().commit_id, two.id);

    commit_objects(&branch, "three", &[("b", "1")]).await;
    branch.merge_into(&main).await.unwrap();
    assert_eq!(read_text(&main.object("b")).await, "1");
}

/// Asserts that nothing was sent, and that the error names the other repository.
#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T, Error>, other: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidRequest, 0), "{error}");
    assert!(error.to_string().contains(other), "{error}");
}

#[tokio::test]
async fn handle_of_another_repository_is_refused() {
    let fixture = Fixture::new().await;
    let main = fixture.main("handle_own").await;
    let other = fixture.main("handle_other").await;
    upload_objects(&main, &[("a", "1")]).await;
    let name = other.repository().name().to_owned();
    let branch = main.repository().branch("exp");
    check(branch.create(&other).await, &name);
    check(main.repository().tag("v1").create(&other).await, &name);
    check(main.merge_into(&other).await, &name);
    check(main.revert(&other).await, &name);
    check(main.cherry_pick(&other).await, &name);
    check(main.hard_reset(&other).await, &name);
    check(main.merge_base(&other).await, &name);
    check(main.diff(&other).try_collect::<Vec<_>>().await, &name);
    check(main.conflicts_with(&other).try_collect::<Vec<_>>().await, &name);
    check(main.log().stop_at(&other).try_collect::<Vec<_>>().await, &name);
    // Its name as text is that of a ref of this repository.
    assert_eq!(branch.create(other.name()).await.unwrap().commit_id, main.get().await.unwrap().commit_id);
}

#[tokio::test]
async fn handles_are_equal_if_they_name_the_same() {
    let fixture = Fixture::in_memory().await;
    let repository = fixture.client.repository("example");
    let again = fixture.client.clone().repository("example");
    assert_eq!(repository, again);
    assert_eq!(repository.branch("main"), again.branch("main"));
    assert_ne!(repository.branch("main"), again.branch("other"));
    assert_ne!(repository.tag("v1"), fixture.client.repository("other").tag("v1"));
    assert_eq!(Reference::from(repository.branch("main")), again.reference("main"));
    #[expect(clippy::mutable_key_type, reason = "only the endpoint and the names are hashed and compared")]
    let set = HashSet::from([repository.tag("v1"), again.tag("v1"), again.tag("v2")]);
    assert_eq!(set.len(), 2);
    assert_eq!(repository.to_string(), "lakefs://example");
    assert_eq!(repository.branch("main").to_string(), "lakefs://example/main");
    assert_eq!(repository.reference("main~1").to_string(), "lakefs://example/main~1");
}

#[tokio::test]
async fn uri_converts_to_a_reference() {
    let fixture = Fixture::in_memory().await;
    let reference = |text: &str| fixture.client.reference(&text.parse::<Uri>()?);
    assert_eq!(reference("lakefs://r/main").unwrap(), fixture.client.repository("r").reference("main"));
    assert_eq!(reference("lakefs://r/main/").unwrap().expression(), "main");
    for text in ["lakefs://r", "lakefs://r/", "lakefs://r/main/a"] {
        let error = reference(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{text}");
        assert!(error.to_string().contains("lakefs://r"), "{error}");
    }
}

#[tokio::test]
async fn exist_ok_returns_what_exists() {
    let fixture = Fixture::new().await;
    let main = fixture.main("exist_ok").await;
    let repository = main.repository();
    let found = repository.create(fixture.namespace("elsewhere")).exist_ok(true).await.unwrap();
    assert_eq!(found, repository.get().await.unwrap());

    let (branch, tag) = (repository.branch("exp"), repository.tag("v1"));
    let created = branch.create(&main).exist_ok(true).await.unwrap();
    let tagged = tag.create(&main).exist_ok(true).await.unwrap();
    commit_objects(&main, "one", &[("a", "1")]).await;
    assert_eq!(branch.create(&main).exist_ok(true).await.unwrap(), created);
    assert_eq!(tag.create(&main).exist_ok(true).await.unwrap(), tagged);
    expect_error(
        branch.create(&main).exist_ok(false).await,
        "create_branch",
        409,
        ErrorKind::AlreadyExists,
        "",
    );
    expect_error(tag.create(&main).await, "create_tag", 409, ErrorKind::AlreadyExists, "");

    // The name of something else is not accepted.
    let taken = repository.branch("v1").create(&main).exist_ok(true).await;
    expect_error(taken, "create_branch", 409, ErrorKind::AlreadyExists, "");
    let taken = repository.tag("exp").create(&main).exist_ok(true).await;
    expect_error(taken, "create_tag", 409, ErrorKind::AlreadyExists, "");
}

#[tokio::test]
async fn log_limit_is_exact_over_several_pages() {
    let fixture = Fixture::new().await;
    let main = fixture.main("log_limit").await;
    for number in 1..=4 {
        main.commit(number.to_string()).allow_empty(true).await.unwrap();
    }
    let messages = async |limit: u64, page_size: u16| {
        let log = main.log().limit(limit).page_size(page_size);
        log.map_ok(|commit| commit.message).try_collect::<Vec<_>>().await.unwrap()
    };
    for page_size in [1, 2, 3, 1000] {
        assert_eq!(messages(3, page_size).await, ["4", "3", "2"], "page size {page_size}");
        assert_eq!(messages(5000, page_size).await.len(), 5, "page size {page_size}");
        assert_eq!(messages(0, page_size).await, [""; 0], "page size {page_size}");
    }
}

#[tokio::test]
async fn log_limit_is_sent_when_the_rest_fits_in_a_page() {
    let fixture = Fixture::in_memory().await;
    let main = fixture.main("log_limit_sent").await;
    let server = fixture.test_server();
    let sent = async |limit: u64, page_size: u16| {
        server.clear_requests();
        main.log().limit(limit).page_size(page_size).try_collect::<Vec<_>>().await.unwrap();
        server.requests_for("logCommits").iter().map(|request| request.query.clone()).collect::<Vec<_>>()
    };
    assert_eq!(sent(0, 10).await, [""; 0]);
    let [query] = &*sent(10, 10).await else { panic!("one request is expected") };
    assert!(query.contains("amount=10") && query.contains("limit=true"), "{query}");
    let [query] = &*sent(11, 10).await else { panic!("one request is expected") };
    assert!(query.contains("amount=10") && !query.contains("limit"), "{query}");
}

#[tokio::test]
async fn page_size_out_of_range_is_invalid() {
    let fixture = Fixture::in_memory().await;
    let main = fixture.main("page_size").await;
    for size in [0, 1001] {
        let error = main.log().page_size(size).try_next().await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidRequest, 0), "{error}");
        let error = main.repository().branches().page_size(size).pages().try_next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
}

#[tokio::test]
async fn date_of_a_commit_is_a_system_time() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_date").await;
    let date = UNIX_EPOCH + Duration::from_millis(1_700_000_000_999);
    let commit = main.commit("dated").date(date).allow_empty(true).await.unwrap();
    assert_eq!(commit.creation_date, 1_700_000_000);
    let before = main.commit("old").date(UNIX_EPOCH - Duration::from_millis(500)).allow_empty(true).await;
    assert_eq!(before.unwrap().creation_date, -1);
}

#[tokio::test]
async fn requests_are_joined_spawned_and_buffered() {
    let fixture = Fixture::new().await;
    let main = fixture.main("send").await;
    let repository = main.repository();
    let branches = (0..3).map(|number| repository.branch(format!("exp-{number}")).create(&main).send());
    assert_eq!(try_join_all(branches).await.unwrap().len(), 3);
    let commit = tokio::spawn(main.commit("spawned").allow_empty(true).send()).await.unwrap().unwrap();
    let merged: Vec<_> = futures::stream::iter(0..3)
        .map(|number| main.merge_into(repository.branch(format!("exp-{number}"))).send())
        .buffer_unordered(2)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(merged.len(), 3);
    assert_ne!(merged[0].reference, commit.id);
}

#[tokio::test]
async fn transaction_runs_in_a_spawned_task() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_spawn").await;
    let (target, data) = (main.clone(), "1".to_owned());
    let running = tokio::spawn(async move {
        target
            .transaction("Spawned")
            .run(async |tx| {
                let object = tx.object("a");
                object.upload(data.clone()).await?;
                Ok::<_, Error>(object.read().await?.len())
            })
            .await
    });
    let outcome = running.await.unwrap().unwrap();
    assert_eq!(outcome.value, 1);
    assert_eq!(read_text(&main.object("a")).await, "1");
}
