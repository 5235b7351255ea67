//! Objects whose data are in the storage already.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::ErrorKind;

use crate::support::{Lake, refused};

const LINK: &str = "link_physical_address";

#[tokio::test]
async fn stage_01_an_address_is_linked_to_its_path() {
    let lake = Lake::new().await;
    let main = lake.main("stage_01").await;
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
    if lake.verifies_addresses().await {
        refused(elsewhere, LINK, 400, ErrorKind::InvalidRequest, "invalid address");
    } else {
        elsewhere.unwrap();
    }
}

#[tokio::test]
async fn stage_01_an_address_is_signed_where_the_storage_can() {
    let lake = Lake::new().await;
    let main = lake.main("stage_01").await;
    let signed = main.object("a").physical_address().presign(true).await;
    if lake.signs().await {
        assert!(signed.unwrap().presigned_url.is_some_and(|url| url.starts_with("http")));
    } else {
        refused(signed, "get_physical_address", 500, ErrorKind::Unsupported, "not supported");
    }
}

#[tokio::test]
async fn stage_02_a_link_needs_a_checksum_an_address_and_a_branch() {
    let lake = Lake::new().await;
    let main = lake.main("stage_02").await;
    let object = main.object("a");
    let staging = object.physical_address().await.unwrap();
    let unchecked = object.link(staging.clone(), "", 1).await;
    refused(unchecked, LINK, 400, ErrorKind::InvalidRequest, "checksum is required");

    let mut nowhere = staging;
    nowhere.physical_address = None;
    let nowhere = object.link(nowhere, "c0ffee", 1).await;
    refused(nowhere, LINK, None, ErrorKind::InvalidRequest, "no physical address");
    let staging = object.physical_address().await.unwrap();
    let huge = object.link(staging, "c0ffee", u64::MAX).await;
    refused(huge, LINK, None, ErrorKind::InvalidRequest, "is larger than lakeFS can store");
    assert!(!object.exists().await.unwrap());

    // The address is given; that there is no such branch is seen at the link.
    let missing = main.repository().branch("nope").object("a");
    let staging = missing.physical_address().await.unwrap();
    refused(missing.link(staging, "c0ffee", 1).await, LINK, 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn stage_03_a_link_has_conditions() {
    let lake = Lake::new().await;
    let main = lake.main("stage_03").await;
    let object = main.object("a");
    let link = async || object.link(object.physical_address().await.unwrap(), "c0ffee", 1);
    link().await.if_none_match("*").await.unwrap();
    let again = link().await.if_none_match("*").await;
    refused(again, LINK, 412, ErrorKind::PreconditionFailed, "Precondition failed");
    let same = link().await.if_match("\"c0ffee\"").await;
    refused(same, LINK, 501, ErrorKind::Unsupported, "Not Implemented");
    link().await.force(true).await.unwrap();
}

#[tokio::test]
async fn stage_04_data_that_are_not_there_are_gone() {
    let lake = Lake::new().await;
    let main = lake.main("stage_04").await;
    let object = main.object("a");
    object.link(object.physical_address().await.unwrap(), "c0ffee", 1).await.unwrap();
    assert!(object.exists().await.unwrap());
    refused(object.read().await, "get_object", 410, ErrorKind::DataDeleted, "No data");
}

#[tokio::test]
async fn stage_05_data_of_another_place_are_staged() {
    let lake = Lake::new().await;
    let main = lake.main("stage_05").await;
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

    let elsewhere = if lake.storage().await.blockstore_type == "s3" { "gs" } else { "s3" };
    let elsewhere = object.stage(format!("{elsewhere}://bucket/key"), "c0ffee", 5).await;
    refused(elsewhere, "stage_object", 400, ErrorKind::InvalidRequest, "not valid for block adapter");
    let nowhere = object.stage("gopher://bucket/key", "c0ffee", 5).await;
    refused(nowhere, "stage_object", 400, ErrorKind::InvalidRequest, "invalid storage scheme gopher");
    let missing = main.repository().branch("nope").object("a");
    let missing = missing.stage(&first.physical_address, "c0ffee", 5).await;
    refused(missing, "stage_object", 404, ErrorKind::NotFound, "not found");
}
