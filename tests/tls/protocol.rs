//! HTTP/1.1 and HTTP/2 over TLS.

use futures::future;
use lakefs::{Client, ClientBuilder, TryStreamExt as _};
use tokio::io::AsyncReadExt as _;

use crate::certificates::Authority;
use crate::server::{OBJECT_SIZE, TlsServer};
use crate::{DEADLINE, builder};

const HTTP_1: &[u8] = b"http/1.1";

/// Starts four readers that read a bit and then pause, lists branches meanwhile, and reads on to the end. Returns the
/// protocols of the connections.
async fn list_beside_paused_readers(
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Vec<Option<Vec<u8>>> {
    let authority = Authority::new();
    let server = TlsServer::start(&authority).await;
    let client: Client = configure(
        builder(&server.endpoint()).max_response_size(1024 * 1024).root_certificate(authority.pem()),
    )
    .build()
    .unwrap();
    let repository = client.repository("example");
    let object = repository.branch("main").object("large");
    let open = || async {
        let mut reader = object.reader().verify(false).await.unwrap();
        reader.read_exact(&mut [0; 1000]).await.unwrap();
        reader
    };
    let work = async {
        let readers = future::join_all([open(), open(), open(), open()]).await;
        // The length of an object is no size of a response.
        assert_eq!(object.head().await.unwrap().size, Some(OBJECT_SIZE));
        // What the server has sent by then fills the windows of all readers.
        for _ in 0..3 {
            let branches: Vec<_> = repository.branches().try_collect().await.unwrap();
            assert_eq!(branches.len(), 1);
        }
        for mut reader in readers {
            let read = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.unwrap();
            assert_eq!(read, OBJECT_SIZE - 1000);
        }
    };
    tokio::time::timeout(DEADLINE * 3, work).await.unwrap();
    server.protocols()
}

#[tokio::test(flavor = "multi_thread")]
async fn list_does_not_wait_for_paused_readers() {
    let protocols = list_beside_paused_readers(|client| client).await;
    assert!(protocols.len() > 4, "{protocols:?}");
    assert!(protocols.iter().all(|protocol| protocol.as_deref() == Some(HTTP_1)), "{protocols:?}");
}

/// The function cannot select another protocol.
#[tokio::test(flavor = "multi_thread")]
async fn http_1_is_used_with_a_function() {
    let protocols = list_beside_paused_readers(|client| client.configure_http(|http| http)).await;
    assert!(protocols.iter().all(|protocol| protocol.as_deref() == Some(HTTP_1)), "{protocols:?}");
}

#[cfg(feature = "http2")]
#[tokio::test(flavor = "multi_thread")]
async fn list_does_not_wait_for_paused_readers_with_http2() {
    let protocols = list_beside_paused_readers(|client| client.http2(true)).await;
    // One connection has all requests. Those that start at once may open more, which are closed then.
    assert!(protocols.iter().all(|protocol| protocol.as_deref() == Some(b"h2")), "{protocols:?}");
}
