//! Pre-signed URLs for other programs.

use std::time::Duration;

use lakefs::reexports::reqwest::{self, Method};
use lakefs_testserver::Server;
use tokio_rustls::rustls::crypto::ring;

use super::adapter::LakeFsStore;
use super::object_store::Error;
use super::object_store::path::Path;
use super::object_store::signer::Signer;
use crate::support::Fixture;

const MINUTE: Duration = Duration::from_secs(60);

/// Reads an object at a URL, without the client.
async fn read(url: reqwest::Url) -> String {
    // A client of reqwest needs a provider for TLS, also for `http` URLs. Another test may have installed it.
    _ = ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(url).timeout(MINUTE).send().await.unwrap();
    response.error_for_status().unwrap().text().await.unwrap()
}

/// Asserts what the URLs of a store are good for.
async fn assert_signs(store: &LakeFsStore, location: &str, content: &str) {
    let location = Path::parse(location).unwrap();
    let url = store.signed_url(Method::GET, &location, MINUTE).await.unwrap();
    assert_eq!(read(url).await, content);
    let locations = [location.clone(), location.clone()];
    let urls = store.signed_urls(Method::GET, &locations, MINUTE).await.unwrap();
    assert_eq!(urls.len(), 2);

    for method in [Method::PUT, Method::HEAD, Method::DELETE] {
        let error = store.signed_url(method.clone(), &location, MINUTE).await.unwrap_err();
        assert!(matches!(error, Error::NotSupported { .. }), "{method}: {error}");
    }
    for too_long in [Duration::from_secs(8 * 24 * 3600), Duration::MAX] {
        let error = store.signed_url(Method::GET, &location, too_long).await.unwrap_err();
        assert!(matches!(error, Error::NotSupported { .. }), "{error}");
        assert!(!error.to_string().contains("://"), "{error}");
    }
    let missing = store.signed_url(Method::GET, &Path::from("main/missing"), MINUTE).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
}

#[tokio::test]
async fn url_reads_the_object_without_the_client() {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = fixture.main("signed").await;
    main.object("data/a").upload("abc").await.unwrap();
    assert_signs(&LakeFsStore::new(&main.repository()), "main/data/a", "abc").await;
}

#[tokio::test]
async fn storage_signs_urls_or_the_error_says_that_it_does_not() {
    let fixture = Fixture::new().await;
    let main = fixture.main("signs").await;
    main.object("data/a").upload("abc").await.unwrap();
    let store = LakeFsStore::new(&main.repository());
    let config = fixture.client.server_config().await.unwrap();
    if config.storage_config.as_ref().is_some_and(|storage| storage.pre_sign_support) {
        assert_signs(&store, "main/data/a", "abc").await;
    } else {
        let error = store.signed_url(Method::GET, &Path::from("main/data/a"), MINUTE).await.unwrap_err();
        assert!(matches!(error, Error::NotSupported { .. }), "{error}");
        let missing = store.signed_url(Method::GET, &Path::from("main/b"), MINUTE).await.unwrap_err();
        assert!(matches!(missing, Error::NotFound { .. } | Error::NotSupported { .. }), "{missing}");
    }
}
