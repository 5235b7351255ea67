//! Lost responses and lost requests: a change of a branch happens once, and the client finds its outcome or reports that the
//! outcome is unknown.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::{Branch, Error, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{Fixture, changes, commit_objects, expect_error, read_text, upload_objects, wait_until};

/// Returns the number of commits of a branch.
async fn commits(branch: &Branch) -> usize {
    branch.log().try_collect::<Vec<_>>().await.unwrap().len()
}

#[track_caller]
fn expect_outcome_unknown<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Transport, None), "{error}");
    assert!(error.is_outcome_unknown(), "{error}");
    assert!(error.to_string().ends_with("; the outcome is unknown: it may have taken effect"), "{error}");
}

#[tokio::test]
async fn retry_01_commit_with_a_lost_response_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("retry_01").await;
    upload_objects(&main, &[("a", "1")]).await;
    server.faults().on("commit").drop_response();
    let found = main.commit("one").metadata("k", "v").await.unwrap();
    assert_eq!(found, main.get_commit().await.unwrap());

    // A response that cannot be decoded is handled like a lost one.
    for fault in ["cut", "junk"] {
        upload_objects(&main, &[("a", fault)]).await;
        match fault {
            "cut" => server.faults().on("commit").truncate_body(),
            _ => server.faults().on("commit").replace_body("<html>"),
        }
        assert_eq!(main.commit(fault).await.unwrap(), main.get_commit().await.unwrap());
    }
    assert_eq!(commits(&main).await, 4);
}

#[tokio::test]
async fn retry_02_commit_with_a_lost_request_has_an_unknown_outcome() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("retry_02").await;
    // The head has the same message and is old.
    main.commit("one").allow_empty(true).date(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).await.unwrap();
    server.faults().on("commit").drop_connection();
    expect_outcome_unknown(main.commit("one").await);
    // The head has the same message and is new, but the changes are still uncommitted.
    commit_objects(&main, "one", &[("a", "1")]).await;
    upload_objects(&main, &[("a", "2")]).await;
    server.faults().on("commit").drop_connection();
    expect_outcome_unknown(main.commit("one").await);
    assert_eq!(changes(main.uncommitted()).await, ["changed a"]);
    assert_eq!(commits(&main).await, 3);
}

#[tokio::test]
async fn retry_03_commit_that_can_be_repeated_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("retry_03").await;
    server.faults().on("commit").drop_response();
    let found = main.commit("one").allow_empty(true).await.unwrap();
    assert_eq!(found, main.get_commit().await.unwrap());
    upload_objects(&main, &[("a", "1")]).await;
    server.faults().on("commit").drop_response();
    let date = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let found = main.commit("two").date(date).await.unwrap();
    assert_eq!((found.created_at(), found), (Some(date), main.get_commit().await.unwrap()));
    assert_eq!(commits(&main).await, 3);

    // Another client commits before this one reads the log.
    upload_objects(&main, &[("a", "2")]).await;
    server.faults().on("commit").drop_response();
    server
        .faults()
        .on("logCommits")
        .when(|path| path.contains("/main/"))
        .delay(Duration::from_millis(500))
        .proceed();
    let other = async {
        wait_until("the commit is in the log", async || main.get_commit().await.unwrap().message == "three")
            .await;
        commit_objects(&main, "other", &[("a", "3")]).await;
    };
    let (found, ()) = tokio::join!(async { main.commit("three").await }, other);
    assert_eq!(found.unwrap().message, "three");
    assert_eq!(commits(&main).await, 5);
}

/// Returns `main` and a branch that is one commit ahead of it.
async fn branch_ahead_of_main(fixture: &Fixture, test: &str) -> (Branch, Branch) {
    let main = fixture.main(test).await;
    commit_objects(&main, "base", &[("a", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "source", &[("a", "1")]).await;
    (main, branch)
}

#[tokio::test]
async fn retry_04_merge_with_a_lost_response_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = branch_ahead_of_main(&fixture, "retry_04").await;
    server.faults().on("mergeIntoBranch").drop_response();
    let found = branch.merge_into("main").await.unwrap();
    assert_eq!(found.reference, main.get().await.unwrap().commit_id);
    assert_eq!(commits(&main).await, 4);

    commit_objects(&branch, "source", &[("a", "2")]).await;
    commit_objects(&main, "destination", &[("a", "3")]).await;
    server.faults().on("mergeIntoBranch").drop_response();
    let merge = branch.merge_into("main").strategy(MergeStrategy::SourceWins).message("mine");
    let found = merge.metadata("k", "v").await.unwrap();
    assert_eq!(found.reference, main.get().await.unwrap().commit_id);
    assert_eq!(read_text(&main.object("a")).await, "2");
    assert_eq!(commits(&main).await, 7);
}

#[tokio::test]
async fn retry_05_lost_merge_has_an_unknown_outcome_and_squash_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = branch_ahead_of_main(&fixture, "retry_05").await;
    server.faults().on("mergeIntoBranch").drop_connection();
    expect_outcome_unknown(branch.merge_into("main").await);
    assert_eq!(commits(&main).await, 2);

    let head = async || main.get().await.unwrap().commit_id;
    server.faults().on("mergeIntoBranch").drop_response();
    assert_eq!(branch.merge_into("main").squash(true).await.unwrap().reference, head().await);
    assert_eq!(commits(&main).await, 3);
    server.faults().on("mergeIntoBranch").drop_response();
    assert_eq!(branch.merge_into("main").allow_empty(true).await.unwrap().reference, head().await);
    assert_eq!(main.log().first_parent(true).try_collect::<Vec<_>>().await.unwrap().len(), 4);
}

