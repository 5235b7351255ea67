//! Creations: of several writers of a path, exactly one succeeds, and its token is hidden.

use std::time::{Duration, Instant};

use lakefs::{Branch, ErrorKind};
use tokio::sync::watch;

use super::adapter::LakeFsStore;
use super::object_store::path::Path;
use super::object_store::{
    Attribute, Attributes, CopyMode, CopyOptions, Error, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutOptions, PutResult,
};
use super::{stores, text};
use crate::support::{Fixture, wait_for};

/// Commits until `stop` becomes true, and returns the number of commits.
async fn commit_repeatedly(branch: Branch, stop: watch::Receiver<bool>) -> usize {
    let mut commits = 0;
    while !*stop.borrow() {
        match branch.commit(format!("commit {commits}")).await {
            Ok(_) => commits += 1,
            Err(error) if error.kind() == ErrorKind::NoChanges => {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    commits
}

/// lakeFS may tell every writer, also the first one, that the object exists, because of a commit at the same time.
#[tokio::test]
async fn one_of_sixteen_creators_succeeds_beside_a_committer() {
    const CREATORS: usize = 16;
    const ROUNDS: usize = 12;

    let fixture = Fixture::new().await;
    let main = fixture.main("creators").await;
    let store = &LakeFsStore::at(&main);
    let (stop, stopped) = watch::channel(false);
    let committer = tokio::spawn(commit_repeatedly(main.clone(), stopped));
    let start = Instant::now();
    let mut winners = Vec::new();
    for round in 0..ROUNDS {
        let location = &Path::from(format!("round-{round}"));
        let creators = (0..CREATORS).map(|creator| async move {
            // In every second round, all creators write the same bytes.
            let data = if round % 2 == 0 { "the same".to_owned() } else { format!("creator {creator}") };
            let created = store.put_opts(location, data.clone().into(), PutMode::Create.into()).await;
            (data, created)
        });
        let outcomes = wait_for("all creators are told", futures::future::join_all(creators)).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, created)| created.is_ok());
        assert_eq!(won.len(), 1, "round {round}: {won:?} {lost:?}");
        let is_told =
            |created: &Result<PutResult, Error>| matches!(created, Err(Error::AlreadyExists { .. }));
        assert!(lost.iter().all(|(_, created)| is_told(created)), "round {round}: {lost:?}");
        winners.push(won.into_iter().next().unwrap().0);
    }
    stop.send(true).unwrap();
    let commits = wait_for("the committer stops", committer).await.unwrap();
    for (round, data) in winners.iter().enumerate() {
        assert_eq!(text(store, &format!("round-{round}")).await, *data, "round {round}");
    }
    eprintln!("{ROUNDS} rounds of {CREATORS} creators beside {commits} commits in {:?}", start.elapsed());
}

#[tokio::test]
async fn token_of_a_creation_is_no_attribute() {
    const TOKEN: &str = "lakefs-rs-create-token";

    let (_lake, main, stores) = stores("token").await;
    let attributes = Attributes::from_iter([
        (Attribute::ContentType, "text/csv"),
        (Attribute::Metadata("origin".into()), "lab 7"),
    ]);
    let token = async |path: &str| {
        let stats = main.object(path).get().await.unwrap();
        stats.metadata.and_then(|metadata| metadata.0.get(TOKEN).cloned())
    };
    for (store, name) in stores.iter().zip(["bound", "of-repository"]) {
        let location = Path::from(name);
        let mut options: PutOptions = attributes.clone().into();
        options.mode = PutMode::Create;
        store.put_opts(&location, "a,b".into(), options).await.unwrap();
        let of_source = token(name).await;
        assert!(of_source.is_some());
        assert_eq!(store.get(&location).await.unwrap().attributes, attributes);

        let copy = Path::from(format!("{name}-copy"));
        let create = CopyOptions::default().with_mode(CopyMode::Create);
        store.copy_opts(&location, &copy, create).await.unwrap();
        assert_eq!(store.get(&copy).await.unwrap().attributes, attributes);
        assert_ne!(token(copy.as_ref()).await, of_source);
    }
}
