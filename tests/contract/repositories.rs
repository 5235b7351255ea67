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
    let error = refused(again, 409, ErrorKind::Conflict, "not unique");
    assert_eq!(error.operation(), Some("create_repository"));
}

#[tokio::test]
async fn repo_03_a_namespace_is_used_once() {
    let lake = Lake::new().await;
    let repository = lake.repository("repo_03").await;
    let other = lake.client.repository(lake.name("repo_03"));
    let taken = other.create(lake.namespace(repository.name())).await;
    refused(taken, 400, ErrorKind::InvalidRequest, "already in use");
    assert!(!other.exists().await.unwrap());
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
