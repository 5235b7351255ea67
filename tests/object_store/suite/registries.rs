//! The registry: stores by URL.

use std::sync::Arc;

use lakefs::Client;
use lakefs::reexports::reqwest::Url;

use super::adapter::{LakeFsRegistry, LakeFsStore};
use super::object_store::memory::InMemory;
use super::object_store::path::Path;
use super::object_store::registry::ObjectStoreRegistry;
use super::object_store::{ObjectStore, ObjectStoreExt as _};
use super::text;
use crate::support::Fixture;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn registry() -> LakeFsRegistry {
    LakeFsRegistry::new(Client::builder().endpoint("http://localhost:1").anonymous().build().unwrap())
}

#[tokio::test]
async fn every_repository_is_resolved() {
    let fixture = Fixture::new().await;
    let registry: Arc<dyn ObjectStoreRegistry> =
        Arc::new(LakeFsRegistry::new(fixture.client.clone()).with_presign(false).with_verify(true));
    for name in ["first", "second"] {
        let main = fixture.main(name).await;
        main.object("a b/100%.csv").upload(name).await.unwrap();
        main.commit("one").await.unwrap();
        main.object("a b/100%.csv").upload("changed").await.unwrap();
        let repository = main.repository();
        let base = format!("lakefs://{}", repository.name());
        for (reference, expected) in [("main", "changed"), ("main@", name)] {
            let object = url(&format!("{base}/{reference}/a b/100%25.csv"));
            let (store, location) = registry.resolve(&object).unwrap();
            assert_eq!(location.as_ref(), format!("{reference}/a b/100%.csv"));
            assert_eq!(text(&store, location.as_ref()).await, expected);
        }
        let (store, location) = registry.resolve(&url(&format!("{base}/main/new"))).unwrap();
        store.put(&location, "new".into()).await.unwrap();
        assert_eq!(main.object("new").read().await.unwrap(), "new");
    }
}

#[test]
fn stores_are_cached_by_repository() {
    let registry = registry();
    let resolve = |text: &str| registry.resolve(&url(text)).unwrap();
    let (store, location) = resolve("lakefs://example/main/a");
    assert_eq!((store.to_string().as_str(), location.as_ref()), ("LakeFsStore(lakefs://example)", "main/a"));
    for text in ["lakefs://example", "lakefs://example/", "lakefs://example/v1/b/c/"] {
        assert!(Arc::ptr_eq(&store, &resolve(text).0), "{text}");
    }
    // A URL keeps the case of such a host, and its underscores and dots.
    for name in ["other", "My_Repo.2", "my_repo.2", "EXAMPLE"] {
        let (store, location) = resolve(&format!("lakefs://{name}/main~1/a"));
        assert_eq!(store.to_string(), format!("LakeFsStore(lakefs://{name})"));
        assert_eq!(location.as_ref(), "main~1/a");
    }
    let (_, location) = resolve("lakefs://example/feature^2/a{b}/\u{e9}%20%3F%23");
    assert_eq!(location.as_ref(), "feature^2/a{b}/\u{e9} ?#");

    let threads = std::thread::scope(|scope| {
        let resolvers: Vec<_> = (0..8).map(|_| scope.spawn(|| resolve("lakefs://raced/main").0)).collect();
        resolvers.into_iter().map(|resolver| resolver.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(threads.iter().all(|store| Arc::ptr_eq(store, &threads[0])));
}

#[test]
fn invalid_url_is_refused() {
    let registry = registry();
    for text in [
        "lakefs:///main",
        "lakefs://id:hush@example/main",
        "lakefs://example:80/main",
        "lakefs://example/main/a?b",
        "lakefs://example/main//a",
        "lakefs://example/main/%FF",
        "lakefs:example",
    ] {
        let error = registry.resolve(&url(text)).unwrap_err().to_string();
        assert!(!error.contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn registered_stores_and_other_schemes_are_resolved() {
    let registry = registry();
    let (store, location) = registry.resolve(&url("memory:///a/b")).unwrap();
    assert_eq!(location.as_ref(), "a/b");
    store.put(&location, "x".into()).await.unwrap();
    registry.resolve(&url("unknown://a/b")).unwrap_err();

    let memory = || Arc::new(InMemory::new()) as Arc<dyn ObjectStore>;
    let other = memory();
    assert!(registry.register(url("unknown://a"), Arc::clone(&other)).is_none());
    let (resolved, location) = registry.resolve(&url("unknown://a/b")).unwrap();
    assert!(Arc::ptr_eq(&resolved, &other));
    assert_eq!(location.as_ref(), "b");

    // A registered store replaces the own one of the repository, or of a part of it.
    let (own, _) = registry.resolve(&url("lakefs://example/main/a")).unwrap();
    let (at_branch, of_repository) = (memory(), memory());
    assert!(registry.register(url("lakefs://example/main"), Arc::clone(&at_branch)).is_none());
    let (resolved, location) = registry.resolve(&url("lakefs://example/main/a")).unwrap();
    assert!(Arc::ptr_eq(&resolved, &at_branch));
    assert_eq!(location.as_ref(), "a");
    let (resolved, location) = registry.resolve(&url("lakefs://example/v1/a")).unwrap();
    assert!(Arc::ptr_eq(&resolved, &own));
    assert_eq!(location, Path::from("v1/a"));
    let replaced = registry.register(url("lakefs://example"), Arc::clone(&of_repository)).unwrap();
    assert!(Arc::ptr_eq(&replaced, &own));
    let (resolved, _) = registry.resolve(&url("lakefs://example/v1/a")).unwrap();
    assert!(Arc::ptr_eq(&resolved, &of_repository));
    let (resolved, _) = registry.resolve(&url("lakefs://other/v1/a")).unwrap();
    assert_eq!(resolved.to_string(), "LakeFsStore(lakefs://other)");
}

#[test]
fn store_and_registry_are_what_engines_take() {
    fn is_store<T: ObjectStore + Clone>() {}
    fn is_registry<T: ObjectStoreRegistry>() {}
    is_store::<LakeFsStore>();
    is_registry::<LakeFsRegistry>();
    let debug = format!("{:?}", registry());
    assert!(debug.starts_with("LakeFsRegistry"), "{debug}");
}
