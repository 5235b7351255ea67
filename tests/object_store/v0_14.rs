//! The tests, compiled for version 0.14, and tests of what only that version has.

#[path = "suite/mod.rs"]
mod suite;

use std::sync::Arc;

use ::object_store;
use lakefs::Client;
use lakefs::object_store as adapter;
use lakefs::reexports::reqwest::Url;

use self::adapter::LakeFsRegistry;
use self::object_store::ObjectStore;
use self::object_store::memory::InMemory;
use self::object_store::registry::ObjectStoreRegistry as _;

/// How many creations the writers contend for on the test server. The full number is that of one version, because it takes
/// a while.
const CREATIONS: usize = 1000;

#[test]
fn deregistered_store_is_no_longer_resolved() {
    let client = Client::builder().endpoint("http://localhost:1").anonymous().build().unwrap();
    let registry = LakeFsRegistry::new(client);
    let url = |text: &str| Url::parse(text).unwrap();
    let resolve = |text: &str| registry.resolve(&url(text)).unwrap().0;
    assert!(registry.deregister(&url("lakefs://example")).is_none());
    let own = resolve("lakefs://example/main/a");
    let registered = Arc::new(InMemory::new()) as Arc<dyn ObjectStore>;
    registry.register(url("lakefs://example/main"), Arc::clone(&registered));
    registry.register(url("unknown://a"), Arc::clone(&registered));

    for text in ["unknown://a", "lakefs://example/main"] {
        assert!(Arc::ptr_eq(&registry.deregister(&url(text)).unwrap(), &registered), "{text}");
    }
    registry.resolve(&url("unknown://a/b")).unwrap_err();
    assert!(Arc::ptr_eq(&resolve("lakefs://example/main/a"), &own));
    assert!(registry.deregister(&url("lakefs://example/main")).is_none());
    assert!(Arc::ptr_eq(&registry.deregister(&url("lakefs://example/")).unwrap(), &own));
    assert!(!Arc::ptr_eq(&resolve("lakefs://example/main/a"), &own));
}

#[cfg(feature = "signer")]
#[tokio::test]
async fn signature_over_query_or_headers_is_refused() {
    use self::object_store::Error;
    use self::object_store::path::Path;
    use self::object_store::signer::{Method, SignedUrlOptions, Signer as _};

    let client = Client::builder().endpoint("http://localhost:1").anonymous().build().unwrap();
    let store = adapter::LakeFsStore::new(&client.repository("example"));
    let options = SignedUrlOptions::new().with_query([("partNumber", "1")]);
    let minute = std::time::Duration::from_secs(60);
    let signed = store.signed_url_opts(Method::GET, &Path::from("main/a"), minute, &options).await;
    let error = signed.unwrap_err();
    assert!(matches!(error, Error::NotSupported { .. }), "{error}");
}
