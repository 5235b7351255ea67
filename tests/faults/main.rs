//! Behaviour of the client when the server or the storage fails. The tests inject the failures into the test server.
//! `tests/retries.rs` has the tests of retries.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod checksums;
mod conditional_creates;
mod conflicts;
mod directories;
mod directory_checksums;
mod directory_costs;
mod lists;
mod lost_admin;
mod lost_responses;
mod one_shot;
mod presigned;
mod presigned_reads;
mod refusals;
mod resolves;
mod resumed_reads;
mod special_files;
mod storage_fallback;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
mod test_data;
mod transactions;
mod unreachable_storage;
mod upload_limits;
mod uploads;
#[cfg(all(feature = "config", feature = "fs"))]
mod working_copies;

use lakefs::{Body, Branch, Credentials, ErrorKind, TryStreamExt as _, Verify, models};
use lakefs_testserver::Server;

use crate::support::{Fixture, ProgressLog};

/// Starts a test server, and returns it with the default branch of a new repository.
async fn start() -> (Fixture, Branch) {
    let fixture = Fixture::start(Server::builder()).await;
    let main = fixture.main("faults").await;
    (fixture, main)
}

async fn branches(main: &Branch) -> Vec<String> {
    let list = main.repository().branches().show_hidden(true);
    list.map_ok(|branch| branch.id).try_collect().await.unwrap()
}

#[tokio::test]
async fn rejected_token_is_renewed_once() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let repository = main.repository();
    let name = repository.name();
    let credentials = Credentials::login(server.access_key_id(), server.secret_access_key());
    let client = fixture.anonymous().credentials(credentials).build().unwrap();
    client.repository(name).get().await.unwrap();

    let refusal = r#"{"message":"error authenticating request"}"#;
    server.faults().on("get_repository").times(1).respond(401, refusal);
    assert_eq!(client.repository(name).get().await.unwrap().id, name);
    assert_eq!(server.requests_for("login").len(), 2);

    server.faults().on("get_repository").times(2).respond(401, refusal);
    let error = client.repository(name).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(server.requests_for("login").len(), 3);
}

#[tokio::test]
async fn failed_cleanup_of_a_transaction_is_reported_and_not_fatal() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let failure = r#"{"message":"no"}"#;
    server.faults().on("delete_branch").times(1).respond(500, failure);
    let upload = async |tx: &Branch| tx.object("a").upload("1").await;
    let transacted = main.transaction("Good").run(upload).await.unwrap();
    assert!(transacted.merge.is_some());
    let error = transacted.cleanup_error.unwrap();
    assert_eq!(error.status(), Some(500));
    let left = branches(&main).await.into_iter().find(|name| error.to_string().contains(&**name));
    assert!(left.is_some_and(|name| name.starts_with("lakefs-rs-tx-")), "{error}");

    server.faults().on("delete_branch").times(1).respond(500, failure);
    let error = main.transaction("Bad").run(async |tx| tx.object("missing").read().await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let left = branches(&main).await.into_iter().find(|name| error.to_string().contains(&**name));
    assert!(left.is_some_and(|name| name.starts_with("lakefs-rs-tx-")), "{error}");
}

/// The configuration of a storage, as the server reports it.
fn storage(id: &str, presigns: bool) -> String {
    format!(
        r#"{{"blockstore_id":"{id}","blockstore_type":"s3","blockstore_namespace_example":"",
        "blockstore_namespace_ValidityRegex":"","pre_sign_support":{presigns},"pre_sign_support_ui":false,
        "import_support":false,"import_validity_regex":""}}"#
    )
}

/// The only storage of a server is that of all repositories, as for uploads.
#[tokio::test]
async fn repo_13_only_storage_is_found_whatever_its_id() {
    let one = storage("one", true);
    for config in [
        format!(r#"{{"storage_config":{one}}}"#),
        format!(r#"{{"storage_config_list":[{one}]}}"#),
        format!(r#"{{"storage_config":{one},"storage_config_list":[]}}"#),
    ] {
        let fixture = Fixture::in_memory().await;
        fixture.test_server().faults().on("getConfig").respond(200, config.clone());
        let repository = fixture.client.repository("r");
        for id in ["", "one", "two"] {
            let body = format!(
                r#"{{"id":"r","creation_date":1,"default_branch":"main","storage_namespace":"s3://r","storage_id":"{id}"}}"#
            );
            fixture.test_server().faults().on("getRepository").respond(200, body);
            assert!(repository.storage_config().await.unwrap().pre_sign_support, "{config} {id}");
        }
    }
}

#[tokio::test]
async fn repo_13_storage_config_is_the_one_of_the_repository() {
    let (fixture, other) = (Fixture::in_memory().await, Fixture::in_memory().await);
    let server = fixture.test_server();
    let (one, two) = (storage("one", false), storage("two", true));
    let config = format!(r#"{{"storage_config":{one},"storage_config_list":[{one},{two}]}}"#);
    server.faults().on("getConfig").respond(200, config);
    for (id, presigns) in [("one", Some(false)), ("two", Some(true)), ("", None), ("three", None)] {
        let repository = format!(
            r#"{{"id":"r","creation_date":1,"default_branch":"main","storage_namespace":"s3://r","storage_id":"{id}"}}"#
        );
        server.faults().on("getRepository").respond(200, repository);
        let found = fixture.client.clone().repository("r").storage_config().await;
        match presigns {
            Some(presigns) => assert_eq!(found.unwrap().pre_sign_support, presigns),
            None => assert_eq!(found.unwrap_err().kind(), ErrorKind::NotFound, "{id}"),
        }
    }
    // Each client caches the configuration of its own server.
    let listed = |config: &models::Config| config.storage_config_list.as_ref().map_or(0, |list| list.len());
    assert_eq!(listed(fixture.client.server_config().await.unwrap()), 2);
    assert_eq!(listed(other.client.server_config().await.unwrap()), 0);
    assert_eq!(listed(fixture.builder().build().unwrap().server_config().await.unwrap()), 0);
}

#[tokio::test]
async fn read_with_a_wrong_checksum_fails() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload("right").await.unwrap();
    let expect_integrity_error = |read: Result<(), lakefs::Error>| {
        let error = read.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Integrity, Some("get_object")), "{error}");
        let words = "read \"a\" at \"main\"";
        assert!(error.to_string().contains(words) && error.message().contains("MD5"), "{error}");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    server.faults().on("get_object").times(4).replace_body("wrong");
    let strict = || object.reader().verify(Verify::Strict);
    expect_integrity_error(object.read().verify(Verify::Strict).await.map(drop));
    expect_integrity_error(strict().await.unwrap().try_for_each(|_| async { Ok(()) }).await);
    expect_integrity_error(strict().download_to(&file).await.map(drop));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    assert_eq!(object.read().verify(false).await.unwrap(), "wrong");
}

#[tokio::test]
async fn progress_counts_a_retried_upload_once() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    std::fs::write(&file, vec![1; 1_000_000]).unwrap();
    let chunks = || futures::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>(vec![1_u8; 100_000])));
    server.faults().on("upload_object").times(1).drop_response();
    for body in
        [Body::file(&file), Body::from(vec![1; 1_000_000]), Body::stream(chunks()).with_length(1_000_000)]
    {
        let log = ProgressLog::default();
        main.object("a").upload(body).progress(log.recorder()).await.unwrap();
        let last = log.last();
        assert_eq!((last.bytes, last.total_bytes), (1_000_000, Some(1_000_000)));
        assert_eq!((last.items, last.total_items), (1, Some(1)));
    }
    assert_eq!(server.requests_for("upload_object").len(), 4);
}
