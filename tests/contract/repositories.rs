//! Repositories: names, storage namespaces, lists, deletion and read-only repositories.

use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error};

#[tokio::test]
async fn repo_01_created_repository_can_be_read() {
    let fixture = Fixture::new().await;
    let name = fixture.unique_name("repo_01");
    let repository = fixture.client.repository(&name);
    assert!(!repository.exists().await.unwrap());
    assert_eq!(repository.get_opt().await.unwrap(), None);

    let created = repository.create(fixture.namespace(&name)).default_branch("trunk").await.unwrap();
    assert_eq!(created.id, name);
    assert_eq!(created.storage_namespace, fixture.namespace(&name));
    assert_eq!(created.default_branch, "trunk");
    assert_eq!(created.read_only, Some(false));
    assert_eq!(created.storage_id.as_deref(), Some(""));
    assert!(created.creation_date > 1_700_000_000, "{}", created.creation_date);

    assert_eq!(repository.get().await.unwrap(), created);
    assert_eq!(repository.get_opt().await.unwrap(), Some(created));
    assert!(repository.exists().await.unwrap());
    assert!(repository.branch("trunk").exists().await.unwrap());
}

#[tokio::test]
async fn repo_02_existing_name_is_a_conflict() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("repo_02").await;
    let again = repository.create(fixture.namespace(&fixture.unique_name("repo_02"))).await;
    expect_error(again, "create_repository", 409, ErrorKind::AlreadyExists, "not unique");
}

#[tokio::test]
async fn repo_03_storage_namespace_in_use_is_rejected() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("repo_03").await;
    let other = fixture.client.repository(fixture.unique_name("repo_03"));
    let taken = other.create(fixture.namespace(repository.name())).await;
    expect_error(taken, "create_repository", 400, ErrorKind::InvalidRequest, "already in use");
    assert!(!other.exists().await.unwrap());
}

#[tokio::test]
async fn repo_04_storage_namespace_must_match_the_storage_of_the_server() {
    let fixture = Fixture::new().await;
    let name = fixture.unique_name("repo_04");
    let repository = fixture.client.repository(&name);
    let other = if fixture.namespace("").starts_with("s3:") { "gs" } else { "s3" };
    for (namespace, words) in [
        (format!("{other}://bucket/{name}"), "invalid namespace"),
        (format!("ftp://host/{name}"), "storage_namespace"),
        (name.clone(), "storage_namespace"),
        (String::new(), "storage_namespace"),
    ] {
        let created = repository.create(namespace).await;
        expect_error(created, "create_repository", 400, ErrorKind::InvalidRequest, words);
    }
    assert!(!repository.exists().await.unwrap());
}

#[tokio::test]
async fn repo_05_invalid_names_are_rejected_at_creation() {
    let fixture = Fixture::new().await;
    let namespace = fixture.namespace(&fixture.unique_name("repo_05"));
    let long = "a".repeat(64);
    for name in
        ["", "ab", &long, "Upper", "-dash", "under_score", "do.t", "a/b", "a b", "é-accent", ".", ".."]
    {
        let created = fixture.client.repository(name).create(&namespace).await;
        expect_error(created, "create_repository", 400, ErrorKind::InvalidRequest, "name");
    }
    // The failed calls have not taken the namespace.
    fixture.client.repository(fixture.unique_name("repo_05")).create(&namespace).await.unwrap();
}

#[tokio::test]
async fn repo_06_list_is_sorted_by_name_and_complete() {
    let fixture = Fixture::new().await;
    let prefix = fixture.unique_name("repo_06");
    for suffix in ["c", "a", "b"] {
        let name = format!("{prefix}-{suffix}");
        fixture.client.repository(&name).create(fixture.namespace(&name)).await.unwrap();
    }
    let names = |page_size| {
        let list = fixture.client.repositories().prefix(&prefix).page_size(page_size);
        list.map_ok(|repository| repository.id).try_collect::<Vec<_>>()
    };
    let all = ["a", "b", "c"].map(|suffix| format!("{prefix}-{suffix}"));
    assert_eq!(names(1000).await.unwrap(), all);
    assert_eq!(names(1).await.unwrap(), all);

    let after = fixture.client.repositories().prefix(&prefix).after(&all[0]);
    let after: Vec<_> = after.map_ok(|repository| repository.id).try_collect().await.unwrap();
    assert_eq!(after, all[1..]);

    let found = fixture.client.repositories().prefix(&prefix).search("-b");
    let found: Vec<_> = found.map_ok(|repository| repository.id).try_collect().await.unwrap();
    assert_eq!(found, all[1..2]);
}

