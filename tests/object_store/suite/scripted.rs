//! Responses that a server does not give on demand: objects that change between two requests, batches that fail in part.

use futures::{StreamExt as _, stream};
use lakefs::ErrorKind;

use super::adapter::LakeFsStore;
use super::cause;
use super::object_store::path::Path;
use super::object_store::{Error, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _};
use crate::support::{ScriptedResponse, ScriptedServer};

/// The metadata of an object with this ETag.
fn stats(tag: &str, size: usize) -> ScriptedResponse {
    let body = format!(
        r#"{{"checksum":"{tag}","mtime":1700000000,"path":"a","path_type":"object","physical_address":"mem://a","size_bytes":{size}}}"#
    );
    ScriptedResponse::json(200, body)
}

/// The object itself.
fn object(tag: &str, text: &str) -> ScriptedResponse {
    ScriptedResponse::new(200, "text/plain", text).header("ETag", &format!("\"{tag}\""))
}

/// Two bytes of the object.
fn part(tag: &str, text: &str, first: usize, size: usize) -> ScriptedResponse {
    let range = format!("bytes {first}-{}/{size}", first + 1);
    ScriptedResponse::new(206, "text/plain", text)
        .header("ETag", &format!("\"{tag}\""))
        .header("Content-Range", &range)
}

/// Returns a scripted server and the store of a branch on it.
async fn scripted(responses: impl IntoIterator<Item = ScriptedResponse>) -> (ScriptedServer, LakeFsStore) {
    let script = ScriptedServer::start(responses).await;
    let store = LakeFsStore::at(script.client().repository("example").branch("main"));
    (script, store)
}

#[tokio::test]
async fn bytes_are_of_the_version_that_met_the_preconditions() {
    let a = Path::from("a");
    let (old, new) = (stats("old", 3), stats("new", 5));
    let came = object("new", "three");
    let (script, store) = scripted([old.clone(), came.clone(), new.clone(), came.clone()]).await;
    let read = store.get(&a).await.unwrap();
    assert_eq!((read.meta.size, read.range.clone()), (5, 0..5));
    assert_eq!(read.meta.e_tag.as_deref(), Some("\"new\""));
    assert_eq!(read.bytes().await.unwrap(), "three");
    assert_eq!(script.requests().len(), 4);

    // The object is overwritten after the precondition was met.
    let (script, store) = scripted([old.clone(), came.clone(), new]).await;
    let options = GetOptions::new().with_if_match(Some("\"old\""));
    let error = store.get_opts(&a, options).await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error}");
    assert_eq!(script.requests().len(), 3);

    let (script, store) = scripted((0..5).flat_map(|_| [old.clone(), came.clone()])).await;
    let error = store.get(&a).await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
    assert_eq!(script.requests().len(), 10);
}

#[tokio::test]
async fn ranges_read_together_are_of_one_version() {
    // Too far apart to be read with one request.
    let (far, size) = (2 << 20, 3 << 20);
    let (script, store) = scripted([
        part("old", "11", 0, size),
        part("new", "22", far, size),
        part("new", "22", 0, size),
        part("new", "22", far, size),
    ])
    .await;
    let far = far as u64;
    let read = store.get_ranges(&Path::from("a"), &[0..2, far..far + 2]).await.unwrap();
    assert_eq!(read, ["22", "22"]);
    assert_eq!(script.requests().len(), 4);
}

#[tokio::test]
async fn batch_fails_for_the_objects_that_the_server_names() {
    let branch = ScriptedResponse::json(200, r#"{"id":"main","commit_id":"c"}"#);
    let failed =
        r#"{"errors":[{"path":"b","status_code":403,"message":"cannot write to protected branch"}]}"#;
    let (_script, store) = scripted([branch.clone(), ScriptedResponse::json(200, failed)]).await;
    let locations = || stream::iter(["a", "b", "c"].map(|name| Ok(Path::from(name)))).boxed();
    let outcomes: Vec<_> = store.delete_stream(locations()).collect().await;
    let [Ok(_), Err(error @ Error::PermissionDenied { .. }), Ok(_)] = &*outcomes else {
        panic!("{outcomes:?}")
    };
    assert_eq!(cause(error).kind(), ErrorKind::WriteProtected);

    let (_script, store) = scripted([branch, ScriptedResponse::json(500, r#"{"message":"no disk"}"#)]).await;
    let outcomes: Vec<_> = store.delete_stream(locations()).collect().await;
    for outcome in &outcomes {
        assert!(matches!(outcome, Err(Error::Generic { .. })), "{outcome:?}");
    }
    assert_eq!(outcomes.len(), 3);
}

#[tokio::test]
async fn incomplete_response_to_a_range_is_followed_by_a_stat() {
    let a = Path::from("a");
    let options =
        || GetOptions::new().with_range(Some(GetRange::Bounded(1..3))).with_if_match(Some("\"tag\""));
    let date = ("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT");
    let dated = part("tag", "hr", 1, 5).header(date.0, date.1);
    let (script, store) = scripted([dated]).await;
    let expected = store.get_opts(&a, options()).await.unwrap();
    assert_eq!(script.requests().len(), 1);
    assert_eq!((expected.meta.size, expected.meta.last_modified.timestamp()), (5, 1_700_000_000));
    assert_eq!((expected.range.clone(), expected.meta.e_tag.as_deref()), (1..3, Some("\"tag\"")));

    // Without a date, a size, an ETag or a range; and errors that can mean several things.
    let sizeless = ScriptedResponse::new(206, "text/plain", "hr")
        .header("ETag", "\"tag\"")
        .header("Content-Range", "bytes 1-2/*")
        .header(date.0, date.1);
    let tagless = ScriptedResponse::new(206, "text/plain", "hr")
        .header("Content-Range", "bytes 1-2/5")
        .header(date.0, date.1);
    let refused = |status| ScriptedResponse::json(status, r#"{"message":"bad index"}"#);
    for first in [part("tag", "hr", 1, 5), sizeless, tagless, refused(416), refused(500), refused(400)] {
        let (script, store) = scripted([first, stats("tag", 5), part("tag", "hr", 1, 5)]).await;
        let read = store.get_opts(&a, options()).await.unwrap();
        assert_eq!((&read.meta, &read.range), (&expected.meta, &expected.range));
        assert_eq!(read.bytes().await.unwrap(), "hr");
        assert_eq!(script.requests().len(), 3);
    }
    // Any other error is returned.
    let (script, store) = scripted([refused(404)]).await;
    let error = store.get_opts(&a, options()).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert_eq!(script.requests().len(), 1);
}
