//! Repositories.

use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Lake, refused};

#[tokio::test]
async fn repo_01_create_and_get() {
    let lake = Lake::new().await;
    let name = lake.name("repo_01");
    let repository = lake.client.repository(&name);
    assert!(!repository.exists().await.unwrap());
    assert_eq!(repository.get_opt().await.unwrap(), None);

    let created = repository.create(lake.namespace(&name)).default_branch("trunk").await.unwrap();
    assert_eq!(created.id, name);
    assert_eq!(created.storage_namespace, lake.namespace(&name));
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
async fn repo_02_a_name_is_used_once() {
    let lake = Lake::new().await;
    let repository = lake.repository("repo_02").await;
    let again = repository.create(lake.namespace(&lake.name("repo_02"))).await;
    refused(again, "create_repository", 409, ErrorKind::AlreadyExists, "not unique");
}

#[tokio::test]
async fn repo_03_a_namespace_is_used_once() {
    let lake = Lake::new().await;
    let repository = lake.repository("repo_03").await;
    let other = lake.client.repository(lake.name("repo_03"));
    let taken = other.create(lake.namespace(repository.name())).await;
    refused(taken, "create_repository", 400, ErrorKind::InvalidRequest, "already in use");
    assert!(!other.exists().await.unwrap());
}

#[tokio::test]
async fn repo_04_a_namespace_is_of_the_servers_storage() {
    let lake = Lake::new().await;
    let name = lake.name("repo_04");
    let repository = lake.client.repository(&name);
    let other = if lake.namespace("").starts_with("s3:") { "gs" } else { "s3" };
    for (namespace, words) in [
        (format!("{other}://bucket/{name}"), "invalid namespace"),
        (format!("ftp://host/{name}"), "storage_namespace"),
        (name.clone(), "storage_namespace"),
        (String::new(), "storage_namespace"),
    ] {
        let created = repository.create(namespace).await;
        refused(created, "create_repository", 400, ErrorKind::InvalidRequest, words);
    }
    assert!(!repository.exists().await.unwrap());
}

#[tokio::test]
async fn repo_05_names_that_are_none() {
    let lake = Lake::new().await;
    let namespace = lake.namespace(&lake.name("repo_05"));
    let long = "a".repeat(64);
    for name in
        ["", "ab", &long, "Upper", "-dash", "under_score", "do.t", "a/b", "a b", "é-accent", ".", ".."]
    {
        let created = lake.client.repository(name).create(&namespace).await;
        refused(created, "create_repository", 400, ErrorKind::InvalidRequest, "name");
    }
    // None of them has taken the namespace.
    lake.client.repository(lake.name("repo_05")).create(&namespace).await.unwrap();
}

#[tokio::test]
async fn repo_06_lists_are_ordered_and_complete() {
    let lake = Lake::new().await;
    let prefix = lake.name("repo_06");
    for suffix in ["c", "a", "b"] {
        let name = format!("{prefix}-{suffix}");
        lake.client.repository(&name).create(lake.namespace(&name)).await.unwrap();
    }
    let names = |page_size| {
        let list = lake.client.repositories().prefix(&prefix).page_size(page_size);
        list.map_ok(|repository| repository.id).try_collect::<Vec<_>>()
    };
    let all = ["a", "b", "c"].map(|suffix| format!("{prefix}-{suffix}"));
    assert_eq!(names(1000).await.unwrap(), all);
    assert_eq!(names(1).await.unwrap(), all);

    let after = lake.client.repositories().prefix(&prefix).after(&all[0]);
    let after: Vec<_> = after.map_ok(|repository| repository.id).try_collect().await.unwrap();
    assert_eq!(after, all[1..]);

    let found = lake.client.repositories().prefix(&prefix).search("-b");
    let found: Vec<_> = found.map_ok(|repository| repository.id).try_collect().await.unwrap();
    assert_eq!(found, all[1..2]);
}

/// A lakeFS shows a deleted repository for up to seven seconds where it has shown it before: this test does not let it.
#[tokio::test]
async fn repo_07_what_is_deleted_is_gone() {
    let lake = Lake::new().await;
    let repository = lake.repository("repo_07").await;
    repository.delete().await.unwrap();
    refused(repository.delete().await, "delete_repository", 404, ErrorKind::NotFound, "repository not found");
    let listed: Vec<_> = lake.client.repositories().prefix(repository.name()).try_collect().await.unwrap();
    assert_eq!(listed, []);

    // The namespace stays taken.
    let other = lake.client.repository(lake.name("repo_07"));
    let created = other.create(lake.namespace(repository.name())).await;
    refused(created, "create_repository", 400, ErrorKind::InvalidRequest, "already in use");
}

#[tokio::test]
async fn repo_08_read_only_refuses_all_but_force() {
    #[track_caller]
    fn read_only<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str) {
        refused(result, operation, 403, ErrorKind::WriteProtected, "read-only repository");
    }

    let lake = Lake::new().await;
    let name = lake.name("repo_08");
    let repository = lake.client.repository(&name);
    let created = repository.create(lake.namespace(&name)).read_only(true).await.unwrap();
    assert_eq!(created.read_only, Some(true));
    let (main, branch) = (repository.branch("main"), repository.branch("branch"));
    let object = branch.object("a");

    read_only(branch.create("main").await, "create_branch");
    branch.create("main").force(true).await.unwrap();

    read_only(object.upload("1").await, "upload_object");
    assert!(!object.exists().await.unwrap());
    object.upload("1").force(true).await.unwrap();

    read_only(branch.commit("one").await, "commit");
    branch.commit("one").force(true).await.unwrap();

    read_only(branch.merge_into("main").await, "merge_into_branch");
    branch.merge_into("main").force(true).await.unwrap();
    assert_eq!(main.object("a").read().await.unwrap(), "1");

    read_only(object.delete().await, "delete_object");
    assert!(object.exists().await.unwrap());
    object.delete().force(true).await.unwrap();
    assert!(!object.exists().await.unwrap());

    read_only(branch.delete().await, "delete_branch");
    branch.delete().force(true).await.unwrap();

    read_only(repository.delete().await, "delete_repository");
    repository.delete().force(true).await.unwrap();
}