/// lakeFS caches repositories for up to seven seconds, so the test does not read the repository before its deletion.
#[tokio::test]
async fn repo_07_deleted_repository_is_not_found() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("repo_07").await;
    repository.delete().await.unwrap();
    expect_error(
        repository.delete().await,
        "delete_repository",
        404,
        ErrorKind::NotFound,
        "repository not found",
    );
    let listed: Vec<_> = fixture.client.repositories().prefix(repository.name()).try_collect().await.unwrap();
    assert_eq!(listed, []);

    // The namespace remains in use.
    let other = fixture.client.repository(fixture.unique_name("repo_07"));
    let created = other.create(fixture.namespace(repository.name())).await;
    expect_error(created, "create_repository", 400, ErrorKind::InvalidRequest, "already in use");
}

#[tokio::test]
async fn repo_08_read_only_repository_rejects_writes_without_force() {
    #[track_caller]
    fn expect_read_only<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str) {
        expect_error(result, operation, 403, ErrorKind::WriteProtected, "read-only repository");
    }

    let fixture = Fixture::new().await;
    let name = fixture.unique_name("repo_08");
    let repository = fixture.client.repository(&name);
    let created = repository.create(fixture.namespace(&name)).read_only(true).await.unwrap();
    assert_eq!(created.read_only, Some(true));
    let (main, branch) = (repository.branch("main"), repository.branch("branch"));
    let object = branch.object("a");

    expect_read_only(branch.create("main").await, "create_branch");
    branch.create("main").force(true).await.unwrap();

    expect_read_only(object.upload("1").await, "upload_object");
    assert!(!object.exists().await.unwrap());
    object.upload("1").force(true).await.unwrap();

    expect_read_only(branch.commit("one").await, "commit");
    branch.commit("one").force(true).await.unwrap();

    expect_read_only(branch.merge_into("main").await, "merge_into_branch");
    branch.merge_into("main").force(true).await.unwrap();
    assert_eq!(main.object("a").read().await.unwrap(), "1");

    expect_read_only(object.delete().await, "delete_object");
    assert!(object.exists().await.unwrap());
    object.delete().force(true).await.unwrap();
    assert!(!object.exists().await.unwrap());

    expect_read_only(branch.delete().await, "delete_branch");
    branch.delete().force(true).await.unwrap();

    expect_read_only(repository.delete().await, "delete_repository");
    repository.delete().force(true).await.unwrap();
}

#[tokio::test]
async fn repo_09_bare_repository_has_no_branch() {
    let fixture = Fixture::new().await;
    let name = fixture.unique_name("repo_09");
    let repository = fixture.client.repository(&name);
    let created = repository.create(fixture.namespace(&name)).bare(true).await.unwrap();
    assert_eq!((&*created.id, &*created.default_branch), (&*name, "main"));
    // The response to the creation omits this field.
    assert_eq!(created.read_only, None);
    assert_eq!(repository.get().await.unwrap().read_only, Some(false));

    assert_eq!(repository.branches().try_collect::<Vec<_>>().await.unwrap(), []);
    let main = repository.branch("main");
    expect_error(main.get().await, "get_branch", 404, ErrorKind::NotFound, "branch not found");
    expect_error(main.get_commit().await, "get_commit", 404, ErrorKind::NotFound, "not found");
    expect_error(main.log().try_next().await, "log_commits", 404, ErrorKind::NotFound, "not found");
    expect_error(main.object("a").read().await, "get_object", 404, ErrorKind::NotFound, "not found");
    expect_error(main.object("a").upload("1").await, "upload_object", 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn repo_11_missing_and_invalid_names_yield_none() {
    let fixture = Fixture::new().await;
    let missing = fixture.client.repository(fixture.unique_name("repo_11"));
    expect_error(missing.get().await, "get_repository", 404, ErrorKind::NotFound, "repository not found");
    assert_eq!(missing.get_opt().await.unwrap(), None);

    let long = "a".repeat(64);
    for name in
        ["ab", &long, "Upper", "-dash", "a/b", "a b", "a\\b", "é-accent", "a?b", "a#b", "a%2Fb", "..."]
    {
        let repository = fixture.client.repository(name);
        expect_error(
            repository.get().await,
            "get_repository",
            400,
            ErrorKind::InvalidRequest,
            "repository id",
        );
        assert_eq!(repository.get_opt().await.unwrap(), None, "{name:?}");
        assert!(!repository.exists().await.unwrap(), "{name:?}");
    }
}

/// In a URL these names would name another resource, so the client does not send them.
#[tokio::test]
async fn repo_12_names_that_are_no_path_segment_are_not_sent() {
    let fixture = Fixture::new().await;
    for name in ["", ".", ".."] {
        let repository = fixture.client.repository(name);
        expect_error(
            repository.get().await,
            "get_repository",
            None,
            ErrorKind::InvalidRequest,
            "cannot be a name",
        );
        expect_error(
            repository.delete().await,
            "delete_repository",
            None,
            ErrorKind::InvalidRequest,
            "cannot be a name",
        );
        assert_eq!(repository.get_opt().await.unwrap(), None, "{name:?}");
    }
}
