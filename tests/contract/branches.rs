//! Branches: names, sources, lists and deletion.

use lakefs::{ErrorKind, TryStreamExt as _, models};

use crate::support::{Fixture, commit_objects, create_tag, expect_error, read_text, upload_objects};

#[tokio::test]
async fn branch_01_new_branch_points_to_the_commit_of_its_source() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_01").await;
    let head = commit_objects(&main, "one", &[("a", "1")]).await.id;

    let branch = main.repository().branch("branch");
    assert!(!branch.exists().await.unwrap());
    let created = branch.create("main").await.unwrap();
    assert_eq!((&*created.id, &*created.commit_id), ("branch", &*head));
    assert_eq!(branch.get().await.unwrap(), created);
    assert_eq!(branch.get_opt().await.unwrap(), Some(created));
    assert_eq!(read_text(&branch.object("a")).await, "1");

    // The server responds with the plain identifier, where its contract has JSON.
    let response = fixture
        .client
        .api()
        .create_branch()
        .repository(main.repository().name())
        .body(models::BranchCreation::new("another", "main"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status(), response.header("content-type")),
        (201, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(response.into_inner(), head);
}

#[tokio::test]
async fn branch_02_existing_name_is_a_conflict() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_02").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    for name in ["branch", "main"] {
        let again = main.repository().branch(name).create("main").await;
        expect_error(again, "create_branch", 409, ErrorKind::AlreadyExists, "branch already exists");
    }
}

#[tokio::test]
async fn branch_03_names_are_letters_digits_underscores_and_inner_hyphens() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_03").await;
    let repository = &main.repository();

    let long = "b".repeat(300);
    for name in ["0", "_", "A-b_9-", "HEAD", &long] {
        let branch = repository.branch(name);
        branch.create("main").await.unwrap();
        assert_eq!(branch.get().await.unwrap().id, name);
    }

    for name in
        ["a/b", "a.b", "-a", "é", "a b", "main@", "main~1", "main^", "main$", "a\\b", "a%2Fb", "a\nb", "a?b"]
    {
        let branch = repository.branch(name);
        expect_error(
            branch.create("main").await,
            "create_branch",
            400,
            ErrorKind::InvalidRequest,
            "branch id",
        );
        expect_error(branch.get().await, "get_branch", 400, ErrorKind::InvalidRequest, "branch id");
        expect_error(branch.delete().await, "delete_branch", 400, ErrorKind::InvalidRequest, "branch id");
        assert_eq!(branch.get_opt().await.unwrap(), None, "{name:?}");
    }

    // In a body these names are invalid like others. In a path they would name another resource, so they are not sent.
    for (name, status) in [("", 500), (".", 400), ("..", 400)] {
        let branch = repository.branch(name);
        let created = branch.create("main").await;
        expect_error(created, "create_branch", status, ErrorKind::InvalidRequest, "validation error");
        expect_error(branch.get().await, "get_branch", None, ErrorKind::InvalidRequest, "cannot be a name");
        expect_error(
            branch.delete().await,
            "delete_branch",
            None,
            ErrorKind::InvalidRequest,
            "cannot be a name",
        );
        assert_eq!(branch.get_opt().await.unwrap(), None, "{name:?}");
    }
}

#[tokio::test]
async fn branch_04_is_created_from_any_ref_that_is_a_commit() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_04").await;
    let repository = &main.repository();
    let root = main.get_commit().await.unwrap().id;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    let two = commit_objects(&main, "two", &[("a", "2")]).await.id;
    create_tag(repository, "v1", &one).await;

    let at = [
        ("main", &two),
        ("main@", &two),
        ("main~", &one),
        ("main~2", &root),
        ("main^1", &one),
        ("main^0", &two),
        ("v1", &one),
        ("v1~1", &root),
        (&*one, &one),
        (&two[..16], &two),
    ];
    for (number, (source, expected)) in at.into_iter().enumerate() {
        let branch = repository.branch(format!("branch-{number}"));
        assert_eq!(branch.create(source).await.unwrap().commit_id, *expected, "{source}");
        assert_eq!(branch.get().await.unwrap().commit_id, *expected, "{source}");
    }

    let refusals = [
        ("nowhere", 404, ErrorKind::NotFound, "not found"),
        ("main~3", 404, ErrorKind::NotFound, "not found"),
        ("main^9", 400, ErrorKind::InvalidRequest, "invalid value"),
        ("main~x", 400, ErrorKind::InvalidRequest, "invalid value"),
        ("v1@", 400, ErrorKind::InvalidRequest, "invalid value"),
        ("main$", 500, ErrorKind::InvalidRequest, "can't create a branch without commit"),
    ];
    let branch = repository.branch("branch");
    for (source, status, kind, words) in refusals {
        expect_error(branch.create(source).await, "create_branch", status, kind, words);
        assert!(!branch.exists().await.unwrap(), "{source}");
    }
}

