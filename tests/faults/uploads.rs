//! Slow uploads, and uploads that the server stores incorrectly.

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use lakefs::{Body, ErrorKind, RetryPolicy};

use crate::start;
use crate::support::Fixture;

/// Returns the object `a` of a client that waits 400 ms for a response and does not retry.
fn object_with_response_timeout(fixture: &Fixture, repository: &str) -> lakefs::BranchObject {
    let builder = fixture.builder().response_timeout(Duration::from_millis(400));
    let client = builder.retries(RetryPolicy::none()).build().unwrap();
    client.repository(repository).branch("main").object("a")
}

#[tokio::test]
async fn upload_may_take_longer_than_the_response_timeout() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = object_with_response_timeout(&fixture, main.repository().name());
    let slow = || {
        stream::iter([100, 100, 900, 100, 100]).then(|wait| async move {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            Ok::<_, std::io::Error>("0123456789")
        })
    };
    let stats = object.upload(Body::stream(slow())).await.unwrap();
    assert_eq!(stats.size_bytes, Some(50));

    // The timeout applies once the server has received the whole body.
    server.faults().on("upload_object").delay(Duration::from_secs(20)).proceed();
    let error = object.upload("x").await.unwrap_err();
    let expected = format!("no response from {} within the response timeout of 400ms", server.endpoint());
    assert_eq!((error.kind(), error.message()), (ErrorKind::Timeout, &*expected));
}

#[tokio::test]
async fn upload_with_a_wrong_size_or_checksum_fails() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let stats = |size: u32, checksum: &str| {
        format!(
            r#"{{"path":"a","path_type":"object","physical_address":"mem://a","mtime":1,"size_bytes":{size},"checksum":"{checksum}"}}"#
        )
    };
    let abc = "900150983cd24fb0d6963f7d28e17f72";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("abc");
    std::fs::write(&file, "abc").unwrap();
    let bodies = || {
        [Body::from("abc"), Body::file(&file), Body::stream(stream::iter([Ok::<_, std::io::Error>("abc")]))]
    };
    for (size, checksum) in [(3, &*abc.replace('9', "8")), (4, abc)] {
        for body in bodies() {
            server.faults().on("upload_object").replace_body(stats(size, checksum));
            let error = object.upload(body).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.operation()),
                (ErrorKind::Integrity, Some("upload_object")),
                "{error}"
            );
            assert!(error.message().ends_with("the object was created nevertheless"), "{error}");
            assert!(error.to_string().contains("\"a\" on branch \"main\""), "{error}");
        }
    }
    // A checksum that is no MD5 hash is not compared.
    for (size, checksum) in [(3, abc), (3, &*abc.to_uppercase()), (3, "d41d8cd98f00b204e9800998ecf8427e-2")] {
        for body in bodies() {
            server.faults().on("upload_object").replace_body(stats(size, checksum));
            object.upload(body).await.unwrap();
        }
    }
}
