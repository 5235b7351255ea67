//! Metadata and storage of repositories, dumps and restores, and sample data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lakefs::models::{self, RefsDump};
use lakefs::{Entry, ErrorKind, Repository, TryStreamExt as _};

use crate::support::{Fixture, commit_objects, create_tag, expect_error, read_text, upload_objects};

#[tokio::test]
async fn repo_10_metadata_is_merged_and_deleted_by_key() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("repo_10").await;
    let metadata = repository.metadata();
    assert_eq!(metadata.get().await.unwrap(), BTreeMap::new());
    metadata.set([("owner", "ada"), ("stage", "test"), ("", "é")]).await.unwrap();
    metadata.set(BTreeMap::from([("stage", "live")])).await.unwrap();
    metadata.delete(["owner", "nothing"]).await.unwrap();
    let pairs = [("", "é"), ("stage", "live")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(metadata.get().await.unwrap(), BTreeMap::from(pairs));
    metadata.set([("", ""); 0]).await.unwrap();
    metadata.delete(["", "stage"]).await.unwrap();
    assert_eq!(metadata.get().await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn repo_10_metadata_of_a_missing_repository_is_not_found() {
    let fixture = Fixture::new().await;
    let nowhere = fixture.client.repository(fixture.unique_name("repo_10")).metadata();
    let words = "repository not found";
    expect_error(nowhere.get().await, "get_repository_metadata", 404, ErrorKind::NotFound, words);
    expect_error(nowhere.set([("a", "b")]).await, "set_repository_metadata", 404, ErrorKind::NotFound, words);
    expect_error(nowhere.delete(["a"]).await, "delete_repository_metadata", 404, ErrorKind::NotFound, words);
}

#[tokio::test]
async fn repo_13_storage_config_matches_the_storage_namespace() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("repo_13").await;
    let storage = repository.storage_config().await.unwrap();
    let scheme = repository.get().await.unwrap().storage_namespace;
    assert!(scheme.starts_with(&format!("{}://", storage.blockstore_type)), "{scheme}: {storage:?}");
    let config = fixture.client.server_config().await.unwrap();
    assert!(config.version_config.as_ref().unwrap().version.as_ref().is_some_and(|it| !it.is_empty()));
    let nowhere = fixture.client.repository(fixture.unique_name("repo_13")).storage_config().await;
    expect_error(nowhere, "get_repository", 404, ErrorKind::NotFound, "repository not found");
}

/// Creates a repository with a history, and a bare one with the same storage namespace.
async fn repository_and_bare_copy(fixture: &Fixture, test: &str) -> (Repository, Repository) {
    let main = fixture.main(test).await;
    let repository = main.repository().clone();
    commit_objects(&main, "one", &[("a", "1")]).await;
    create_tag(&repository, "v1", "main").await;
    repository.branch("branch").create("main~1").await.unwrap();
    commit_objects(&main, "two", &[("a", "2")]).await;
    upload_objects(&main, &[("b", "1")]).await;
    let copy = fixture.client.repository(fixture.unique_name(test));
    let namespace = repository.get().await.unwrap().storage_namespace;
    copy.create(namespace).bare(true).await.unwrap();
    (repository, copy)
}

async fn refs(repository: &Repository) -> Vec<models::Ref> {
    let mut refs: Vec<_> = repository.branches().try_collect().await.unwrap();
    refs.extend(repository.tags().try_collect::<Vec<_>>().await.unwrap());
    refs
}

#[tokio::test]
async fn dump_01_dump_can_be_restored_to_a_bare_repository() {
    let fixture = Fixture::new().await;
    let (repository, copy) = repository_and_bare_copy(&fixture, "dump_01").await;
    let dump = repository.dump().await.unwrap();
    copy.restore(dump.clone()).await.unwrap();
    assert_eq!(refs(&copy).await.len(), 3);
    assert_eq!(refs(&copy).await, refs(&repository).await);
    assert_eq!(read_text(&copy.branch("main").object("a")).await, "2");
    assert_eq!(read_text(&copy.tag("v1").object("a")).await, "1");
    assert!(!copy.branch("main").object("b").exists().await.unwrap());
    let again = copy.restore(dump).await;
    expect_error(again, "restore_refs", 400, ErrorKind::InvalidRequest, "bare repository");
}

#[tokio::test]
async fn dump_02_dump_and_restore_run_as_tasks() {
    let fixture = Fixture::new().await;
    let (repository, copy) = repository_and_bare_copy(&fixture, "dump_02").await;
    let task = repository.dump().start().await.unwrap();
    let mut progress = task.wait_for_completion().poll_interval(Duration::from_millis(50));
    let mut last = None;
    while let Some(status) = progress.try_next().await.unwrap() {
        last = Some(status);
    }
    let last = last.unwrap();
    assert!(last.done);
    assert_eq!(last.id, task.id());
    let dump = progress.await.unwrap();
    assert_eq!(last.refs.as_ref(), Some(&dump));
    // The task can be awaited again by its identifier as long as the server keeps it.
    assert_eq!(repository.dump_task(task.id()).wait_for_completion().await.unwrap(), dump);
    assert_eq!(repository.dump().await.unwrap(), dump);

    let task = copy.restore(dump.clone()).start().await.unwrap();
    task.wait_for_completion().poll_interval(Duration::from_millis(50)).await.unwrap();
    assert_eq!(refs(&copy).await, refs(&repository).await);
    assert!(copy.restore_task(task.id()).status().await.unwrap().done);
    let again = copy.restore(dump).start().await;
    expect_error(again, "restore_submit", 400, ErrorKind::InvalidRequest, "bare repository");
}

#[tokio::test]
async fn dump_03_failed_tasks_and_unknown_identifiers_are_reported() {
    let fixture = Fixture::new().await;
    let (repository, copy) = repository_and_bare_copy(&fixture, "dump_03").await;
    let empty_dump = || {
        let dump = r#"{"branches_meta_range_id":"a","tags_meta_range_id":"b","commits_meta_range_id":"c"}"#;
        serde_json::from_str::<RefsDump>(dump).unwrap()
    };
    expect_error(copy.restore(empty_dump()).await, "restore_refs", 410, ErrorKind::DataDeleted, "No data");
    let task = copy.restore(empty_dump()).start().await.unwrap();
    let failed = task.wait_for_completion().poll_interval(Duration::from_millis(50)).await;
    let error = expect_error(failed, "restore_submit", None, ErrorKind::DataDeleted, "No data");
    let action = format!("restore the references of repository {:?}: ", copy.name());
    assert!(error.to_string().starts_with(&action), "{error}");
    assert_eq!(task.status().await.unwrap().error.as_deref(), Some("No data"));

    let unknown = repository.dump_task("nothing").status().await;
    expect_error(unknown, "dump_status", 404, ErrorKind::NotFound, "not found");
    let unknown = repository.restore_task("nothing").wait_for_completion().await;
    expect_error(unknown, "restore_status", 404, ErrorKind::NotFound, "not found");
    let nowhere = fixture.client.repository(fixture.unique_name("dump_03"));
    expect_error(nowhere.dump().await, "dump_refs", 404, ErrorKind::NotFound, "repository not found");
    let started = nowhere.dump().start().await;
    expect_error(started, "dump_submit", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn repo_14_sample_data_is_committed_to_a_protected_default_branch() {
    let fixture = Fixture::new().await;
    let name = fixture.unique_name("repo_14");
    let repository = fixture.client.repository(&name);
    repository.create(fixture.namespace(&name)).sample_data(true).await.unwrap();
    let main = repository.branch("main");
    let log: Vec<_> = main.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert_eq!(log, ["Add sample data", "Repository created"]);
    assert!(!read_text(&main.object("README.md")).await.is_empty());
    let objects: Vec<_> = main.objects().try_collect().await.unwrap();
    let count = |prefix: &str, suffix: &str| {
        let matches = |path: &str| path.starts_with(prefix) && path.ends_with(suffix);
        objects.iter().filter(|entry| matches(entry.path())).count()
    };
    assert_eq!((objects.len(), count("images/", ".png"), count("images/", ".gif")), (32, 28, 1));
    assert_eq!((count("data/", ".md"), count("lakes", ".parquet")), (1, 1));
    let entries: Vec<_> = main.objects().delimiter("/").try_collect().await.unwrap();
    for prefix in ["data/", "images/"] {
        assert!(entries.contains(&Entry::Prefix(prefix.to_owned())), "{entries:?}");
    }
    assert_eq!(main.uncommitted().try_next().await.unwrap(), None);
    let protection = repository.branch_protection().get().await.unwrap();
    assert_eq!(protection.patterns, BTreeSet::from(["main".to_owned()]));
}

/// Operations of `lakefs::api` without a counterpart in the facade.
#[tokio::test]
async fn repo_15_metadata_files_of_the_server_are_read_through_the_api() {
    let fixture = Fixture::new().await;
    let main = fixture.main("repo_15").await;
    let commit = commit_objects(&main, "one", &[("a/1", "1"), ("b", "2")]).await;
    let (api, repository) = (fixture.client.api(), main.repository());
    let name = repository.name();
    let namespace = main.repository().get().await.unwrap().storage_namespace;
    let symlinks = api.create_symlink_file().repository(name).branch("main").location("a/");
    assert_eq!(symlinks.send().await.unwrap().into_inner().location, format!("{namespace}/symlinks"));
    let symlinks = api.create_symlink_file().repository(name).branch("nowhere").send().await;
    expect_error(symlinks, "create_symlink_file", 404, ErrorKind::NotFound, "not found");

    let object = |id: &str| {
        let request = api.get_metadata_object().repository(name).object_id(id);
        request.type_("meta_range")
    };
    expect_error(
        object("none").send().await.map(drop),
        "get_metadata_object",
        410,
        ErrorKind::DataDeleted,
        "No data",
    );
    let found = object(&commit.meta_range_id).send().await;
    if namespace.starts_with("mem:") {
        expect_error(found.map(drop), "get_metadata_object", 410, ErrorKind::DataDeleted, "No data");
    } else {
        let bytes: Vec<_> = found.unwrap().into_inner().try_collect().await.unwrap();
        assert!(bytes.concat().len() > 100);
    }
}

/// Most operations validate the name of a repository first. Some only look it up.
#[tokio::test]
async fn repo_16_invalid_name_fails_as_each_operation_validates_it() {
    let fixture = Fixture::new().await;
    let repository = fixture.client.repository("Nobody's");
    let (invalid, words) = (ErrorKind::InvalidRequest, "invalid value");
    expect_error(repository.get().await, "get_repository", 400, invalid, words);
    expect_error(repository.dump().await, "dump_refs", 400, invalid, words);
    let started = repository.dump().start().await;
    expect_error(started, "dump_submit", 404, ErrorKind::NotFound, "repository not found");
    let status = repository.dump_task("none").status().await;
    expect_error(status, "dump_status", 404, ErrorKind::NotFound, "repository not found");
    let main = repository.branch("main");
    let status = main.import_task("none").status().await;
    expect_error(status, "import_status", 404, ErrorKind::NotFound, "repository not found");
    expect_error(main.get().await, "get_branch", 400, invalid, words);
    let staged = main.object("a").stage("mem://elsewhere/a", "c0ffee", 1).await;
    expect_error(staged, "stage_object", 400, invalid, words);
    let address = main.object("a").physical_address().await;
    expect_error(address, "get_physical_address", 500, invalid, words);
}