#[tokio::test]
async fn repo_09_a_bare_repository_has_nothing() {
    let lake = Lake::new().await;
    let name = lake.name("repo_09");
    let repository = lake.client.repository(&name);
    let created = repository.create(lake.namespace(&name)).bare(true).await.unwrap();
    assert_eq!((&*created.id, &*created.default_branch), (&*name, "main"));
    // The answer to its creation leaves this out.
    assert_eq!(created.read_only, None);
    assert_eq!(repository.get().await.unwrap().read_only, Some(false));

    assert_eq!(repository.branches().try_collect::<Vec<_>>().await.unwrap(), []);
    let main = repository.branch("main");
    refused(main.get().await, "get_branch", 404, ErrorKind::NotFound, "branch not found");
    refused(main.get_commit().await, "get_commit", 404, ErrorKind::NotFound, "not found");
    refused(main.log().try_next().await, "log_commits", 404, ErrorKind::NotFound, "not found");
    refused(main.object("a").read().await, "get_object", 404, ErrorKind::NotFound, "not found");
    refused(main.object("a").upload("1").await, "upload_object", 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn repo_11_names_that_no_repository_has() {
    let lake = Lake::new().await;
    let missing = lake.client.repository(lake.name("repo_11"));
    refused(missing.get().await, "get_repository", 404, ErrorKind::NotFound, "repository not found");
    assert_eq!(missing.get_opt().await.unwrap(), None);

    let long = "a".repeat(64);
    for name in
        ["ab", &long, "Upper", "-dash", "a/b", "a b", "a\\b", "é-accent", "a?b", "a#b", "a%2Fb", "..."]
    {
        let repository = lake.client.repository(name);
        refused(repository.get().await, "get_repository", 400, ErrorKind::InvalidRequest, "repository id");
        assert_eq!(repository.get_opt().await.unwrap(), None, "{name:?}");
        assert!(!repository.exists().await.unwrap(), "{name:?}");
    }
}

/// A URL has no way to spell them: they would name something else.
#[tokio::test]
async fn repo_12_names_that_cannot_be_asked_for() {
    let lake = Lake::new().await;
    for name in ["", ".", ".."] {
        let repository = lake.client.repository(name);
        refused(
            repository.get().await,
            "get_repository",
            None,
            ErrorKind::InvalidRequest,
            "cannot be a name",
        );
        refused(
            repository.delete().await,
            "delete_repository",
            None,
            ErrorKind::InvalidRequest,
            "cannot be a name",
        );
        assert_eq!(repository.get_opt().await.unwrap(), None, "{name:?}");
    }
}
