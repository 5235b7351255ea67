//! What only a server that fails on request can show. Lost and repeated requests are in `retries.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod lost_replies;
#[allow(dead_code, reason = "made for the contract suite, of which little is needed here")]
#[path = "../contract/support.rs"]
mod support;

use lakefs::{Branch, Client, Credentials, ErrorKind, TryStreamExt as _};
use lakefs_testserver::Server;

/// A server, and the default branch of a repository on it.
async fn start() -> (Server, Branch) {
    let server = Server::start().await.unwrap();
    let client = Client::builder()
        .endpoint(server.endpoint())
        .credentials(server.access_key_id(), server.secret_access_key())
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
    let name = main.repository().name();
    let credentials = Credentials::login(server.access_key_id(), server.secret_access_key());
    let client = Client::builder().endpoint(server.endpoint()).with_credentials(credentials).build().unwrap();
    client.repository(name).get().await.unwrap();

    let refusal = r#"{"message":"error authenticating request"}"#;
    server.faults().on("get_repository").times(1).reply(401, refusal);
    assert_eq!(client.repository(name).get().await.unwrap().id, name);
    assert_eq!(server.requests_for("login").len(), 2);

    server.faults().on("get_repository").times(2).reply(401, refusal);
    let error = client.repository(name).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(server.requests_for("login").len(), 3);
}

#[tokio::test]
async fn a_failed_clean_up_of_a_transaction_is_told_and_is_no_failure() {
    let (server, main) = start().await;
    let failure = r#"{"message":"no"}"#;
    server.faults().on("delete_branch").times(1).reply(500, failure);
    let upload = async |tx: &Branch| tx.object("a").upload("1").await;
    let transacted = main.transaction("Good").run(upload).await.unwrap();
    assert!(transacted.merge.is_some());
    let (left, error) = transacted.left_behind.unwrap();
    assert_eq!((error.status(), left.exists().await.unwrap()), (Some(500), true));

    server.faults().on("delete_branch").times(1).reply(500, failure);
    let error = main.transaction("Bad").run(async |tx| tx.object("missing").read().await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let left = branches(&main).await.into_iter().find(|name| error.to_string().contains(&**name));
    assert!(left.is_some_and(|name| name.starts_with("tx-")), "{error}");
}
