//! Limits on the size of responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use lakefs::{Client, ClientBuilder, ErrorKind, RetryPolicy, TryStreamExt as _};
use tokio::io::AsyncWriteExt as _;

use crate::raw_server::{RawServer, read_head};
use crate::support::Fixture;
use crate::within_deadline;

const LIMIT: usize = 1024 * 1024;

fn builder(server: &RawServer) -> ClientBuilder {
    Client::builder()
        .endpoint(server.http())
        .anonymous()
        .retries(RetryPolicy::none())
        .max_response_size(LIMIT)
}

#[tokio::test]
async fn endless_response_ends_with_an_error() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let server = RawServer::start(move |mut stream| {
        let sent = Arc::clone(&counter);
        async move {
            read_head(&mut stream).await;
            let head =
                "HTTP/1.1 200 OK\r\nX-Request-Id: 7\r\nContent-Type: application/json\r\n\r\n{\"id\":\"";
            stream.write_all(head.as_bytes()).await.unwrap();
            // Until the client closes the connection.
            while stream.write_all(&[b'a'; 4096]).await.is_ok() {
                sent.fetch_add(4096, Relaxed);
            }
        }
    });
    let repository = builder(&server).build().unwrap().repository("example");
    let error = within_deadline(repository.get()).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    assert!(error.message().contains("larger than 1048576 bytes"), "{error}");
    assert!(!error.is_retryable(), "{error}");
    // The rest is in the buffers of the system.
    assert!(sent.load(Relaxed) < 16 * LIMIT, "{sent:?}");
}

#[tokio::test]
async fn response_that_announces_too_much_is_not_read() {
    let server = RawServer::start(|mut stream| async move {
        read_head(&mut stream).await;
        let head = format!(
            "HTTP/1.1 201 Created\r\nX-Request-Id: 7\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            LIMIT + 1
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    // The client then reads the log, to find out whether the commit exists.
    let client = builder(&server).response_timeout(Duration::from_millis(200)).build().unwrap();
    let branch = client.repository("example").branch("main");
    let error = within_deadline(branch.commit("one").into_future()).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    assert!(error.is_outcome_unknown(), "{error}");
}

/// A page of 1000 objects with the longest paths and the metadata that S3 permits.
#[tokio::test]
async fn largest_page_is_smaller_than_the_default() {
    let fixture = Fixture::in_memory().await;
    let main = fixture.main("large_page").await;
    for number in 0..20 {
        let path = format!("{number:04}{}", "p".repeat(1000));
        main.object(path).upload("").metadata("m", "v".repeat(2048)).presign(false).await.unwrap();
    }
    let page = |bytes| {
        let client = fixture.builder().retries(RetryPolicy::none()).max_response_size(bytes).build().unwrap();
        let branch = client.repository(main.repository().name()).branch("main");
        async move { branch.objects().try_collect::<Vec<_>>().await }
    };
    // The default permits 64 KiB for each of 1000 objects.
    assert_eq!(page(20 * 64 * 1024).await.unwrap().len(), 20);
    assert_eq!(page(20 * 1024).await.unwrap_err().kind(), ErrorKind::UnexpectedResponse);
}
