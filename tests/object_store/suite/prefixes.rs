//! Stores of a prefix, and stores that are pinned to a commit.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs::ErrorKind;

use super::adapter::LakeFsStore;
use super::object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use super::object_store::path::Path;
use super::object_store::{Error, ObjectStore, ObjectStoreExt as _};
use super::text;
use crate::support::{self, Fixture};

async fn locations(store: &dyn ObjectStore, prefix: Option<&str>) -> Vec<String> {
    let prefix = prefix.map(Path::from);
    store.list(prefix.as_ref()).map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap()
}

#[tokio::test]
async fn locations_are_relative_to_the_prefix() {
    let fixture = Fixture::new().await;
    let main = fixture.main("prefix").await;
    for path in ["data", "data.csv", "data/a", "data/b/c", "data/b/d", "data2/e", "other"] {
        main.object(path).upload(path).await.unwrap();
    }
    // A directory marker.
    main.object("data/").upload("").await.unwrap();
    let repository = main.repository();
    let stores = [
        LakeFsStore::at(&main).with_prefix("data"),
        LakeFsStore::new(&repository).with_prefix("main/data"),
        LakeFsStore::new(&repository).with_prefix("main").with_prefix("data").with_prefix(""),
    ];
    for (number, store) in stores.iter().enumerate() {
        assert_eq!(locations(store, None).await, ["a", "b/c", "b/d"]);
        assert_eq!(locations(store, Some("b")).await, ["b/c", "b/d"]);
        let after = store.list_with_offset(None, &Path::from("b/c"));
        let after: Vec<_> = after.map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap();
        assert_eq!(after, ["b/d"]);
        let top = store.list_with_delimiter(None).await.unwrap();
        assert_eq!(top.common_prefixes, [Path::from("b")]);
        assert_eq!(top.objects.iter().map(|meta| meta.location.as_ref()).collect::<Vec<_>>(), ["a"]);
        let options = PaginatedListOptions { max_keys: Some(2), ..PaginatedListOptions::default() };
        let page = store.list_paginated(None, options).await.unwrap();
        let options =
            PaginatedListOptions { page_token: page.page_token.clone(), ..PaginatedListOptions::default() };
        let next = store.list_paginated(None, options).await.unwrap();
        let listed = page.result.objects.iter().chain(&next.result.objects);
        assert_eq!(listed.map(|meta| meta.location.as_ref()).collect::<Vec<_>>(), ["a", "b/c", "b/d"]);

        assert_eq!(text(store, "b/c").await, "data/b/c");
        let head = store.head(&Path::from("a")).await.unwrap();
        assert_eq!((head.location.as_ref(), head.size), ("a", 6));
        let missing = store.head(&Path::from("other")).await.unwrap_err();
        assert!(matches!(&missing, Error::NotFound { path, .. } if path == "other"), "{missing}");
        let root = store.head(&Path::from("")).await.unwrap_err();
        assert!(matches!(root, Error::NotFound { .. }), "{root}");

        let (new, copy) = (Path::from(format!("new-{number}")), Path::from(format!("copy-{number}")));
        store.put(&new, "new".into()).await.unwrap();
        store.copy(&new, &copy).await.unwrap();
        assert_eq!(main.object(format!("data/copy-{number}")).read().await.unwrap(), "new");
        let deleted: Vec<_> = store
            .delete_stream(stream::iter([Ok(new.clone()), Ok(copy.clone())]).boxed())
            .try_collect()
            .await
            .unwrap();
        assert_eq!(deleted, [new, copy]);
    }
    // An object at the location of the prefix itself has no location.
    main.object("data/").upload("x").await.unwrap();
    let error = stores[0].list(None).try_next().await.unwrap_err();
    assert!(matches!(error, Error::InvalidPath { .. }), "{error}");
    assert!(error.to_string().contains("data/"), "{error}");
}

#[tokio::test]
async fn pinned_store_reads_one_commit() {
    let fixture = Fixture::new().await;
    let main = fixture.main("pinned").await;
    let repository = &main.repository();
    let first = support::commit_objects(&main, "one", &[("data/a", "one")]).await;
    support::create_tag(repository, "v1", "main").await;
    main.object("data/a").upload("uncommitted").await.unwrap();
    let store = LakeFsStore::at(&main).with_prefix("data").with_verify(false);
    let pinned = store.pin().await.unwrap();
    support::commit_objects(&main, "two", &[("data/a", "two"), ("data/b", "two")]).await;
    main.object("data/c").upload("three").await.unwrap();

    assert_eq!(pinned.reference().unwrap().expression(), first.id);
    assert_eq!(&pinned.repository(), repository);
    assert_eq!(&LakeFsStore::new(repository).repository(), repository);
    let uri = format!("LakeFsStore(lakefs://{}/{}/data)", repository.name(), first.id);
    assert_eq!(pinned.to_string(), uri);
    assert_eq!((text(&pinned, "a").await.as_str(), pinned.unverified_reads()), ("one", 1));
    assert_eq!(locations(&pinned, None).await, ["a"]);
    assert_eq!(text(&store, "a").await, "two");
    assert_eq!(locations(&store, None).await, ["a", "b", "c"]);
    let error = pinned.put(&Path::from("a"), "x".into()).await.unwrap_err();
    assert!(matches!(error, Error::NotSupported { .. }), "{error}");

    for reference in ["v1", "main~1", &first.id[..12]] {
        let pinned = LakeFsStore::at(repository.reference(reference)).pin().await.unwrap();
        assert_eq!(pinned.reference().unwrap().expression(), first.id, "{reference}");
    }
    let error = LakeFsStore::at(repository.branch("nowhere")).pin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = LakeFsStore::new(repository).pin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
}
