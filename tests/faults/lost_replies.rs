//! Replies that are lost after the server has acted, or requests before it has: what changes a branch happens once, and
//! the caller is told the truth.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::{Branch, Error, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{Lake, commit, entries, refused, stage, text};

/// How many commits a branch has.
async fn commits(branch: &Branch) -> usize {
    branch.log().try_collect::<Vec<_>>().await.unwrap().len()
}

#[track_caller]
fn uncertain<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Transport, None), "{error}");
    assert!(error.is_outcome_unknown(), "{error}");
    assert!(error.to_string().ends_with("; the outcome is unknown: it may have taken effect"), "{error}");
}

#[tokio::test]
async fn retry_01_a_commit_that_happened_is_found() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("retry_01").await;
    stage(&main, &[("a", "1")]).await;
    server.faults().on("commit").drop_response();
    let found = main.commit("one").metadata("k", "v").await.unwrap();
    assert_eq!(found, main.get_commit().await.unwrap());

    // A reply that cannot be read is as good as none.
    for fault in ["cut", "junk"] {
        stage(&main, &[("a", fault)]).await;
        match fault {
            "cut" => server.faults().on("commit").truncate_body(),
            _ => server.faults().on("commit").replace_body("<html>"),
        }
        assert_eq!(main.commit(fault).await.unwrap(), main.get_commit().await.unwrap());
    }
    assert_eq!(commits(&main).await, 4);
}

#[tokio::test]
async fn retry_02_a_commit_that_did_not_happen_is_outcome_unknown() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("retry_02").await;
    // One with the same words, but old.
    main.commit("one").allow_empty(true).date(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).await.unwrap();
    server.faults().on("commit").drop_connection();
    uncertain(main.commit("one").await);
    // One with the same words, and just made: what it would have committed is still staged.
    commit(&main, "one", &[("a", "1")]).await;
    stage(&main, &[("a", "2")]).await;
    server.faults().on("commit").drop_connection();
    uncertain(main.commit("one").await);
    assert_eq!(entries(main.uncommitted()).await, ["changed a"]);
    assert_eq!(commits(&main).await, 3);
}

#[tokio::test]
async fn retry_03_a_commit_that_cannot_be_told_from_others_is_outcome_unknown() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("retry_03").await;
    server.faults().on("commit").drop_response();
    uncertain(main.commit("one").allow_empty(true).await);
    stage(&main, &[("a", "1")]).await;
    server.faults().on("commit").drop_response();
    uncertain(main.commit("two").date(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).await);
    assert_eq!(commits(&main).await, 3);

    // Another writer commits before the client has looked.
    stage(&main, &[("a", "2")]).await;
    server.faults().on("commit").drop_response();
    server.faults().on("getCommit").delay(Duration::from_millis(500)).proceed();
    let other = async {
        while commits(&main).await < 4 {}
        commit(&main, "other", &[("a", "3")]).await;
    };
    let (lost, ()) = tokio::join!(async { main.commit("three").await }, other);
    uncertain(lost);
    assert_eq!(commits(&main).await, 5);
}

/// `main` and a branch of it that is one commit ahead.
async fn ahead(lake: &Lake, test: &str) -> (Branch, Branch) {
    let main = lake.main(test).await;
    commit(&main, "base", &[("a", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit(&branch, "source", &[("a", "1")]).await;
    (main, branch)
}

#[tokio::test]
async fn retry_04_a_merge_that_happened_is_found() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let (main, branch) = ahead(&lake, "retry_04").await;
    server.faults().on("mergeIntoBranch").drop_response();
    let found = branch.merge_into("main").await.unwrap();
    assert_eq!(found.reference, main.get().await.unwrap().commit_id);
    assert_eq!(commits(&main).await, 4);

    commit(&branch, "source", &[("a", "2")]).await;
    commit(&main, "destination", &[("a", "3")]).await;
    server.faults().on("mergeIntoBranch").drop_response();
    let merge = branch.merge_into("main").strategy(MergeStrategy::SourceWins).message("mine");
    let found = merge.metadata("k", "v").await.unwrap();
    assert_eq!(found.reference, main.get().await.unwrap().commit_id);
    assert_eq!(text(&main.object("a")).await, "2");
    assert_eq!(commits(&main).await, 7);
}

#[tokio::test]
async fn retry_05_a_merge_that_cannot_be_told_is_outcome_unknown() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let (main, branch) = ahead(&lake, "retry_05").await;
    server.faults().on("mergeIntoBranch").drop_connection();
    uncertain(branch.merge_into("main").await);
    assert_eq!(commits(&main).await, 2);

    server.faults().on("mergeIntoBranch").drop_response();
    uncertain(branch.merge_into("main").squash(true).await);
    assert_eq!(commits(&main).await, 3);
    server.faults().on("mergeIntoBranch").drop_response();
    uncertain(branch.merge_into("main").allow_empty(true).await);
    assert_eq!(main.log().first_parent(true).try_collect::<Vec<_>>().await.unwrap().len(), 4);
}

#[tokio::test]
async fn retry_06_a_revert_that_happened_is_found() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("retry_06").await;
    commit(&main, "base", &[("a", "0")]).await;
    let one = commit(&main, "one", &[("a", "1")]).await.id;
    server.faults().on("revertBranch").drop_response();
    main.revert(&one).await.unwrap();
    let reverted = main.get_commit().await.unwrap();
    assert_eq!((reverted.message, commits(&main).await), (format!("Revert {one}"), 4));

    server.faults().on("revertBranch").drop_response();
    main.revert(&reverted.id).message("Again").metadata("k", "v").await.unwrap();
    assert_eq!((text(&main.object("a")).await, commits(&main).await), ("1".to_owned(), 5));
}

