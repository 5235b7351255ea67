//! Objects whose data is already in the storage: physical addresses, links and staged objects.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::ErrorKind;

use crate::support::{Fixture, expect_error, read_text};

const LINK: &str = "link_physical_address";

#[tokio::test]
async fn stage_01_physical_address_is_linked_to_its_path() {
    let fixture = Fixture::new().await;
    let main = fixture.main("stage_01").await;
    let object = main.object("a/b");
    let staging = object.physical_address().await.unwrap();
    let address = staging.physical_address.clone().unwrap();
    assert!(address.contains("/data/"), "{address}");
    assert_eq!(staging.presigned_url, None);

    let link = object.link(staging.clone(), "\"c0ffee\"", 7).content_type("text/csv").metadata("Key", "v");
    let linked = link.mtime(UNIX_EPOCH + Duration::from_secs(1_600_000_000)).await.unwrap();
    assert_eq!((linked.path.as_str(), linked.checksum.as_str()), ("a/b", "c0ffee"));
    assert_eq!((linked.size_bytes, linked.mtime), (Some(7), 1_600_000_000));

    let stats = object.get().await.unwrap();
    assert_eq!((stats.checksum.as_str(), stats.size_bytes), ("c0ffee", Some(7)));
    assert_eq!(stats.content_type.as_deref(), Some("text/csv"));
    assert_eq!(stats.metadata.unwrap().get("Key").map(String::as_str), Some("v"));

    let elsewhere = main.object("other").link(staging, "c0ffee", 7).await;
    if fixture.verifies_addresses().await {
        expect_error(elsewhere, LINK, 400, ErrorKind::InvalidRequest, "invalid address");
    } else {
        elsewhere.unwrap();
    }
}

#[tokio::test]
async fn stage_01_physical_address_has_a_presigned_url_if_the_storage_supports_it() {
    let fixture = Fixture::new().await;
    let main = fixture.main("stage_01").await;
    let signed = main.object("a").physical_address().presign(true).await;
    if fixture.presigns().await {
        assert!(signed.unwrap().presigned_url.is_some_and(|url| url.starts_with("http")));
    } else {
        expect_error(signed, "get_physical_address", 500, ErrorKind::Unsupported, "not supported");
    }
}

#[tokio::test]
async fn stage_02_link_needs_a_checksum_an_address_and_a_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("stage_02").await;
    let object = main.object("a");
    let staging = object.physical_address().await.unwrap();
    let unchecked = object.link(staging.clone(), "", 1).await;
    expect_error(unchecked, LINK, 400, ErrorKind::InvalidRequest, "checksum is required");

    let mut nowhere = staging;
    nowhere.physical_address = None;
    let nowhere = object.link(nowhere, "c0ffee", 1).await;
    expect_error(nowhere, LINK, None, ErrorKind::InvalidRequest, "no physical address");
    let staging = object.physical_address().await.unwrap();
    let huge = object.link(staging, "c0ffee", u64::MAX).await;
    expect_error(huge, LINK, None, ErrorKind::InvalidRequest, "is larger than lakeFS can store");
    assert!(!object.exists().await.unwrap());

    // The server issues an address for a missing branch, and rejects the link.
    let missing = main.repository().branch("nope").object("a");
    let staging = missing.physical_address().await.unwrap();
    expect_error(missing.link(staging, "c0ffee", 1).await, LINK, 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn stage_03_link_supports_if_none_match_and_force() {
    let fixture = Fixture::new().await;
    let main = fixture.main("stage_03").await;
    let object = main.object("a");
    let link = async || object.link(object.physical_address().await.unwrap(), "c0ffee", 1);
    link().await.if_none_match("*").await.unwrap();
    let again = link().await.if_none_match("*").await;
    expect_error(again, LINK, 412, ErrorKind::PreconditionFailed, "Precondition failed");
    let same = link().await.if_match("\"c0ffee\"").await;
    expect_error(same, LINK, 501, ErrorKind::Unsupported, "Not Implemented");
    link().await.force(true).await.unwrap();
}

#[tokio::test]
async fn stage_04_read_of_an_object_without_data_reports_deleted_data() {
    let fixture = Fixture::new().await;
    let main = fixture.main("stage_04").await;
    let object = main.object("a");
    object.link(object.physical_address().await.unwrap(), "c0ffee", 1).await.unwrap();
    assert!(object.exists().await.unwrap());
    expect_error(object.read().await, "get_object", 410, ErrorKind::DataDeleted, "No data");
}

#[tokio::test]
async fn stage_05_object_is_staged_with_data_of_another_object() {
    let fixture = Fixture::new().await;
    let main = fixture.main("stage_05").await;
    let first = main.object("a").upload("hello").await.unwrap();
    let object = main.object("b");
    let stage = object.stage(&first.physical_address, &first.checksum, 5).content_type("text/csv");
    let staged = stage
        .metadata("k", "v")
        .mtime(UNIX_EPOCH + Duration::from_secs(1_600_000_000))
        .force(true)
        .await
        .unwrap();
    assert_eq!((staged.path.as_str(), staged.mtime), ("b", 1_600_000_000));

    let stats = object.get().await.unwrap();
    assert_eq!((&stats.checksum, stats.size_bytes), (&first.checksum, Some(5)));
    assert_eq!(stats.content_type.as_deref(), Some("text/csv"));
    assert_eq!(stats.metadata.unwrap().get("k").map(String::as_str), Some("v"));
    assert_eq!(read_text(&object).await, "hello");

    let elsewhere = if fixture.storage_config().await.blockstore_type == "s3" { "gs" } else { "s3" };
    let elsewhere = object.stage(format!("{elsewhere}://bucket/key"), "c0ffee", 5).await;
    expect_error(elsewhere, "stage_object", 400, ErrorKind::InvalidRequest, "not valid for block adapter");
    let nowhere = object.stage("gopher://bucket/key", "c0ffee", 5).await;
    expect_error(nowhere, "stage_object", 400, ErrorKind::InvalidRequest, "invalid storage scheme gopher");
    let missing = main.repository().branch("nope").object("a");
    let missing = missing.stage(&first.physical_address, "c0ffee", 5).await;
    expect_error(missing, "stage_object", 404, ErrorKind::NotFound, "not found");
}
