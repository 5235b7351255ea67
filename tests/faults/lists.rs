//! Lists with a page that fails.

use lakefs::TryStreamExt as _;

use crate::start;
use crate::support::wait_until;

const BROKEN: &str = r#"{"message":"broken"}"#;

#[tokio::test]
async fn failure_of_a_prefetched_page_is_reported_after_the_page_before() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for path in ["a", "b", "c", "d", "e"] {
        main.object(path).upload("").await.unwrap();
    }
    server.clear_requests();
    server.faults().on("list_objects").after(1).times(1).respond(501, BROKEN);
    let mut list = main.objects().page_size(2).prefetch(true).map_ok(|entry| entry.path().to_owned());
    assert_eq!(list.try_next().await.unwrap().as_deref(), Some("a"));
    wait_until("the next page fails", async || server.faults().pending().is_empty()).await;
    assert_eq!(list.try_next().await.unwrap().as_deref(), Some("b"));
    let error = list.try_next().await.unwrap_err();
    assert_eq!((error.status(), error.operation()), (Some(501), Some("list_objects")), "{error}");
    assert_eq!(list.try_next().await.unwrap(), None);
    assert_eq!(server.requests_for("list_objects").len(), 2);
}

#[tokio::test]
async fn prefetched_page_is_retried() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for path in ["a", "b", "c"] {
        main.object(path).upload("").await.unwrap();
    }
    server.clear_requests();
    server.faults().on("list_objects").after(1).times(1).header("Retry-After", "0").respond(503, BROKEN);
    let list = main.objects().page_size(2).prefetch(true).map_ok(|entry| entry.path().to_owned());
    assert_eq!(list.try_collect::<Vec<_>>().await.unwrap(), ["a", "b", "c"]);
    assert_eq!(server.requests_for("list_objects").len(), 3);
}
