//! Tags: names, sources, lists and deletion.

use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error};

#[tokio::test]
async fn tag_01_tag_is_created_read_and_deleted() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("tag_01").await;
    let head = repository.branch("main").get().await.unwrap().commit_id;
    let tag = repository.tag("v1");
    assert!(!tag.exists().await.unwrap());
    assert_eq!(tag.get_opt().await.unwrap(), None);
    expect_error(tag.get().await, "get_tag", 404, ErrorKind::NotFound, "tag not found");

    let created = tag.create("main").await.unwrap();
    assert_eq!((&*created.id, &created.commit_id), ("v1", &head));
    assert_eq!(tag.get().await.unwrap(), created);
    assert_eq!(tag.get_opt().await.unwrap(), Some(created));
    assert!(tag.exists().await.unwrap());
    assert_eq!(tag.get_commit().await.unwrap().id, head);

    tag.delete().await.unwrap();
    assert!(!tag.exists().await.unwrap());
    expect_error(tag.delete().await, "delete_tag", 404, ErrorKind::NotFound, "tag not found");
}

#[tokio::test]
async fn tag_01_list_is_sorted_by_name_and_complete() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("tag_01").await;
    for name in ["v2", "v10", "latest", "v1", "é"] {
        repository.tag(name).create("main").await.unwrap();
    }
    let names = |page_size| {
        let list = repository.tags().page_size(page_size);
        list.map_ok(|tag| tag.id).try_collect::<Vec<_>>()
    };
    let all = ["latest", "v1", "v10", "v2", "é"];
    assert_eq!(names(1000).await.unwrap(), all);
    assert_eq!(names(1).await.unwrap(), all);

    let list = repository.tags().prefix("v").after("v1");
    let some: Vec<_> = list.map_ok(|tag| tag.id).try_collect().await.unwrap();
    assert_eq!(some, ["v10", "v2"]);
}

#[tokio::test]
async fn tag_02_name_of_a_tag_a_branch_or_a_commit_is_a_conflict() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("tag_02").await;
    repository.tag("v1").create("main").await.unwrap();
    let again = repository.tag("v1").create("main").await;
    expect_error(again, "create_tag", 409, ErrorKind::AlreadyExists, "tag already exists");

    let branch = repository.tag("main").create("main").await;
    expect_error(branch, "create_tag", 409, ErrorKind::AlreadyExists, "conflict found");
    let head = repository.branch("main").get().await.unwrap().commit_id;
    let commit = repository.tag(head).create("main").await;
    expect_error(commit, "create_tag", 409, ErrorKind::AlreadyExists, "conflict found");
}

#[tokio::test]
async fn tag_03_names_follow_the_rules_of_git() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("tag_03").await;
    for name in ["1.0", "a b", "a/", "a..b", "a.lock", "a.", "@", "a@{b", "a^b", "a:b", "a?b", "a*b", "a[b"] {
        let created = repository.tag(name).create("main").await;
        if name == "1.0" {
            assert_eq!(created.unwrap().id, name);
        } else {
            expect_error(created, "create_tag", 400, ErrorKind::InvalidRequest, "tag id: invalid value");
        }
    }
    // A tag whose name reads as an expression cannot be used as a ref.
    for name in ["a~b", "ü", "a#b", "v1.0+b5", "100%", "a%2Fb", "a;b&c=d"] {
        let tag = repository.tag(name);
        assert_eq!(tag.create("main").await.unwrap().id, name);
        assert_eq!(tag.get().await.unwrap().id, name);
        assert_eq!(tag.get_commit().await.is_ok(), name != "a~b", "{name}");
        tag.delete().await.unwrap();
    }
    assert_eq!(repository.tag("a b").get_opt().await.unwrap(), None);
    expect_error(
        repository.tag("").create("main").await,
        "create_tag",
        500,
        ErrorKind::InvalidRequest,
        "required value",
    );
}

#[tokio::test]
async fn tag_04_is_created_from_any_ref_that_is_a_commit() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("tag_04").await;
    let main = repository.branch("main");
    main.object("a").upload("a").await.unwrap();
    let commit = main.commit("second").await.unwrap();
    let root = commit.parents[0].clone();
    for (name, source, expected) in [
        ("branch", "main", &commit.id),
        ("committed", "main@", &commit.id),
        ("expression", "main~1", &root),
        ("commit", &commit.id, &commit.id),
        ("prefix", &commit.id[..12], &commit.id),
        ("tag", "branch", &commit.id),
    ] {
        assert_eq!(repository.tag(name).create(source).await.unwrap().commit_id, *expected, "{source}");
    }
    let tag = repository.tag("none");
    expect_error(
        tag.create("main$").await,
        "create_tag",
        400,
        ErrorKind::InvalidRequest,
        "should point to a commit",
    );
    expect_error(tag.create("nothing").await, "create_tag", 404, ErrorKind::NotFound, "not found");
    expect_error(tag.create("main~9").await, "create_tag", 404, ErrorKind::NotFound, "not found");
    assert!(!tag.exists().await.unwrap());
}

#[tokio::test]
async fn tag_05_tag_does_not_move_with_its_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tag_05").await;
    let tag = main.repository().tag("v1");
    main.object("a").upload("one").await.unwrap();
    let first = main.commit("one").await.unwrap();
    tag.create("main").await.unwrap();
    main.object("a").upload("two").await.unwrap();
    main.commit("two").await.unwrap();

    assert_eq!(tag.object("a").read().await.unwrap(), "one");
    assert_eq!(tag.get_commit().await.unwrap(), first);
    let diff: Vec<_> = tag.diff("main").map_ok(|entry| entry.path).try_collect().await.unwrap();
    assert_eq!(diff, ["a"]);
}

#[tokio::test]
async fn tag_06_read_only_repository_needs_force() {
    let fixture = Fixture::new().await;
    let repository = fixture.read_only_repository("tag_06").await;
    let tag = repository.tag("v1");
    expect_error(
        tag.create("main").await,
        "create_tag",
        403,
        ErrorKind::WriteProtected,
        "read-only repository",
    );
    tag.create("main").force(true).await.unwrap();
    expect_error(tag.delete().await, "delete_tag", 403, ErrorKind::WriteProtected, "read-only repository");
    tag.delete().force(true).await.unwrap();
}
