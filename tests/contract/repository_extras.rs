//! What is kept with a repository, and repositories as a whole: metadata, storage, dumps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lakefs::models::{self, RefsDump};
use lakefs::{Entry, ErrorKind, Repository, TryStreamExt as _};

use crate::support::{Lake, commit, refused, stage, tag, text};

#[tokio::test]
async fn repo_10_metadata() {
    let lake = Lake::new().await;
    let repository = lake.repository("repo_10").await;
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
async fn repo_10_metadata_of_no_repository() {
    let lake = Lake::new().await;
    let nowhere = lake.client.repository(lake.name("repo_10")).metadata();
    let words = "repository not found";
    refused(nowhere.get().await, "get_repository_metadata", 404, ErrorKind::NotFound, words);
    refused(nowhere.set([("a", "b")]).await, "set_repository_metadata", 404, ErrorKind::NotFound, words);
    refused(nowhere.delete(["a"]).await, "delete_repository_metadata", 404, ErrorKind::NotFound, words);
}

#[tokio::test]
async fn repo_13_the_storage() {
    let lake = Lake::new().await;
    let repository = lake.repository("repo_13").await;
    let storage = repository.storage_config().await.unwrap();
    let scheme = repository.get().await.unwrap().storage_namespace;
    assert!(scheme.starts_with(&format!("{}://", storage.blockstore_type)), "{scheme}: {storage:?}");
    let config = lake.client.server_config().await.unwrap();
    assert!(config.version_config.as_ref().unwrap().version.as_ref().is_some_and(|it| !it.is_empty()));
    let nowhere = lake.client.repository(lake.name("repo_13")).storage_config().await;
    refused(nowhere, "get_repository", 404, ErrorKind::NotFound, "repository not found");
}

/// A repository with a history, and a bare one over the same storage namespace.
async fn twins(lake: &Lake, test: &str) -> (Repository, Repository) {
    let main = lake.main(test).await;
    let repository = main.repository().clone();
    commit(&main, "one", &[("a", "1")]).await;
    tag(&repository, "v1", "main").await;
    repository.branch("branch").create("main~1").await.unwrap();
    commit(&main, "two", &[("a", "2")]).await;
    stage(&main, &[("b", "1")]).await;
    let copy = lake.client.repository(lake.name(test));
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
async fn dump_01_what_is_dumped_can_be_restored() {
    let lake = Lake::new().await;
    let (repository, copy) = twins(&lake, "dump_01").await;
    let dump = repository.dump().await.unwrap();
    copy.restore(dump.clone()).await.unwrap();
    assert_eq!(refs(&copy).await.len(), 3);
    assert_eq!(refs(&copy).await, refs(&repository).await);
    assert_eq!(text(&copy.branch("main").object("a")).await, "2");
    assert_eq!(text(&copy.tag("v1").object("a")).await, "1");
    assert!(!copy.branch("main").object("b").exists().await.unwrap());
    let again = copy.restore(dump).await;
    refused(again, "restore_refs", 400, ErrorKind::InvalidRequest, "bare repository");
}

#[tokio::test]
async fn dump_02_in_the_background() {
    let lake = Lake::new().await;
    let (repository, copy) = twins(&lake, "dump_02").await;
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
    // It can be come back to, for as long as the server remembers it.
    assert_eq!(repository.dump_task(task.id()).wait_for_completion().await.unwrap(), dump);
    assert_eq!(repository.dump().await.unwrap(), dump);

    let task = copy.restore(dump.clone()).start().await.unwrap();
    task.wait_for_completion().poll_interval(Duration::from_millis(50)).await.unwrap();
    assert_eq!(refs(&copy).await, refs(&repository).await);
    assert!(copy.restore_task(task.id()).status().await.unwrap().done);
    let again = copy.restore(dump).start().await;
    refused(again, "restore_submit", 400, ErrorKind::InvalidRequest, "bare repository");
}

#[tokio::test]
async fn dump_03_failures_are_told() {
    let lake = Lake::new().await;
    let (repository, copy) = twins(&lake, "dump_03").await;
    let nothing = || {
        let dump = r#"{"branches_meta_range_id":"a","tags_meta_range_id":"b","commits_meta_range_id":"c"}"#;
        serde_json::from_str::<RefsDump>(dump).unwrap()
    };
    refused(copy.restore(nothing()).await, "restore_refs", 410, ErrorKind::DataDeleted, "No data");
    let task = copy.restore(nothing()).start().await.unwrap();
    let failed = task.wait_for_completion().poll_interval(Duration::from_millis(50)).await;
    let error = refused(failed, "restore_submit", None, ErrorKind::DataDeleted, "No data");
    let action = format!("restore the references of repository {:?}: ", copy.name());
    assert!(error.to_string().starts_with(&action), "{error}");
    assert_eq!(task.status().await.unwrap().error.as_deref(), Some("No data"));

    let unknown = repository.dump_task("nothing").status().await;
    refused(unknown, "dump_status", 404, ErrorKind::NotFound, "not found");
    let unknown = repository.restore_task("nothing").wait_for_completion().await;
    refused(unknown, "restore_status", 404, ErrorKind::NotFound, "not found");
    let nowhere = lake.client.repository(lake.name("dump_03"));
    refused(nowhere.dump().await, "dump_refs", 404, ErrorKind::NotFound, "repository not found");
    let started = nowhere.dump().start().await;
    refused(started, "dump_submit", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn repo_14_sample_data() {
    let lake = Lake::new().await;
    let name = lake.name("repo_14");
    let repository = lake.client.repository(&name);
    repository.create(lake.namespace(&name)).sample_data(true).await.unwrap();
    let main = repository.branch("main");
    let log: Vec<_> = main.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert_eq!(log, ["Add sample data", "Repository created"]);
    assert!(!text(&main.object("README.md")).await.is_empty());
    let objects: Vec<_> = main.objects().try_collect().await.unwrap();
    let named = |prefix: &str, suffix: &str| {
        let fits = |path: &str| path.starts_with(prefix) && path.ends_with(suffix);
        objects.iter().filter(|entry| fits(entry.path())).count()
    };
    assert_eq!((objects.len(), named("images/", ".png"), named("images/", ".gif")), (32, 28, 1));
    assert_eq!((named("data/", ".md"), named("lakes", ".parquet")), (1, 1));
    let entries: Vec<_> = main.objects().delimiter("/").try_collect().await.unwrap();
    for prefix in ["data/", "images/"] {
        assert!(entries.contains(&Entry::Prefix(prefix.to_owned())), "{entries:?}");
    }
    assert_eq!(main.uncommitted().try_next().await.unwrap(), None);
    let protection = repository.branch_protection().get().await.unwrap();
    assert_eq!(protection.patterns, BTreeSet::from(["main".to_owned()]));
}

/// What only `lakefs::api` has, because nobody but lakeFS's own programs asks for it.
#[tokio::test]
async fn repo_15_files_of_the_server_itself() {
    let lake = Lake::new().await;
    let main = lake.main("repo_15").await;
    let commit = commit(&main, "one", &[("a/1", "1"), ("b", "2")]).await;
    let (api, repository) = (lake.client.api(), main.repository());
    let name = repository.name();
    let namespace = main.repository().get().await.unwrap().storage_namespace;
    let symlinks = api.create_symlink_file().repository(name).branch("main").location("a/");
    assert_eq!(symlinks.send().await.unwrap().into_inner().location, format!("{namespace}/symlinks"));
    let symlinks = api.create_symlink_file().repository(name).branch("nowhere").send().await;
    refused(symlinks, "create_symlink_file", 404, ErrorKind::NotFound, "not found");

    let object = |id: &str| {
        let request = api.get_metadata_object().repository(name).object_id(id);
        request.type_("meta_range")
    };
    refused(
        object("none").send().await.map(drop),
        "get_metadata_object",
        410,
        ErrorKind::DataDeleted,
        "No data",
    );
    let found = object(&commit.meta_range_id).send().await;
    if namespace.starts_with("mem:") {
        refused(found.map(drop), "get_metadata_object", 410, ErrorKind::DataDeleted, "No data");
    } else {
        let bytes: Vec<_> = found.unwrap().into_inner().try_collect().await.unwrap();
        assert!(bytes.concat().len() > 100);
    }
}

/// Most operations hold a name against the rules for names first. Some only look for it.
#[tokio::test]
async fn repo_16_a_name_that_no_repository_can_have() {
    let lake = Lake::new().await;
    let repository = lake.client.repository("Nobody's");
    let (invalid, words) = (ErrorKind::InvalidRequest, "invalid value");
    refused(repository.get().await, "get_repository", 400, invalid, words);
    refused(repository.dump().await, "dump_refs", 400, invalid, words);
    let started = repository.dump().start().await;
    refused(started, "dump_submit", 404, ErrorKind::NotFound, "repository not found");
    let status = repository.dump_task("none").status().await;
    refused(status, "dump_status", 404, ErrorKind::NotFound, "repository not found");
    let main = repository.branch("main");
    let status = main.import_task("none").status().await;
    refused(status, "import_status", 404, ErrorKind::NotFound, "repository not found");
    refused(main.get().await, "get_branch", 400, invalid, words);
    let stage = main.object("a").stage("mem://elsewhere/a", "c0ffee", 1).await;
    refused(stage, "stage_object", 400, invalid, words);
    let address = main.object("a").physical_address().await;
    refused(address, "get_physical_address", 500, invalid, words);
}
