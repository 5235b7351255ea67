//! Resolved merges whose destination moves, or whose responses are lost.

use std::time::Duration;

use lakefs::ConflictResolution::{Destination, Source};
use lakefs::{Branch, ErrorKind, TryStreamExt as _};

use crate::branches;
use crate::support::{Fixture, commit_objects, read_text, wait_until};

/// How long a delayed request waits on the server: long enough for a commit meanwhile.
const DELAY: Duration = Duration::from_millis(500);

/// Returns `main` and a branch with conflicts at `a` and `b`.
async fn diverged(fixture: &Fixture) -> (Branch, Branch) {
    let main = fixture.main("resolves").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "branch", &[("a", "2"), ("b", "2")]).await;
    commit_objects(&main, "main", &[("a", "1"), ("b", "1")]).await;
    (main, branch)
}

/// Commits an object to `main` when the server has received so many merges.
async fn commit_during_merge(fixture: &Fixture, main: &Branch, merges: usize, path: &str) {
    let server = fixture.test_server();
    let received = async || server.requests_for("merge_into_branch").len() == merges;
    wait_until("the merge is received", received).await;
    commit_objects(main, "other", &[(path, "other")]).await;
}

#[tokio::test]
async fn destination_that_moves_while_conflicts_are_resolved_is_a_retryable_conflict() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = diverged(&fixture).await;
    // The merges are the plain one, one for each strategy, and the last one.
    server.faults().on("merge_into_branch").after(2).times(1).delay(DELAY).proceed();
    let resolve = || branch.merge_into("main").resolve("a", Source).resolve("b", Destination);
    let other = commit_during_merge(&fixture, &main, 3, "c");
    let (resolved, ()) = tokio::join!(resolve().send(), other);
    let error = resolved.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Conflict, Some("merge_into_branch")),
        "{error}"
    );
    assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error}");
    assert!(error.to_string().contains("branch \"main\" moved"), "{error}");
    assert_eq!(main.get_commit().await.unwrap().message, "other");
    assert_eq!(branches(&main).await, ["branch", "main"]);

    resolve().await.unwrap();
    assert_eq!(
        (read_text(&main.object("a")).await, read_text(&main.object("b")).await),
        ("2".into(), "1".into())
    );
    assert_eq!(read_text(&main.object("c")).await, "other");
}

#[tokio::test]
async fn destination_that_moves_during_the_last_merge_keeps_its_changes() {
    for (path, moved) in [("a", true), ("b", false), ("c", false)] {
        let fixture = Fixture::in_memory().await;
        let server = fixture.test_server();
        let (main, branch) = diverged(&fixture).await;
        server.faults().on("merge_into_branch").after(3).times(1).delay(DELAY).proceed();
        let resolve = branch.merge_into("main").resolve("a", Source).resolve("b", Destination);
        let other = commit_during_merge(&fixture, &main, 4, path);
        let (resolved, ()) = tokio::join!(resolve.send(), other);
        assert_eq!(read_text(&main.object(path)).await, "other");
        match resolved {
            Ok(_) => assert!(!moved && read_text(&main.object("a")).await == "2", "{path}"),
            Err(error) => {
                assert!(
                    moved && error.kind() == ErrorKind::Conflict && error.is_retryable(),
                    "{path} {error}"
                );
            }
        }
        assert_eq!(branches(&main).await, ["branch", "main"]);
    }
}

#[tokio::test]
async fn resolved_merge_with_an_unknown_outcome_keeps_its_branch() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = diverged(&fixture).await;
    let head = main.get().await.unwrap();
    // A lost step before the last merge changes nothing.
    server.faults().on("merge_into_branch").after(1).times(1).drop_connection();
    let resolve = || branch.merge_into("main").resolve("a", Source).resolve("b", Source);
    let error = resolve().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Transport && !error.is_outcome_unknown(), "{error}");
    assert_eq!((main.get().await.unwrap(), branches(&main).await.len()), (head.clone(), 2));

    server.faults().on("merge_into_branch").after(3).times(1).drop_connection();
    server.faults().on("get_commit").after(1).always().respond(403, r#"{"message":"no"}"#);
    let error = resolve().await.unwrap_err();
    server.faults().clear();
    assert!(error.is_outcome_unknown(), "{error}");
    let kept: Vec<_> = main.repository().abandoned_transactions(Duration::ZERO).try_collect().await.unwrap();
    let [kept] = &*kept else { panic!("{kept:?}") };
    assert!(error.to_string().contains(kept.branch().name()), "{error}");
    assert_eq!(main.get().await.unwrap(), head);
}

#[tokio::test]
async fn resolved_merge_with_a_lost_response_is_found() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = diverged(&fixture).await;
    server.faults().on("merge_into_branch").after(3).times(1).drop_response();
    let merged = branch.merge_into("main").resolve("a", Source).resolve("b", Destination).await.unwrap();
    assert_eq!(main.get().await.unwrap().commit_id, merged.reference);
    assert_eq!(branches(&main).await, ["branch", "main"]);
}