#[tokio::test]
async fn retry_06_revert_with_a_lost_response_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("retry_06").await;
    commit_objects(&main, "base", &[("a", "0")]).await;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    server.faults().on("revertBranch").drop_response();
    main.revert(&one).await.unwrap();
    let reverted = main.get_commit().await.unwrap();
    assert_eq!((reverted.message, commits(&main).await), (format!("Revert {one}"), 4));

    server.faults().on("revertBranch").drop_response();
    main.revert(&reverted.id).message("Again").metadata("k", "v").await.unwrap();
    assert_eq!((read_text(&main.object("a")).await, commits(&main).await), ("1".to_owned(), 5));
}

#[tokio::test]
async fn retry_07_lost_revert_has_an_unknown_outcome_and_revert_of_the_head_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("retry_07").await;
    commit_objects(&main, "base", &[("a", "0")]).await;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    server.faults().on("revertBranch").drop_connection();
    expect_outcome_unknown(main.revert(&one).await);
    assert_eq!(commits(&main).await, 3);
    server.faults().on("revertBranch").drop_response();
    main.revert("main").await.unwrap();
    assert_eq!(
        (main.get_commit().await.unwrap().message, commits(&main).await),
        ("Revert main".to_owned(), 4)
    );
}

#[tokio::test]
async fn retry_08_cherry_pick_with_a_lost_response_is_found_and_never_retried() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, _) = branch_ahead_of_main(&fixture, "retry_08").await;
    server.faults().on("cherryPick").drop_response();
    assert_eq!(main.cherry_pick("branch").await.unwrap(), main.get_commit().await.unwrap());
    assert_eq!(commits(&main).await, 3);
    server.faults().on("cherryPick").drop_connection();
    expect_outcome_unknown(main.cherry_pick("branch").await);
    assert_eq!(commits(&main).await, 3);
}

#[tokio::test]
async fn retry_09_rejected_requests_and_reads_have_a_known_outcome() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("retry_09").await;
    upload_objects(&main, &[("a", "1")]).await;
    server
        .faults()
        .on("commit")
        .times(2)
        .respond(503, r#"{"message":"Throughput exceeded. Slow down and retry"}"#);
    server.faults().on("commit").respond(500, r#"{"message":"update branch: predicate failed"}"#);
    main.commit("one").await.unwrap();
    assert_eq!(commits(&main).await, 2);

    let error = main.commit("two").await.unwrap_err();
    assert!(!error.is_outcome_unknown() && !error.to_string().contains("may have taken effect"), "{error}");
    // The outcome of a read is never unknown.
    server.faults().on("getBranch").always().drop_connection();
    let retries = lakefs::RetryPolicy::none();
    let client = fixture.builder().retries(retries).build().unwrap();
    let error = client.repository(main.repository().name()).branch("main").get().await.unwrap_err();
    assert!(!error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn reset_07_resets_are_checked_and_not_retried() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("reset_07").await;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    let two = commit_objects(&main, "two", &[("a", "2")]).await.id;
    commit_objects(&main, "three", &[("a", "3")]).await;

    server.faults().on("hardResetBranch").drop_response();
    main.hard_reset("main~1").await.unwrap();
    assert_eq!(main.get().await.unwrap().commit_id, two);
    server.faults().on("hardResetBranch").drop_connection();
    let error =
        expect_error(main.hard_reset("main~1").await, "hard_reset_branch", None, ErrorKind::Transport, "");
    assert!(error.is_outcome_unknown());
    assert!(error.to_string().ends_with("it may have taken effect"), "{error}");
    assert_eq!(main.get().await.unwrap().commit_id, two);

    server.faults().on("hardResetBranch").drop_response();
    main.hard_reset(&one).await.unwrap();
    assert_eq!(main.get().await.unwrap().commit_id, one);
    assert_eq!(server.requests_for("hardResetBranch").len(), 3);

    upload_objects(&main, &[("b", "1")]).await;
    server.faults().on("resetBranch").drop_response();
    main.reset().await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, [""; 0]);
    assert_eq!(server.requests_for("resetBranch").len(), 1);
}

/// The retry of a conditional update fails its condition if the lost request was applied.
#[tokio::test]
async fn prot_01_own_lost_update_is_not_a_failed_precondition() {
    let fixture = Fixture::in_memory().await;
    let protection = fixture.repository("prot_01").await.branch_protection();
    let server = fixture.test_server();
    protection.set(["main"]).await.unwrap();
    let tag = protection.get().await.unwrap().etag;
    server.faults().on("setBranchProtectionRules").drop_response();
    protection.set(["main", "a"]).if_match(tag).await.unwrap();
    server.faults().on("setBranchProtectionRules").drop_response();
    protection.protect("b").await.unwrap();
    assert_eq!(protection.get().await.unwrap().patterns, ["a", "b", "main"].map(str::to_owned).into());
}

#[tokio::test]
async fn tag_07_tag_with_a_lost_response_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let repository = fixture.repository("tag_07").await;
    let head = repository.branch("main").get().await.unwrap().commit_id;

    server.faults().on("createTag").drop_response();
    let created = repository.tag("v1").create("main").await.unwrap();
    assert_eq!((created.id, &created.commit_id), ("v1".to_owned(), &head));

    server.faults().on("createTag").drop_connection();
    assert_eq!(repository.tag("v2").create("main").await.unwrap().commit_id, head);

    server.faults().on("deleteTag").drop_response();
    repository.tag("v1").delete().await.unwrap();
    assert_eq!(server.faults().pending(), [""; 0]);
}