#[tokio::test]
async fn branch_05_name_of_a_tag_or_a_commit_is_a_conflict() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_05").await;
    let root = main.get_commit().await.unwrap().id;
    create_tag(&main.repository(), "v1", "main").await;
    for (name, words) in [("v1", "v1: conflict found"), (&*root, "conflict found")] {
        let created = main.repository().branch(name).create("main").await;
        expect_error(created, "create_branch", 409, ErrorKind::AlreadyExists, words);
    }
}

#[tokio::test]
async fn branch_06_hidden_branches_are_listed_on_request() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_06").await;
    let repository = &main.repository();
    let hidden = repository.branch("hidden");
    let created = hidden.create("main").hidden(true).await.unwrap();
    assert_eq!(hidden.get().await.unwrap(), created);

    let shown: Vec<_> = repository.branches().map_ok(|branch| branch.id).try_collect().await.unwrap();
    assert_eq!(shown, ["main"]);
    // Hidden branches do not count towards the page size.
    let page = repository.branches().page_size(1).pages().try_next().await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.next), (1, None));
    let all = repository.branches().show_hidden(true);
    assert_eq!(all.map_ok(|branch| branch.id).try_collect::<Vec<_>>().await.unwrap(), ["hidden", "main"]);
}

#[tokio::test]
async fn branch_07_lists_are_sorted_by_name_and_complete() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_07").await;
    let repository = &main.repository();
    let all = ["B", "_", "a", "a-1", "a1", "main"];
    for name in all.iter().rev().filter(|name| **name != "main") {
        repository.branch(*name).create("main").await.unwrap();
    }
    let names =
        |list: lakefs::requests::ListBranches| list.map_ok(|branch| branch.id).try_collect::<Vec<_>>();
    for page_size in [1, 2, 1000] {
        assert_eq!(names(repository.branches().page_size(page_size)).await.unwrap(), all);
    }
    assert_eq!(names(repository.branches().prefix("a").page_size(1)).await.unwrap(), all[2..5]);
    assert_eq!(names(repository.branches().after("a").page_size(1)).await.unwrap(), all[3..]);
    // The name after which a list starts need not exist.
    assert_eq!(names(repository.branches().after("Z")).await.unwrap(), all[1..]);
    assert_eq!(names(repository.branches().prefix("a").after("a-")).await.unwrap(), all[3..5]);

    let pages: Vec<_> = repository.branches().page_size(4).pages().try_collect().await.unwrap();
    let pages: Vec<_> = pages.iter().map(|page| (page.items.len(), page.next.as_deref())).collect();
    assert_eq!(pages, [(4, Some("a-1")), (2, None)]);

    let nowhere = fixture.client.repository(fixture.unique_name("branch_07"));
    let listed = nowhere.branches().try_next().await;
    expect_error(listed, "list_branches", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn branch_08_every_branch_but_the_default_branch_can_be_deleted() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_08").await;
    let refusal = main.delete().await;
    expect_error(
        refusal,
        "delete_branch",
        403,
        ErrorKind::WriteProtected,
        "cannot delete repository default branch",
    );
    // Nor can it be forced.
    let refusal = main.delete().force(true).await;
    expect_error(
        refusal,
        "delete_branch",
        403,
        ErrorKind::WriteProtected,
        "cannot delete repository default branch",
    );
    assert!(main.exists().await.unwrap());

    let branch = main.repository().branch("branch");
    expect_error(branch.delete().await, "delete_branch", 404, ErrorKind::NotFound, "branch not found");
    branch.create("main").await.unwrap();
    // Uncommitted changes are deleted with the branch.
    upload_objects(&branch, &[("a", "1")]).await;
    branch.delete().await.unwrap();
    assert_eq!(branch.get_opt().await.unwrap(), None);
    expect_error(branch.delete().await, "delete_branch", 404, ErrorKind::NotFound, "branch not found");

    branch.create("main").await.unwrap();
    assert!(!branch.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn branch_09_uncommitted_changes_are_visible_on_their_branch_only() {
    let fixture = Fixture::new().await;
    let main = fixture.main("branch_09").await;
    let branch = main.repository().branch("branch");
    commit_objects(&main, "one", &[("committed", "1")]).await;
    upload_objects(&main, &[("staged", "1")]).await;

    branch.create("main").await.unwrap();
    assert!(branch.object("committed").exists().await.unwrap());
    assert!(!branch.object("staged").exists().await.unwrap());
    assert_eq!(branch.uncommitted().try_collect::<Vec<_>>().await.unwrap(), []);

    upload_objects(&branch, &[("committed", "2")]).await;
    branch.object("committed").delete().await.unwrap();
    assert_eq!(read_text(&main.object("committed")).await, "1");
}
