//! Copies and renames.

use super::adapter::LakeFsStore;
use super::object_store::path::Path;
use super::object_store::{Error, ObjectStoreExt as _};
use super::{stores, text};
use crate::support::{self, Fixture};

#[tokio::test]
async fn concurrent_copies_if_not_exists_have_one_winner() {
    let (_lake, main, [store, _]) = stores("copy_race").await;
    for source in 0..5 {
        let upload = main.object(format!("from/{source}")).upload(source.to_string());
        upload.content_type("text/plain").metadata("number", source.to_string()).await.unwrap();
    }
    let to = Path::from("to");
    let copies = (0..5).map(|source| {
        let (store, to) = (&store, &to);
        async move { (source, store.copy_if_not_exists(&Path::from(format!("from/{source}")), to).await) }
    });
    let outcomes = futures::future::join_all(copies).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome.is_ok());
    assert_eq!(won.len(), 1, "{won:?}");
    for (_, outcome) in lost {
        assert!(matches!(outcome, Err(Error::AlreadyExists { .. })), "{outcome:?}");
    }
    let winner = won[0].0.to_string();
    assert_eq!(text(&store, "to").await, winner);
    let stats = main.object("to").get().await.unwrap();
    assert_eq!(stats.content_type.as_deref(), Some("text/plain"));
    assert_eq!(stats.metadata.unwrap().0["number"], winner);
}

#[tokio::test]
async fn rename_to_itself_keeps_the_object() {
    let (_lake, _main, [store, _]) = stores("rename_itself").await;
    let a = Path::from("a");
    store.put(&a, "one".into()).await.unwrap();
    store.rename(&a, &a).await.unwrap();
    let exists = store.rename_if_not_exists(&a, &a).await.unwrap_err();
    assert!(matches!(exists, Error::AlreadyExists { .. }), "{exists}");
    assert_eq!(text(&store, "a").await, "one");
}

#[tokio::test]
async fn copy_and_rename_from_a_ref_to_a_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("copy_references").await;
    support::commit_objects(&main, "one", &[("a", "one")]).await;
    support::create_tag(&main.repository(), "v1", "main").await;
    let experiment = main.repository().branch("experiment");
    experiment.create("main").await.unwrap();
    let store = LakeFsStore::new(&main.repository());
    store.copy(&Path::from("v1/a"), &Path::from("experiment/copied")).await.unwrap();
    store.rename(&Path::from("main/a"), &Path::from("experiment/renamed")).await.unwrap();
    for path in ["copied", "renamed"] {
        assert_eq!(support::read_text(&experiment.object(path)).await, "one");
    }
    assert!(!main.object("a").exists().await.unwrap());
}