#[tokio::test]
async fn tag_08_existing_tag_is_not_taken_for_the_lost_one() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("tag_08").await;
    let tag = main.repository().tag("v1");
    tag.create("main").await.unwrap();
    main.commit("empty").allow_empty(true).await.unwrap();

    server.faults().on("createTag").drop_connection();
    expect_error(tag.create("main").await, "create_tag", 409, ErrorKind::AlreadyExists, "tag already exists");
}

/// lakeFS and proxies report failures after the request took effect: each commit exists once, and the client finds it.
#[tokio::test]
async fn retry_10_failure_that_is_reported_after_the_commit_is_no_failure() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = branch_ahead_of_main(&fixture, "retry_10").await;
    let faults = server.faults();
    let proxy = "upstream connect error or disconnect/reset before headers";
    for (data, status, body) in [
        ("1", 503, proxy),
        ("2", 502, ""),
        ("3", 404, r#"{"message":"commit not found"}"#),
        ("4", 500, r#"{"message":"internal server error"}"#),
    ] {
        let respond = |operation: &str| {
            let fault = faults.on(operation);
            let fault = if body == proxy { fault.header("content-type", "text/plain") } else { fault };
            // lakeFS identifies its responses.
            let fault = if body.starts_with('{') { fault.header("x-request-id", "7") } else { fault };
            fault.respond_after(status, body);
        };
        let before = commits(&main).await;
        upload_objects(&main, &[("c", data)]).await;
        respond("commit");
        assert_eq!(main.commit("same").await.unwrap(), main.get_commit().await.unwrap());
        respond("commit");
        assert_eq!(main.commit("same").allow_empty(true).await.unwrap(), main.get_commit().await.unwrap());
        respond("cherryPick");
        assert_eq!(main.cherry_pick("branch").await.unwrap(), main.get_commit().await.unwrap());
        assert_eq!(commits(&main).await, before + 3, "{status} {body}");
        // Only these two operations read a commit back.
        if status == 404 {
            continue;
        }
        respond("revertBranch");
        main.revert("main~2").allow_empty(true).await.unwrap();
        commit_objects(&branch, "source", &[(data, data)]).await;
        respond("mergeIntoBranch");
        let merged = branch.merge_into("main").squash(true).await.unwrap();
        assert_eq!(merged.reference, main.get().await.unwrap().commit_id);
        respond("hardResetBranch");
        main.hard_reset("main~1").await.unwrap();
        assert_eq!(commits(&main).await, before + 4);
    }
    for (operation, count) in [
        ("commit", 8),
        ("cherryPick", 4),
        ("revertBranch", 3),
        ("mergeIntoBranch", 3),
        ("hardResetBranch", 3),
    ] {
        let failed = server.requests_for(operation).into_iter().filter(|request| request.status >= Some(400));
        assert_eq!(failed.count(), count, "{operation}");
    }
    assert_eq!(faults.pending(), [""; 0]);
}
