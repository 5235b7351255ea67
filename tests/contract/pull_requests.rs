//! Pull requests: their life, merges and lists.

use lakefs::models::{PullRequestStatus, PullRequestStatusFilter};
use lakefs::requests::ListPullRequests;
use lakefs::{ErrorKind, PullRequest, Repository, TryStreamExt as _};

use crate::support::{Fixture, commit_objects, expect_error};

/// Creates a repository whose branch `exp` is one commit ahead of `main`.
async fn repository_with_changes(fixture: &Fixture, test: &str) -> Repository {
    let repository = fixture.repository(test).await;
    let exp = repository.branch("exp");
    exp.create("main").await.unwrap();
    commit_objects(&exp, "one", &[("a", "1")]).await;
    repository
}

async fn create(repository: &Repository, title: &str) -> PullRequest {
    let created = repository.create_pull_request("exp", "main", title).await.unwrap();
    repository.pull_request(created.id)
}

#[tokio::test]
async fn pr_01_pull_request_is_created_updated_closed_and_reopened() {
    let fixture = Fixture::new().await;
    let repository = repository_with_changes(&fixture, "pr_01").await;
    let created = repository.create_pull_request("exp", "main", "Add a").description("why").await.unwrap();
    let request = repository.pull_request(created.id);

    let opened = request.get().await.unwrap();
    assert_eq!((opened.id.as_str(), opened.title.as_str()), (request.id(), "Add a"));
    assert_eq!(opened.description.as_deref(), Some("why"));
    assert_eq!((opened.source_branch.as_str(), opened.destination_branch.as_str()), ("exp", "main"));
    assert_eq!((&opened.status, opened.closed_date), (&PullRequestStatus::Open, None));
    assert_eq!(opened.merged_commit_id, None);
    assert!(!opened.author.is_empty());

    request.update().title("Add b").await.unwrap();
    let updated = request.get_opt().await.unwrap().unwrap();
    assert_eq!((updated.title.as_str(), updated.description.as_deref()), ("Add b", Some("why")));
    request.update().description("because").await.unwrap();
    request.close().await.unwrap();
    let closed = request.get().await.unwrap();
    assert_eq!((closed.title.as_str(), closed.description.as_deref()), ("Add b", Some("because")));
    assert_eq!(closed.status, PullRequestStatus::Closed);
    assert!(closed.closed_date.is_some_and(|closed| closed >= opened.creation_date));

    request.update().status(PullRequestStatus::Open).await.unwrap();
    assert_eq!(request.get().await.unwrap().status, PullRequestStatus::Open);
    assert!(request.exists().await.unwrap());
}

#[tokio::test]
async fn pr_01_merged_pull_request_names_its_merge_commit() {
    let fixture = Fixture::new().await;
    let repository = repository_with_changes(&fixture, "pr_01").await;
    let request = create(&repository, "Add a").await;
    let merged = request.merge().await.unwrap();

    let head = repository.branch("main").get_commit().await.unwrap();
    assert_eq!((head.id.as_str(), head.parents.len()), (merged.reference.as_str(), 2));
    assert!(repository.branch("main").object("a").exists().await.unwrap());
    let closed = request.get().await.unwrap();
    assert_eq!(closed.status, PullRequestStatus::Merged);
    assert_eq!(closed.merged_commit_id.as_deref(), Some(merged.reference.as_str()));
    assert!(closed.closed_date.is_some());

    let again = request.merge().await;
    expect_error(again, "merge_pull_request", 400, ErrorKind::InvalidRequest, "bad pull request status");
    let empty = create(&repository, "Again").await;
    expect_error(empty.merge().await, "merge_pull_request", 400, ErrorKind::NoChanges, "no changes");
}

#[tokio::test]
async fn pr_01_conflict_names_the_paths_and_keeps_the_pull_request_open() {
    let fixture = Fixture::new().await;
    let repository = repository_with_changes(&fixture, "pr_01").await;
    let main = repository.branch("main");
    commit_objects(&main, "other", &[("a", "2"), ("b", "2")]).await;
    let request = create(&repository, "Add a").await;

    let error = expect_error(
        request.merge().await,
        "merge_pull_request",
        409,
        ErrorKind::MergeConflict,
        "conflict found",
    );
    let conflicts: Vec<_> = error.conflicts().iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(conflicts, ["a"]);
    assert_eq!(request.get().await.unwrap().status, PullRequestStatus::Open);

    main.object("c").upload("uncommitted").await.unwrap();
    let dirty = request.merge().await;
    expect_error(dirty, "merge_pull_request", 400, ErrorKind::UncommittedChanges, "dirty branch");
}

#[tokio::test]
async fn pr_01_missing_branches_and_unknown_pull_requests_fail() {
    let fixture = Fixture::new().await;
    let repository = repository_with_changes(&fixture, "pr_01").await;
    let create = |source, destination| repository.create_pull_request(source, destination, "t");
    let operation = "create_pull_request";
    expect_error(create("exp", "exp").await, operation, 400, ErrorKind::InvalidRequest, "are the same");
    expect_error(create("nope", "main").await, operation, 404, ErrorKind::NotFound, "not found");
    expect_error(create("exp", "nope").await, operation, 404, ErrorKind::NotFound, "not found");

    // The first identifier is valid and unknown, the second one is invalid.
    let missing = repository.pull_request("4onsng1ksdubejidbkgg");
    expect_error(missing.get().await, "get_pull_request", 404, ErrorKind::NotFound, "pull request not found");
    expect_error(missing.close().await, "update_pull_request", 404, ErrorKind::NotFound, "not found");
    expect_error(missing.merge().await, "merge_pull_request", 404, ErrorKind::NotFound, "not found");
    let wrong = repository.pull_request("1");
    expect_error(wrong.get().await, "get_pull_request", 400, ErrorKind::InvalidRequest, "pull request id");
    for request in [missing, wrong] {
        assert_eq!(request.get_opt().await.unwrap(), None);
        assert!(!request.exists().await.unwrap());
    }
}

#[tokio::test]
async fn pr_01_list_is_sorted_by_identifier() {
    let fixture = Fixture::new().await;
    let repository = repository_with_changes(&fixture, "pr_01").await;
    let create = async |title| create(&repository, title).await;
    let (open, closed, merged) = (create("open").await, create("closed").await, create("merged").await);
    closed.close().await.unwrap();
    merged.merge().await.unwrap();
    let sorted = |requests: &[&PullRequest]| {
        let mut ids: Vec<_> = requests.iter().map(|request| request.id().to_owned()).collect();
        ids.sort();
        ids
    };

    let list = || repository.pull_requests();
    let ids = async |list: ListPullRequests| {
        list.map_ok(|request| request.id).try_collect::<Vec<_>>().await.unwrap()
    };
    let all = sorted(&[&open, &closed, &merged]);
    assert_eq!(ids(list()).await, all);
    assert_eq!(ids(list().page_size(1)).await, all);
    assert_eq!(ids(list().status(PullRequestStatusFilter::All)).await, all);
    assert_eq!(ids(list().status(PullRequestStatusFilter::Open)).await, [open.id()]);
    assert_eq!(ids(list().status(PullRequestStatusFilter::Closed)).await, sorted(&[&closed, &merged]));
    assert_eq!(ids(list().prefix(closed.id())).await, [closed.id()]);
    assert_eq!(ids(list().after(&all[0])).await, all[1..]);
}
