//! Lists of which a page cannot be had.

use lakefs::TryStreamExt as _;

use crate::start;

const BROKEN: &str = r#"{"message":"broken"}"#;

#[tokio::test]
async fn a_page_that_was_asked_for_ahead_fails_in_its_turn() {
    let (server, main) = start().await;
    for path in ["a", "b", "c", "d", "e"] {
        main.object(path).upload("").await.unwrap();
    }
    server.clear_requests();
    server.faults().on("list_objects").after(1).times(1).respond(500, BROKEN);
    let mut list = main.objects().page_size(2).prefetch(true).map_ok(|entry| entry.path().to_owned());
    assert_eq!(list.try_next().await.unwrap().as_deref(), Some("a"));
    while !server.faults().pending().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(list.try_next().await.unwrap().as_deref(), Some("b"));
    let error = list.try_next().await.unwrap_err();
    assert_eq!((error.status(), error.operation()), (Some(500), Some("list_objects")), "{error}");
    assert_eq!(list.try_next().await.unwrap(), None);
    assert_eq!(server.requests_for("list_objects").len(), 2);
}

#[tokio::test]
async fn a_page_that_was_asked_for_ahead_is_asked_for_again_as_any_other() {
    let (server, main) = start().await;
    for path in ["a", "b", "c"] {
        main.object(path).upload("").await.unwrap();
    }
    server.clear_requests();
    server.faults().on("list_objects").after(1).times(1).header("Retry-After", "0").respond(503, BROKEN);
    let list = main.objects().page_size(2).prefetch(true).map_ok(|entry| entry.path().to_owned());
    assert_eq!(list.try_collect::<Vec<_>>().await.unwrap(), ["a", "b", "c"]);
    assert_eq!(server.requests_for("list_objects").len(), 3);
}
