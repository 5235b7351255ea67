//! Time limits and retries of calls and lists.

use std::time::{Duration, Instant};

use lakefs::{CallOptions, ErrorKind, RetryPolicy, TryStreamExt as _};

use crate::{SHORT, STALL, expect_timeout, start, within};

const SLOW_DOWN: &str = r#"{"message":"Throughput exceeded. Slow down and retry"}"#;

#[tokio::test]
async fn timeout_bounds_a_change_and_its_outcome_is_unknown() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("commit").delay(STALL).proceed();
    let error = expect_timeout(within(main.commit("one").allow_empty(true).timeout(SHORT)).await, "commit");
    assert!(error.is_outcome_unknown());
    assert_eq!(error.attempts(), 1);
    let text = error.to_string();
    assert!(text.starts_with("commit to branch \"main\" of repository \"options\": not completed"), "{text}");
    assert!(text.contains("150ms"), "{text}");
}

#[tokio::test]
async fn timeout_of_a_read_has_a_known_outcome() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("getBranch").always().delay(STALL).proceed();
    let error = expect_timeout(within(main.get().timeout(SHORT)).await, "get_branch");
    assert!(!error.is_outcome_unknown());
    // So do calls of several requests, and those that accept a missing resource.
    expect_timeout(within(main.get_opt().timeout(SHORT)).await, "get_branch");
    expect_timeout(within(main.exists().timeout(SHORT)).await, "get_branch");
    expect_timeout(within(main.delete_objects(["a"]).timeout(SHORT)).await, "get_branch");
    expect_timeout(within(main.head().timeout(SHORT)).await, "get_branch");
}

#[tokio::test]
async fn timeout_includes_the_check_of_an_unknown_outcome() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let exp = main.repository().branch("exp");
    server.faults().on("createBranch").drop_response();
    server.faults().on("getBranch").always().delay(STALL).proceed();
    let start = Instant::now();
    let error = expect_timeout(within(exp.create("main").timeout(SHORT)).await, "create_branch");
    assert!(error.is_outcome_unknown() && error.attempts() == 1, "{error}");
    assert!(start.elapsed() >= SHORT);
    assert_eq!(server.requests_for("createBranch").len(), 1);
}

#[tokio::test]
async fn retry_that_cannot_start_in_time_is_not_waited_for() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("getBranch").always().header("Retry-After", "60").respond(503, SLOW_DOWN);
    let start = Instant::now();
    let error = within(main.get().timeout(Duration::from_secs(30))).await.unwrap_err();
    assert_eq!(error.status(), Some(503), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn timeout_starts_when_the_call_is_polled() {
    let (_fixture, main) = start().await;
    let call = main.get().timeout(Duration::from_secs(1)).send();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    within(call).await.unwrap();
}

#[tokio::test]
async fn attempt_that_takes_too_long_is_retried() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("getBranch").times(2).delay(STALL).proceed();
    within(main.get().attempt_timeout(SHORT)).await.unwrap();
    assert_eq!(server.requests_for("getBranch").len(), 3);

    server.faults().on("getBranch").always().delay(STALL).proceed();
    let get = main.get().attempt_timeout(SHORT).retries(RetryPolicy::default().max_attempts(2));
    let error = expect_timeout(within(get).await, "get_branch");
    assert_eq!(error.attempts(), 2);
    assert!(error.message().contains("attempt timeout of 150ms"), "{error}");
}

#[tokio::test]
async fn attempt_of_a_change_that_takes_too_long_is_not_repeated() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("commit").delay(STALL).proceed();
    let commit = main.commit("one").allow_empty(true).attempt_timeout(SHORT).timeout(Duration::from_secs(3));
    let error = within(commit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_outcome_unknown());
    assert_eq!(server.requests_for("commit").len(), 1);
}

#[tokio::test]
async fn retries_of_a_request_replace_those_of_the_client() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("getBranch").respond(503, SLOW_DOWN);
    let error = within(main.get().retries(RetryPolicy::none())).await.unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Some(503), 1));
    server.faults().on("getBranch").times(7).respond(503, SLOW_DOWN);
    let policy = RetryPolicy::default().max_attempts(8).initial_backoff(Duration::from_millis(1));
    within(main.get().retries(policy)).await.unwrap();
}

#[tokio::test]
async fn timeout_of_a_list_bounds_each_page() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for name in ["a", "b", "c"] {
        main.repository().branch(name).create("main").await.unwrap();
    }
    // Four pages, each of which takes a part of the limit.
    let limit = Duration::from_secs(2);
    server.faults().on("listBranches").always().delay(Duration::from_millis(700)).proceed();
    let branches = main.repository().branches().page_size(1).timeout(limit);
    assert_eq!(within(branches.try_collect::<Vec<_>>()).await.unwrap().len(), 4);

    server.faults().clear();
    server.faults().on("listBranches").after(1).delay(STALL).proceed();
    for prefetch in [true, false] {
        let mut branches = main.repository().branches().page_size(3).timeout(SHORT).prefetch(prefetch);
        for _ in 0..3 {
            within(branches.try_next()).await.unwrap();
        }
        // The error ends the list.
        expect_timeout(within(branches.try_next()).await, "list_branches");
        assert!(within(branches.try_next()).await.unwrap().is_none());
        server.faults().clear();
        server.faults().on("listBranches").after(1).delay(STALL).proceed();
    }
}

#[tokio::test]
async fn longest_duration_means_no_limit() {
    let (_fixture, main) = start().await;
    let object = main.object("a");
    within(object.upload("abc").timeout(Duration::MAX).attempt_timeout(Duration::MAX)).await.unwrap();
    let get = main.get().timeout(Duration::MAX).attempt_timeout(Duration::MAX);
    within(get).await.unwrap();
    let branches = main.repository().branches().timeout(Duration::MAX).attempt_timeout(Duration::MAX);
    assert_eq!(within(branches.try_collect::<Vec<_>>()).await.unwrap().len(), 1);
    let reader = within(object.reader().timeout(Duration::MAX).attempt_timeout(Duration::MAX)).await.unwrap();
    assert_eq!(within(reader.try_collect::<Vec<_>>()).await.unwrap().concat(), b"abc");
}

#[tokio::test]
async fn generated_client_has_the_options_that_are_set() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let client = main.repository().client();
    let options = CallOptions::default().timeout(SHORT).header("x-source", "nightly");
    let api = client.api().with_options(options);
    server.faults().on("getBranch").delay(STALL).proceed();
    let error = within(api.get_branch().repository("options").branch("main").send()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("get_branch")), "{error}");
    // Each call has its own time.
    tokio::time::sleep(SHORT).await;
    within(api.get_branch().repository("options").branch("main").send()).await.unwrap();
    within(client.api().get_branch().repository("options").branch("main").send()).await.unwrap();
    let sent = server.requests_for("getBranch");
    let headers: Vec<_> = sent.iter().map(|request| request.header("x-source")).collect();
    assert_eq!(headers, [Some("nightly"), Some("nightly"), None]);
}

#[tokio::test]
async fn options_do_not_change_what_a_handle_is() {
    let (_fixture, main) = start().await;
    // A request and its clone have options of their own.
    let get = main.object("a").upload("1");
    within(get).await.unwrap();
    let stat = main.object("a").stat();
    let limited = stat.clone().timeout(Duration::ZERO);
    assert_eq!(within(limited).await.unwrap_err().kind(), ErrorKind::Timeout);
    within(stat).await.unwrap();
    let head = within(main.head().timeout(Duration::from_secs(5)).header("x-a", "b")).await.unwrap();
    assert_eq!(head, main.repository().reference(head.expression()));
}
