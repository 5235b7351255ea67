//! What only a server that fails on request can show. Lost and repeated requests are in `retries.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod lists;
mod lost_replies;
mod presigned;
mod resumed_reads;
#[allow(dead_code, reason = "made for the contract suite, of which little is needed here")]
#[path = "../contract/support.rs"]
mod support;
mod tasks;
mod trees;
mod uploads;

use std::sync::{Arc, Mutex};

use lakefs::{Body, Branch, Client, Credentials, ErrorKind, Progress, TryStreamExt as _, models};
use lakefs_testserver::Server;

use crate::support::Lake;

/// A server, and the default branch of a repository on it.
async fn start() -> (Server, Branch) {
    let server = Server::start().await.unwrap();
    let client = Client::builder()
        .endpoint(server.endpoint())
        .access_key(server.access_key_id(), server.secret_access_key())
        .build()
        .unwrap();
    let repository = client.repository("faults");
    repository.create("mem://faults").await.unwrap();
    (server, repository.branch("main"))
}

async fn branches(main: &Branch) -> Vec<String> {
    let list = main.repository().branches().show_hidden(true);
    list.map_ok(|branch| branch.id).try_collect().await.unwrap()
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let (server, main) = start().await;
    let repository = main.repository();
    let name = repository.name();
    let credentials = Credentials::login(server.access_key_id(), server.secret_access_key());
    let client = Client::builder().endpoint(server.endpoint()).credentials(credentials).build().unwrap();
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
async fn a_failed_clean_up_of_a_transaction_is_told_and_is_no_failure() {
    let (server, main) = start().await;
    let failure = r#"{"message":"no"}"#;
    server.faults().on("delete_branch").times(1).respond(500, failure);
    let upload = async |tx: &Branch| tx.object("a").upload("1").await;
    let transacted = main.transaction("Good").run(upload).await.unwrap();
    assert!(transacted.merge.is_some());
    let error = transacted.cleanup_error.unwrap();
    assert_eq!(error.status(), Some(500));
    let left = branches(&main).await.into_iter().find(|name| error.to_string().contains(&**name));
    assert!(left.is_some_and(|name| name.starts_with("tx-")), "{error}");

    server.faults().on("delete_branch").times(1).respond(500, failure);
    let error = main.transaction("Bad").run(async |tx| tx.object("missing").read().await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let left = branches(&main).await.into_iter().find(|name| error.to_string().contains(&**name));
    assert!(left.is_some_and(|name| name.starts_with("tx-")), "{error}");
}

#[tokio::test]
async fn repo_13_each_client_asks_once_and_a_repository_knows_its_storage() {
    let storage = |id: &str, signs: bool| {
        format!(
            r#"{{"blockstore_id":"{id}","blockstore_type":"s3","blockstore_namespace_example":"",
            "blockstore_namespace_ValidityRegex":"","pre_sign_support":{signs},"pre_sign_support_ui":false,
            "import_support":false,"import_validity_regex":""}}"#
        )
    };
    let (lake, other) = (Lake::start().await, Lake::start().await);
    let server = lake.server.as_ref().unwrap();
    let (one, two) = (storage("one", false), storage("two", true));
    let config = format!(r#"{{"storage_config":{one},"storage_config_list":[{one},{two}]}}"#);
    server.faults().on("getConfig").respond(200, config);
    for (id, signs) in [("one", Some(false)), ("two", Some(true)), ("", None), ("three", None)] {
        let repository = format!(
            r#"{{"id":"r","creation_date":1,"default_branch":"main","storage_namespace":"s3://r","storage_id":"{id}"}}"#
        );
        server.faults().on("getRepository").respond(200, repository);
        let found = lake.client.clone().repository("r").storage_config().await;
        match signs {
            Some(signs) => assert_eq!(found.unwrap().pre_sign_support, signs),
            None => assert_eq!(found.unwrap_err().kind(), ErrorKind::NotFound, "{id}"),
        }
    }
    // Another server, and another client of the same one, know nothing of that.
    let listed = |config: &models::Config| config.storage_config_list.as_ref().map_or(0, |list| list.len());
    assert_eq!(listed(lake.client.server_config().await.unwrap()), 2);
    assert_eq!(listed(other.client.server_config().await.unwrap()), 0);
    assert_eq!(listed(lake.builder().build().unwrap().server_config().await.unwrap()), 0);
}

#[tokio::test]
async fn bytes_that_are_not_the_object_are_no_success() {
    let (server, main) = start().await;
    let object = main.object("a");
    object.upload("right").await.unwrap();
    let broken = |read: Result<(), lakefs::Error>| {
        let error = read.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Integrity, Some("get_object")), "{error}");
        let words = "read \"a\" at \"main\"";
        assert!(error.to_string().contains(words) && error.message().contains("MD5"), "{error}");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    server.faults().on("get_object").times(4).replace_body("wrong");
    broken(object.read().await.map(drop));
    broken(object.reader().await.unwrap().try_for_each(|_| async { Ok(()) }).await);
    broken(object.reader().download_to(&file).await.map(drop));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    assert_eq!(object.read().verify(false).await.unwrap(), "wrong");
}

#[tokio::test]
async fn what_is_sent_again_is_told_once() {
    let (server, main) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    std::fs::write(&file, vec![1; 1_000_000]).unwrap();
    let chunks = || futures::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>(vec![1_u8; 100_000])));
    server.faults().on("upload_object").times(1).drop_response();
    for body in
        [Body::file(&file), Body::from(vec![1; 1_000_000]), Body::stream(chunks()).with_length(1_000_000)]
    {
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = told.clone();
        let progress = Progress::new(move |now| telling.lock().unwrap().push(now));
        main.object("a").upload(body).shared_progress(&progress).await.unwrap();
        let told = told.lock().unwrap();
        let last = told.last().unwrap();
        assert_eq!((last.bytes, last.total_bytes), (1_000_000, Some(1_000_000)));
        assert_eq!((last.items, last.total_items), (1, Some(1)));
    }
    assert_eq!(server.requests_for("upload_object").len(), 4);
}