#[tokio::test]
async fn retry_07_a_revert_that_cannot_be_told_is_outcome_unknown() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("retry_07").await;
    commit(&main, "base", &[("a", "0")]).await;
    let one = commit(&main, "one", &[("a", "1")]).await.id;
    server.faults().on("revertBranch").drop_connection();
    uncertain(main.revert(&one).await);
    assert_eq!(commits(&main).await, 3);
    server.faults().on("revertBranch").drop_response();
    uncertain(main.revert("main").await);
    assert_eq!(commits(&main).await, 4);
}

#[tokio::test]
async fn retry_08_a_cherry_pick_is_never_sent_again() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let (main, _) = ahead(&lake, "retry_08").await;
    server.faults().on("cherryPick").drop_response();
    uncertain(main.cherry_pick("branch").await);
    assert_eq!(commits(&main).await, 3);
    server.faults().on("cherryPick").drop_connection();
    uncertain(main.cherry_pick("branch").await);
    assert_eq!(commits(&main).await, 3);
}

#[tokio::test]
async fn retry_09_what_the_server_refused_is_certain() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("retry_09").await;
    stage(&main, &[("a", "1")]).await;
    server.faults().on("commit").times(2).respond(503, r#"{"message":"slow down"}"#);
    server.faults().on("commit").respond(500, r#"{"message":"update branch: predicate failed"}"#);
    main.commit("one").await.unwrap();
    assert_eq!(commits(&main).await, 2);

    let error = main.commit("two").await.unwrap_err();
    assert!(!error.is_outcome_unknown() && !error.to_string().contains("may have taken effect"), "{error}");
    // What only reads is never uncertain.
    server.faults().on("getBranch").always().drop_connection();
    let retries = lakefs::RetryPolicy::none();
    let client = lake.builder().retries(retries).build().unwrap();
    let error = client.repository(main.repository().name()).branch("main").get().await.unwrap_err();
    assert!(!error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn reset_07_a_lost_reply_is_asked_for_again_only_where_that_does_no_harm() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("reset_07").await;
    let one = commit(&main, "one", &[("a", "1")]).await.id;
    let two = commit(&main, "two", &[("a", "2")]).await.id;
    commit(&main, "three", &[("a", "3")]).await;

    server.faults().on("hardResetBranch").drop_response();
    let error = refused(main.hard_reset("main~1").await, "hard_reset_branch", None, ErrorKind::Transport, "");
    assert!(error.is_outcome_unknown());
    assert!(error.to_string().ends_with("it may have taken effect"), "{error}");
    assert_eq!(main.get().await.unwrap().commit_id, two);

    server.faults().on("hardResetBranch").drop_response();
    main.hard_reset(&one).await.unwrap();
    assert_eq!(main.get().await.unwrap().commit_id, one);

    stage(&main, &[("b", "1")]).await;
    server.faults().on("resetBranch").drop_response();
    main.reset().await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, [""; 0]);
}

/// A condition that the lost request itself has made false is no refusal.
#[tokio::test]
async fn prot_01_a_lost_reply_is_not_taken_for_an_edit_of_somebody_else() {
    let lake = Lake::start().await;
    let protection = lake.repository("prot_01").await.branch_protection();
    let server = lake.server.as_ref().unwrap();
    protection.set(["main"]).await.unwrap();
    let tag = protection.get().await.unwrap().etag;
    server.faults().on("setBranchProtectionRules").drop_response();
    protection.set(["main", "a"]).if_match(tag).await.unwrap();
    server.faults().on("setBranchProtectionRules").drop_response();
    protection.protect("b").await.unwrap();
    assert_eq!(protection.get().await.unwrap().patterns, ["a", "b", "main"].map(str::to_owned).into());
}

#[tokio::test]
async fn tag_07_a_tag_whose_reply_is_lost_is_found() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let repository = lake.repository("tag_07").await;
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
async fn tag_08_a_tag_of_somebody_else_is_not_taken_for_ones_own() {
    let lake = Lake::start().await;
    let server = lake.server.as_ref().unwrap();
    let main = lake.main("tag_08").await;
    let tag = main.repository().tag("v1");
    tag.create("main").await.unwrap();
    main.commit("empty").allow_empty(true).await.unwrap();

    server.faults().on("createTag").drop_connection();
    refused(tag.create("main").await, "create_tag", 409, ErrorKind::AlreadyExists, "tag already exists");
}
