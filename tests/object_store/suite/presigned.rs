//! Reads from a storage at pre-signed URLs, and the requests that they need.

use std::time::Duration;

use bytes::Bytes;
use lakefs::{Branch, Verify};
use lakefs_testserver::Server;
use tokio::time::timeout;

use super::adapter::LakeFsStore;
use super::object_store::path::Path;
use super::object_store::{Attribute, Error, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _};
use crate::support::Fixture;

const MIB: u64 = 1 << 20;

/// Starts a test server with pre-signed URLs. Its client knows the configuration of the server.
async fn start() -> (Fixture, Branch, LakeFsStore) {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = fixture.main("presigned").await;
    fixture.client.server_config().await.unwrap();
    let store = LakeFsStore::at(&main);
    (fixture, main, store)
}

fn data(length: u64) -> Bytes {
    (0_u32..).flat_map(u32::to_be_bytes).take(usize::try_from(length).unwrap()).collect()
}

/// Returns the operations of the requests since the last call, sorted.
fn served(fixture: &Fixture) -> Vec<&'static str> {
    let server = fixture.test_server();
    let mut operations: Vec<_> = server.requests().iter().map(|request| request.operation).collect();
    server.clear_requests();
    operations.sort_unstable();
    operations
}

#[tokio::test]
async fn whole_object_costs_one_round_trip_or_two() {
    let (fixture, main, store) = start().await;
    let a = Path::from("a");
    for (length, expected) in [
        (0, &["getObject", "getObject", "statObject"][..]),
        (1000, &["getObject", "statObject"]),
        (3 * MIB, &["getObject", "statObject", "storageGet"]),
    ] {
        main.object("a").upload(data(length)).content_type("text/csv").metadata("k", "v").await.unwrap();
        let head = store.head(&a).await.unwrap();
        served(&fixture);
        let result = store.get(&a).await.unwrap();
        assert_eq!((&result.meta, &result.range), (&head, &(0..length)));
        let attribute = |attribute| result.attributes.get(&attribute).map(|value| value.to_string());
        assert_eq!(attribute(Attribute::ContentType).as_deref(), Some("text/csv"));
        assert_eq!(attribute(Attribute::Metadata("k".into())).as_deref(), Some("v"));
        assert!(result.bytes().await.unwrap() == data(length));
        assert_eq!(served(&fixture), expected, "{length}");

        // A choice of the caller.
        let result = store.clone().with_presign(true).get(&a).await.unwrap();
        assert_eq!((&result.meta, &result.range), (&head, &(0..length)));
        assert!(result.bytes().await.unwrap() == data(length));
        assert_eq!(served(&fixture).last(), (length > 0).then_some(&"storageGet").or(Some(&"statObject")));
        let result = store.clone().with_presign(false).get(&a).await.unwrap();
        assert!(result.bytes().await.unwrap() == data(length));
        assert_eq!(served(&fixture), ["getObject", "statObject"]);
    }
    let store = store.with_presign(true);
    store.get(&a).await.unwrap().bytes().await.unwrap();
    assert_eq!(served(&fixture), ["statObject", "storageGet"]);
}

#[tokio::test]
async fn metadata_and_data_are_requested_at_once() {
    let (fixture, main, store) = start().await;
    main.object("a").upload("abc").await.unwrap();
    let delay = Duration::from_secs(2);
    fixture.test_server().faults().on("statObject").delay(delay).proceed();
    fixture.test_server().faults().on("getObject").delay(delay).proceed();
    let get = timeout(delay.mul_f64(1.8), store.get(&Path::from("a"))).await;
    assert_eq!(get.expect("one round trip").unwrap().bytes().await.unwrap(), "abc");
}

#[tokio::test]
async fn overwritten_object_is_read_again() {
    let (fixture, main, store) = start().await;
    let a = Path::from("a");
    main.object("a").upload("new").await.unwrap();
    let stats = r#"{"checksum":"old","mtime":1700000000,"path":"a","path_type":"object","physical_address":"mem://a","size_bytes":5}"#;
    fixture.test_server().faults().on("statObject").times(2).respond(200, stats);
    served(&fixture);
    let result = store.get(&a).await.unwrap();
    assert_eq!(result.meta.size, 3);
    assert_eq!(result.bytes().await.unwrap(), "new");
    assert_eq!(served(&fixture).len(), 6);
}

