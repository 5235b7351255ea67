//! Storages that this program cannot reach, and that can be reached again.

use std::time::Duration;

use lakefs::{BranchObject, ErrorKind};
use lakefs_testserver::Server;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::presigned_reads::{served, start, uploaded};
use crate::test_data::{MIB, data};

const DEADLINE: Duration = Duration::from_secs(30);

/// Lets the server sign URLs of another storage for an object.
async fn sign_urls_of(server: &Server, endpoint: &str, object: &BranchObject) {
    let mut stats = object.get().await.unwrap();
    stats.physical_address = format!("{endpoint}/bucket/key?X-Amz-Signature=5ec3e7");
    server.faults().on("statObject").always().respond(200, serde_json::to_string(&stats).unwrap());
    server.clear_requests();
}

/// An address that accepts no further connections, and refuses none.
async fn blackhole() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queued = Vec::new();
    while let Ok(connected) =
        timeout(Duration::from_millis(300), TcpStream::connect(listener.local_addr().unwrap())).await
    {
        queued.push(connected.unwrap());
    }
    (listener, queued)
}

#[tokio::test]
async fn storage_out_of_reach_is_tried_once_and_bypassed() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(2 * MIB);
    let (listener, _queued) = blackhole().await;
    let silent = format!("http://{}", listener.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:1", &silent] {
        let object = uploaded(&fixture, &main, &data).await;
        sign_urls_of(server, endpoint, &object).await;
        let read = timeout(DEADLINE / 3, object.read().into_future()).await;
        assert!(read.expect("one short attempt").unwrap() == data);
        assert_eq!(served(server), ["getObject", "statObject", "getObject"], "{endpoint}");
        // All reads and uploads of the repository go through the server from now on.
        let read = timeout(DEADLINE, object.read().into_future()).await.unwrap();
        assert!(read.unwrap() == data);
        object.upload(data.clone()).await.unwrap();
        assert_eq!(served(server), ["getObject", "uploadObject"], "{endpoint}");
        server.faults().clear();
    }
    let object = uploaded(&fixture, &main, &data).await;
    sign_urls_of(server, "http://127.0.0.1:1", &object).await;
    let error = timeout(DEADLINE, object.read().presign(true).into_future()).await.unwrap().unwrap_err();
    assert_eq!(error.message(), "cannot connect to http://127.0.0.1:1: connection refused");
    assert_eq!(error.kind(), ErrorKind::Transport);
}

#[tokio::test]
async fn blackholed_storage_costs_an_upload_one_short_attempt() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let (listener, _queued) = blackhole().await;
    let url = format!("http://{}/bucket/key?X-Amz-Signature=5ec3e7", listener.local_addr().unwrap());
    let address = format!(r#"{{"physical_address":"mem://faults/data/x/y,z","presigned_url":"{url}"}}"#);
    server.faults().on("getPhysicalAddress").always().respond(200, address);
    let object = main.object("a");
    for _ in 0..2 {
        let upload = timeout(DEADLINE / 3, object.upload(data(MIB)).into_future()).await;
        upload.expect("one short attempt").unwrap();
    }
    assert_eq!(server.requests_for("getPhysicalAddress").len(), 1);
    assert!(object.read().presign(false).await.unwrap() == data(MIB));
}

#[tokio::test]
async fn storage_is_used_again_once_it_can_be_reached() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(2 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    let read = async || {
        let read = timeout(DEADLINE, object.read().range(0..2 * MIB as u64).into_future()).await;
        assert!(read.unwrap().unwrap() == data);
        served(server)
    };
    sign_urls_of(server, "http://127.0.0.1:1", &object).await;
    assert_eq!(read().await, ["statObject", "getObject"]);
    let pass = async |seconds| {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
    };
    pass(290).await;
    assert_eq!(read().await, ["getObject"]);
    // Another attempt, which fails.
    pass(20).await;
    assert_eq!(read().await, ["statObject", "getObject"]);
    assert_eq!(read().await, ["getObject"]);
    // And one that succeeds.
    server.faults().clear();
    pass(310).await;
    for _ in 0..2 {
        let mut requests = read().await;
        requests.sort_unstable();
        assert_eq!(requests, ["statObject", "storageGet"]);
    }
}
