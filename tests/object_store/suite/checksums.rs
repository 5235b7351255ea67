//! Objects whose checksum has quotes or is no MD5, and proxies that weaken ETags.

use futures::TryStreamExt as _;
use lakefs::{ErrorKind, Verify};
use lakefs_testserver::Server;

use super::adapter::LakeFsStore;
use super::cause;
use super::object_store::path::Path;
use super::object_store::{CopyMode, CopyOptions, Error, GetOptions, ObjectStore as _, ObjectStoreExt as _};
use crate::support::Fixture;

const MD5: &str = "5d41402abc4b2a76b9719d911017c592";
const NO_MD5: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn quotes_of_a_stored_checksum_do_not_matter() {
    let fixture = Fixture::new().await;
    let main = fixture.main("quoted").await;
    let source = main.object("source").upload("hello").await.unwrap();
    main.object("a").stage(&source.physical_address, format!("\"{MD5}\""), 5).await.unwrap();
    let (store, a) = (LakeFsStore::at(&main), Path::from("a"));
    let read = store.get(&a).await.unwrap();
    assert_eq!(read.meta.e_tag, store.head(&a).await.unwrap().e_tag);
    let listed: Vec<_> = store.list(Some(&Path::from("a"))).try_collect().await.unwrap();
    assert!(listed.iter().all(|meta| meta.e_tag == read.meta.e_tag));
    let etag = read.meta.e_tag.clone().unwrap();
    assert_eq!((read.bytes().await.unwrap(), store.unverified_reads()), ("hello".into(), 0));
    assert_eq!(etag, format!("\"{MD5}\""));
    let options = GetOptions::new().with_if_match(Some(etag.clone())).with_range(Some(0..2));
    assert_eq!(store.get_opts(&a, options).await.unwrap().bytes().await.unwrap(), "he");
    let options = GetOptions::new().with_if_none_match(Some(etag));
    let error = store.get_opts(&a, options).await.unwrap_err();
    assert!(matches!(error, Error::NotModified { .. }), "{error}");
}

#[tokio::test]
async fn object_whose_checksum_is_no_md5_is_read_and_counted() {
    let fixture = Fixture::new().await;
    let main = fixture.main("no_md5").await;
    let source = main.object("source").upload("hello").await.unwrap();
    main.object("a").stage(&source.physical_address, NO_MD5, 5).await.unwrap();
    let a = Path::from("a");
    let new_store = || {
        let client = fixture.builder().build().unwrap();
        LakeFsStore::at(client.repository(main.repository().name()).branch("main"))
    };
    // A range that is the whole object, several ranges, and a copy through this process read all bytes.
    let store = new_store();
    assert_eq!(store.get_range(&a, 0..5).await.unwrap(), "hello");
    assert_eq!(store.unverified_reads(), 1);
    let store = new_store();
    assert_eq!(store.get_ranges(&a, &[0..2, 2..5]).await.unwrap(), ["he", "llo"]);
    assert_eq!(store.unverified_reads(), 1);
    let options = CopyOptions::new().with_mode(CopyMode::Create);
    new_store().copy_opts(&a, &Path::from("copy"), options).await.unwrap();
    assert_eq!(main.object("copy").read().await.unwrap(), "hello");

    let store = new_store();
    if let Some(server) = &fixture.server {
        server.clear_requests();
    }
    for reads in 1..3 {
        assert_eq!(store.clone().get(&a).await.unwrap().bytes().await.unwrap(), "hello");
        assert_eq!(store.unverified_reads(), reads);
    }
    if let Some(server) = &fixture.server {
        assert_eq!(server.requests_for("getObject").len(), 3);
    }
    assert_eq!(store.get(&Path::from("source")).await.unwrap().bytes().await.unwrap(), "hello");
    assert_eq!(store.unverified_reads(), 2);

    let error = new_store().with_verify(Verify::Strict).get(&a).await.unwrap().bytes().await.unwrap_err();
    assert_eq!(cause(&error).kind(), ErrorKind::Integrity, "{error}");
    assert!(cause(&error).message().contains("Verify::Strict"), "{error}");
    let store = new_store().with_verify(false);
    assert_eq!(store.get(&a).await.unwrap().bytes().await.unwrap(), "hello");
    assert_eq!(store.unverified_reads(), 1);
}

#[tokio::test]
async fn wrong_bytes_of_one_read_are_an_error() {
    let fixture = Fixture::start(Server::builder()).await;
    let main = fixture.main("wrong").await;
    main.object("a").upload("hello").await.unwrap();
    fixture.test_server().faults().on("getObject").replace_body("jello");
    let store = LakeFsStore::at(&main);
    let error = store.get(&Path::from("a")).await.unwrap().bytes().await.unwrap_err();
    assert_eq!(cause(&error).kind(), ErrorKind::Integrity, "{error}");
    assert_eq!(store.get(&Path::from("a")).await.unwrap().bytes().await.unwrap(), "hello");
}

#[tokio::test]
async fn weak_etag_of_a_proxy_does_not_matter() {
    let fixture = Fixture::start(Server::builder()).await;
    let main = fixture.main("weak").await;
    let stats = main.object("a").upload("hello").await.unwrap();
    let weak = format!("W/\"{}\"", stats.checksum);
    fixture.test_server().faults().on("getObject").always().header("etag", &weak).proceed();
    let (store, a) = (LakeFsStore::at(&main), Path::from("a"));
    let etag = store.head(&a).await.unwrap().e_tag.unwrap();
    for (range, text) in [(None, "hello"), (Some(0..5), "hello"), (Some(1..3), "el")] {
        for etag in [&etag, &weak] {
            let options = GetOptions::new().with_if_match(Some(etag.clone())).with_range(range.clone());
            let read = store.get_opts(&a, options).await.unwrap();
            assert_eq!(read.meta.e_tag, Some(format!("\"{}\"", stats.checksum)));
            assert_eq!(read.bytes().await.unwrap(), text);
            let options = GetOptions::new().with_if_none_match(Some(etag.clone())).with_range(range.clone());
            let error = store.get_opts(&a, options).await.unwrap_err();
            assert!(matches!(error, Error::NotModified { .. }), "{error}");
        }
    }
    assert_eq!(store.get_ranges(&a, &[0..1, 4..5]).await.unwrap(), ["h", "o"]);
    assert_eq!(store.unverified_reads(), 0);
}