#[tokio::test]
async fn range_of_an_object_of_a_commit_costs_one_request() {
    let (fixture, main, _) = start().await;
    let a = Path::from("a");
    main.object("a").upload(data(4 * MIB)).await.unwrap();
    let commit = main.commit("one").await.unwrap();
    let store = LakeFsStore::at(main.repository().reference(commit.id));
    let head = store.head(&a).await.unwrap();
    served(&fixture);
    for round in 0..4 {
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(MIB..3 * MIB)));
        let result = store.get_opts(&a, options).await.unwrap();
        assert_eq!((&result.meta, &result.range), (&head, &(MIB..3 * MIB)));
        assert!(result.bytes().await.unwrap() == data(4 * MIB)[1 << 20..3 << 20]);
        let expected: &[_] = if round == 0 { &["statObject", "storageGet"] } else { &["storageGet"] };
        assert_eq!(served(&fixture), expected);
    }
    for range in [0..10, 5..2 * MIB, 3 * MIB..9 * MIB] {
        let expected = data(4 * MIB)
            .slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end.min(4 * MIB)).unwrap());
        assert!(store.get_range(&a, range).await.unwrap() == expected);
        assert_eq!(served(&fixture), ["storageGet"]);
    }
}

#[tokio::test]
async fn store_reads_what_it_wrote() {
    let (fixture, _main, store) = start().await;
    let a = Path::from("a");
    for round in 0..3_u8 {
        let mut bytes = data(3 * MIB).to_vec();
        bytes[0] = round;
        store.put(&a, bytes.clone().into()).await.unwrap();
        served(&fixture);
        for _ in 0..2 {
            assert!(store.get_range(&a, 0..2 * MIB).await.unwrap() == bytes[..2 << 20]);
            assert!(store.get_ranges(&a, &[0..MIB, 2 * MIB..3 * MIB]).await.unwrap()[0] == bytes[..1 << 20]);
            assert!(store.get(&a).await.unwrap().bytes().await.unwrap() == bytes);
        }
    }
}

#[tokio::test]
async fn ranges_read_together_share_one_url() {
    let (fixture, main, store) = start().await;
    main.object("a").upload(data(9 * MIB)).await.unwrap();
    served(&fixture);
    // Too far apart to be read with one request.
    let ranges = [0..MIB, 3 * MIB..4 * MIB, 6 * MIB..8 * MIB];
    let read = store.get_ranges(&Path::from("a"), &ranges).await.unwrap();
    for (range, read) in ranges.iter().zip(read) {
        let (start, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
        assert!(read == data(9 * MIB)[start..end]);
    }
    assert_eq!(served(&fixture), ["statObject", "storageGet", "storageGet", "storageGet"]);
}

#[tokio::test]
async fn verification_of_a_store_can_be_switched_off() {
    let (fixture, main, store) = start().await;
    let a = Path::from("a");
    main.object("a").upload("right").await.unwrap();
    fixture.test_server().faults().on("getObject").times(2).replace_body("wrong");
    let strict = store.clone().with_verify(Verify::Strict);
    let error = strict.get(&a).await.unwrap().bytes().await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
    let store = store.with_verify(Verify::Off);
    assert_eq!(store.get(&a).await.unwrap().bytes().await.unwrap(), "wrong");
}

#[tokio::test]
async fn preconditions_hold_for_objects_of_the_storage() {
    let (fixture, main, store) = start().await;
    let a = Path::from("a");
    main.object("a").upload(data(2 * MIB)).await.unwrap();
    let head = store.head(&a).await.unwrap();
    let tag = head.e_tag.as_deref();
    served(&fixture);
    let result = store.get_opts(&a, GetOptions::new().with_if_match(tag)).await.unwrap();
    assert_eq!(result.meta, head);
    assert!(result.bytes().await.unwrap() == data(2 * MIB));
    assert_eq!(served(&fixture), ["statObject", "storageGet"]);
    let error = store.get_opts(&a, GetOptions::new().with_if_none_match(tag)).await.unwrap_err();
    assert!(matches!(error, Error::NotModified { .. }), "{error}");
    assert_eq!(served(&fixture), ["statObject"]);
    let range = GetOptions::new().with_range(Some(GetRange::Bounded(0..2 * MIB)));
    let error = store.get_opts(&a, range.with_if_none_match(tag)).await.unwrap_err();
    assert!(matches!(error, Error::NotModified { .. }), "{error}");
}
