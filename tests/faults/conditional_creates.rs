//! Uploads and links that create an object only if none exists, when the response does not tell whose object exists.
//!
//! While somebody commits, lakeFS responds with 412 to the creator of an object: it repeats the conditional write, and
//! meets its own object.

use std::time::{Duration, SystemTime};

use futures::stream;
use lakefs::{Body, Branch, BranchObject, Error, ErrorKind, RetryPolicy, models};
use lakefs_testserver::{FaultBuilder, Server};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::support::{Fixture, read_text, wait_until};
use crate::test_data::MIB;

/// No test waits longer for a call.
const DEADLINE: Duration = Duration::from_secs(30);

const SLOW_DOWN: &str = r#"{"message":"Throughput exceeded. Slow down and retry"}"#;

/// Starts a test server. Its client checks an unknown outcome for `checks`, and sends again without long pauses.
async fn start(checks: Duration) -> (Fixture, Branch) {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1)).reconcile_timeout(checks);
    let main = fixture.builder().retries(retries).build().unwrap().repository("creates").branch("main");
    main.repository().create("mem://creates").await.unwrap();
    (fixture, main)
}

const SHORT: Duration = Duration::from_millis(300);

fn sent(server: &Server, operation: &str) -> usize {
    server.requests_for(operation).len()
}

async fn within<T>(call: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, call.into_future()).await.expect("the call ends in time")
}

fn chunks(data: &'static str) -> Body {
    Body::stream(stream::iter([Ok::<_, std::io::Error>(data)]))
}

fn zeros(bytes: usize) -> Body {
    Body::stream(stream::iter([Ok::<_, std::io::Error>(vec![0; bytes])])).with_length(bytes as u64)
}

/// Chooses what happens to a request.
type Plan = fn(FaultBuilder<'_>);

/// A way to create an object under the condition that none exists.
#[derive(Clone, Copy, Debug)]
enum Way {
    Upload,
    Stream,
    Writer,
    Storage,
    Link,
}

impl Way {
    const ALL: [Self; 5] = [Self::Upload, Self::Stream, Self::Writer, Self::Storage, Self::Link];

    fn operation(self) -> &'static str {
        match self {
            Self::Upload | Self::Stream | Self::Writer => "uploadObject",
            Self::Storage | Self::Link => "linkPhysicalAddress",
        }
    }

    /// Whether the path is not checked before the request that has the condition.
    fn sends_at_once(self) -> bool {
        !matches!(self, Self::Stream | Self::Writer)
    }

    async fn create(self, object: &BranchObject) -> Result<models::ObjectStats, Error> {
        match self {
            Self::Upload => within(object.upload("ours").if_none_match("*")).await,
            Self::Stream => within(object.upload(chunks("ours")).if_none_match("*")).await,
            Self::Writer => {
                let mut writer = within(object.writer().presign(false).if_none_match("*")).await?;
                within(writer.write_all(b"ours")).await.unwrap();
                within(writer.finish()).await
            }
            Self::Storage => within(object.upload("ours").presign(true).if_none_match("*")).await,
            Self::Link => {
                let address = object.physical_address().await?;
                within(object.link(address, "c0ffee", 4).if_none_match("*")).await
            }
        }
    }
}

fn plan(server: &Server, way: Way) -> FaultBuilder<'_> {
    server.faults().on(way.operation())
}

fn assert_exists_for_certain(error: &Error) {
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::PreconditionFailed, false), "{error}");
}

#[tokio::test]
async fn own_object_is_no_failed_precondition() {
    let (fixture, main) = start(LONG).await;
    let server = fixture.test_server();
    for way in Way::ALL {
        let object = main.object(format!("{way:?}"));
        server.clear_requests();
        plan(server, way).commit_during_write();
        // There is something to commit once the object is written.
        let commit = wait_until("the commit ends", async || main.commit("one").await.is_ok());
        let (created, ()) = tokio::join!(way.create(&object), commit);
        let stats = created.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert_eq!(stats, object.get().await.unwrap(), "{way:?}");
        assert_eq!(sent(server, way.operation()), 1, "{way:?}");
        assert_eq!(server.faults().pending(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn refusal_without_a_commit_is_unknown_unless_the_object_is_recognised_for_certain() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    for way in Way::ALL {
        let object = main.object(format!("{way:?}"));
        plan(server, way).commit_during_write();
        let created = way.create(&object).await;
        if matches!(way, Way::Storage | Way::Link) {
            assert_eq!(created.unwrap(), object.get().await.unwrap(), "{way:?}");
        } else {
            let error = created.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{way:?}: {error}");
            assert!(
                error.is_outcome_unknown() && error.to_string().contains("exclusive"),
                "{way:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn object_that_a_commit_dropped_is_created_again() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    for way in Way::ALL {
        let object = main.object(format!("{way:?}"));
        server.clear_requests();
        plan(server, way).times(2).write_dropped_by_commit();
        let stats = way.create(&object).await.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert_eq!(stats, object.get().await.unwrap(), "{way:?}");
        assert_eq!(sent(server, way.operation()), 3, "{way:?}");
    }
    // The number of attempts is limited.
    server.clear_requests();
    server.faults().on("uploadObject").always().write_dropped_by_commit();
    let error = Way::Upload.create(&main.object("never")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Conflict, 5), "{error}");
    assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error}");
    assert_eq!(sent(server, "uploadObject"), 5);
}

/// The checks would take this long if the client had to wait for their end.
const LONG: Duration = Duration::from_secs(600);

/// The object exists only until the commit ends that had read the staging area before.
#[tokio::test]
async fn object_that_disappears_after_the_first_check_is_created_again() {
    let (fixture, main) = start(LONG).await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("uploadObject").commit_during_write();
    let create = tokio::spawn(object.upload("ours").if_none_match("*").into_future());
    wait_until("the object is checked", async || sent(server, "statObject") > 0).await;
    object.delete().await.unwrap();
    let stats = within(create).await.unwrap().unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!(sent(server, "uploadObject"), 2);
}

#[tokio::test]
async fn committed_object_ends_the_checks() {
    let (fixture, main) = start(LONG).await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("uploadObject").commit_during_write();
    let create = tokio::spawn(object.upload("ours").if_none_match("*").into_future());
    wait_until("the object is checked", async || sent(server, "statObject") > 0).await;
    main.commit("one").await.unwrap();
    let stats = within(create).await.unwrap().unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!(sent(server, "uploadObject"), 1);
}

#[tokio::test]
async fn object_of_another_writer_is_a_failed_precondition() {
    let (fixture, main) = start(LONG).await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload("theirs").await.unwrap();
    for way in Way::ALL {
        assert_exists_for_certain(&way.create(&object).await.unwrap_err());
    }
    // The same bytes, of an earlier time: 187ef4436122d1cc2f40dc2b92f0eba0 is the MD5 of "ab".
    let earlier = main.object("b");
    let address = earlier.physical_address().await.unwrap();
    let link = earlier.link(address, "187ef4436122d1cc2f40dc2b92f0eba0", 2);
    link.mtime(SystemTime::now() - Duration::from_secs(60)).await.unwrap();
    assert_exists_for_certain(&within(earlier.upload("ab").if_none_match("*")).await.unwrap_err());
    assert_exists_for_certain(&within(earlier.upload(chunks("ab")).if_none_match("*")).await.unwrap_err());
    assert_eq!(read_text(&object).await, "theirs");
    assert_eq!(server.faults().pending(), Vec::<String>::new());
}

#[tokio::test]
async fn stream_that_is_not_kept_can_be_created_again_by_the_caller() {
    let (fixture, main) = start(LONG).await;
    let server = fixture.test_server();
    for way in [Way::Stream, Way::Writer] {
        let object = main.object(format!("{way:?}"));
        plan(server, way).write_dropped_by_commit();
        let failed = if matches!(way, Way::Stream) {
            within(object.upload(chunks("ours")).if_none_match("*").spool_limit(0)).await
        } else {
            let mut writer =
                within(object.writer().presign(false).if_none_match("*").spool_limit(0)).await.unwrap();
            within(writer.write_all(b"ours")).await.unwrap();
            within(writer.finish()).await
        };
        let error = failed.unwrap_err();
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Conflict, false), "{error}");
        assert!(error.is_retryable(), "{error}");
        assert!(!object.exists().await.unwrap());
        way.create(&object).await.unwrap();
    }
}

#[tokio::test]
async fn unknown_outcome_is_checked_and_sent_again_under_the_condition() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    let faults: [(&str, Plan, usize); 6] = [
        ("lakeFS's 503", |plan| plan.header("x-request-id", "1").respond(503, SLOW_DOWN), 2),
        ("lakeFS's 503, applied", |plan| plan.header("x-request-id", "1").respond_after(503, SLOW_DOWN), 1),
        ("proxy's 503", |plan| plan.header("content-type", "text/plain").respond(503, "no upstream"), 2),
        (
            "proxy's 503, applied",
            |plan| plan.header("content-type", "text/plain").respond_after(503, "no upstream"),
            1,
        ),
        ("dropped before the body", |plan| plan.drop_connection(), 2),
        ("dropped response", |plan| plan.drop_response(), 1),
    ];
    for way in Way::ALL {
        for (name, fault, requests) in faults {
            let object = main.object(format!("{way:?} {name}"));
            server.clear_requests();
            fault(plan(server, way));
            let stats = way.create(&object).await.unwrap_or_else(|error| panic!("{way:?}, {name}: {error}"));
            assert_eq!(stats, object.get().await.unwrap(), "{way:?}, {name}");
            assert_eq!(sent(server, way.operation()), requests, "{way:?}, {name}");
        }
    }
}

/// A proxy that sends the request again gives the 412 of the second one.
#[tokio::test]
async fn refusal_after_a_lost_response_is_checked_again() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("uploadObject").drop_connection();
    server.faults().on("uploadObject").commit_during_write();
    let stats = within(object.upload("ours").if_none_match("*")).await.unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!(sent(server, "uploadObject"), 2);
}

#[tokio::test]
async fn object_is_recognised_although_the_upload_is_not_verified() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "ours").unwrap();
    for body in [
        |_: &_| Body::from("ours"),
        |file: &tempfile::NamedTempFile| Body::file(file.path()),
        |_: &_| chunks("ours"),
    ] {
        let own = main.object("own");
        plan(server, Way::Upload).drop_response();
        within(own.upload(body(&file)).if_none_match("*").verify(false)).await.unwrap();
        assert_eq!(read_text(&own).await, "ours");
        own.delete().await.unwrap();
        let other = main.object("other");
        other.upload("them").await.unwrap();
        plan(server, Way::Upload).drop_connection();
        let error = within(other.upload(body(&file)).if_none_match("*").verify(false)).await.unwrap_err();
        assert!(error.kind() != ErrorKind::Conflict, "{error}");
        assert_eq!(read_text(&other).await, "them");
    }
}

#[tokio::test]
async fn failed_check_leaves_the_outcome_unknown() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    server.faults().on("uploadObject").commit_during_write();
    server.faults().on("statObject").always().respond(401, r#"{"message":"insufficient permissions"}"#);
    let error = within(main.object("a").upload("ours").if_none_match("*")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::PreconditionFailed, true), "{error}");
}

#[tokio::test]
async fn large_conditional_upload_over_an_existing_object_sends_no_data() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload("theirs").await.unwrap();
    server.clear_requests();
    for presign in [true, false] {
        for body in [Body::from(vec![1; 9 * MIB]), zeros(2 * MIB)] {
            let upload = object.upload(body).presign(presign).if_none_match("*");
            assert_exists_for_certain(&within(upload).await.unwrap_err());
        }
    }
    let upload = object.upload(chunks("ours")).if_none_match("*");
    assert_exists_for_certain(&within(upload).await.unwrap_err());
    let mut writer = within(object.writer().if_none_match("*")).await.unwrap();
    writer.write_all(b"ours").await.unwrap();
    assert_exists_for_certain(&within(writer.finish()).await.unwrap_err());
    for operation in ["uploadObject", "storagePut", "getPhysicalAddress", "linkPhysicalAddress"] {
        assert_eq!(sent(server, operation), 0, "{operation}");
    }
    assert_eq!(read_text(&object).await, "theirs");
}

#[tokio::test]
async fn large_upload_to_a_missing_branch_sends_no_data() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    let object = main.repository().branch("nowhere").object("a");
    server.clear_requests();
    let data = || vec![1; 2 * MIB];
    for upload in [
        object.upload(data()),
        object.upload(data()).if_none_match("*"),
        object.upload(data()).presign(false).if_none_match("*"),
        object.upload(vec![1; 9 * MIB]),
        object.upload(vec![1; 9 * MIB]).if_none_match("*"),
    ] {
        let error = within(upload).await.unwrap_err();
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::NotFound, false), "{error}");
        assert!(error.to_string().contains("branch"), "{error}");
    }
    for operation in ["uploadObject", "storagePut", "storagePutPart", "linkPhysicalAddress"] {
        assert_eq!(sent(server, operation), 0, "{operation}");
    }
}

impl Way {
    async fn create_exclusively(self, object: &BranchObject) -> Result<models::ObjectStats, Error> {
        match self {
            Self::Upload => within(object.upload("ours").exclusive(true)).await,
            Self::Stream => within(object.upload(chunks("ours")).exclusive(true)).await,
            Self::Writer => {
                let mut writer = within(object.writer().presign(false).exclusive(true)).await?;
                within(writer.write_all(b"ours")).await.unwrap();
                within(writer.finish()).await
            }
            Self::Storage => within(object.upload("ours").presign(true).exclusive(true)).await,
            Self::Link => {
                let address = object.physical_address().await?;
                within(object.link(address, "c0ffee", 4).exclusive(true)).await
            }
        }
    }
}

fn token(stats: &models::ObjectStats) -> Option<String> {
    stats.metadata.as_ref()?.0.get("lakefs-rs-create-token").cloned()
}

#[tokio::test]
async fn equal_bytes_with_another_content_type_or_metadata_are_of_another_creator() {
    let (_fixture, main) = start(SHORT).await;
    let object = main.object("a");
    let ours = || object.upload("ours").content_type("text/plain").metadata("Key", "ours").if_none_match("*");
    within(ours()).await.unwrap();
    // A commit in the same second would explain a refusal of the object that it contains.
    main.commit("one").await.unwrap();
    for other in [
        ours().content_type("text/csv"),
        ours().metadata("other", "1"),
        object.upload("ours").if_none_match("*"),
    ] {
        assert_exists_for_certain(&within(other).await.unwrap_err());
    }
}

#[tokio::test]
async fn exclusive_creation_is_never_taken_for_one_of_equal_bytes() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    for way in Way::ALL {
        let object = main.object(format!("{way:?}"));
        let theirs = way.create_exclusively(&object).await.unwrap();
        server.clear_requests();
        plan(server, way).drop_connection();
        let error = way.create_exclusively(&object).await.unwrap_err();
        if way.sends_at_once() {
            assert_exists_for_certain(&error);
            assert_eq!(sent(server, way.operation()), 2, "{way:?}");
        } else {
            // A stream of unknown length is preceded by a check.
            assert!(
                error.is_outcome_unknown() || error.kind() == ErrorKind::PreconditionFailed,
                "{way:?}: {error}"
            );
        }
        assert_exists_for_certain(&way.create_exclusively(&object).await.unwrap_err());
        assert_eq!(object.get().await.unwrap(), theirs, "{way:?}");
        server.faults().clear();
    }
}

#[tokio::test]
async fn exclusive_creation_recognises_its_own_object() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    for way in Way::ALL {
        let object = main.object(format!("{way:?}"));
        plan(server, way).commit_during_write();
        let stats = way.create_exclusively(&object).await.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert_eq!(stats, object.get().await.unwrap(), "{way:?}");
        plan(server, way).drop_response();
        let lost = main.object(format!("{way:?} lost"));
        let stats = way.create_exclusively(&lost).await.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert_eq!(stats, lost.get().await.unwrap(), "{way:?}");
    }
}

#[tokio::test]
async fn token_is_stored_only_with_exclusive_data_that_go_through_the_server() {
    let (_fixture, main) = start(SHORT).await;
    let mut tokens = std::collections::BTreeSet::new();
    for way in Way::ALL {
        assert_eq!(token(&way.create(&main.object(format!("{way:?}"))).await.unwrap()), None);
        let stats = way.create_exclusively(&main.object(format!("{way:?} exclusive"))).await.unwrap();
        let goes_through_server = way.operation() == "uploadObject";
        assert_eq!(token(&stats).is_some(), goes_through_server, "{way:?}");
        tokens.extend(token(&stats));
    }
    // The writers of a cloned request differ, and a value of the caller is replaced.
    let request =
        main.object("cloned").writer().presign(false).metadata("lakefs-rs-create-token", "1").exclusive(true);
    let (first, second) = (within(request.clone()).await.unwrap(), within(request).await.unwrap());
    tokens.extend(token(&within(first.finish()).await.unwrap()));
    assert_exists_for_certain(&within(second.finish()).await.unwrap_err());
    assert_eq!(tokens.len(), 4, "{tokens:?}");
    assert!(tokens.iter().all(|token| token.len() == 32), "{tokens:?}");
}

#[tokio::test]
async fn timeout_during_the_checks_has_an_unknown_outcome() {
    let (fixture, main) = start(LONG).await;
    fixture.test_server().faults().on("uploadObject").commit_during_write();
    let upload = main.object("a").upload("ours").if_none_match("*").timeout(Duration::from_secs(1));
    let error = within(upload).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Timeout, true), "{error}");
    assert_eq!(error.operation(), Some("upload_object"));
}

/// lakeFS can miss an object that a commit moves out of the staging area.
#[tokio::test]
async fn second_creator_that_lakefs_accepted_fails_and_restores_the_object() {
    let (fixture, main) = start(SHORT).await;
    let server = fixture.test_server();
    for way in Way::ALL {
        let object = main.object(format!("{way:?}"));
        let theirs =
            within(object.upload("theirs").content_type("text/plain").exclusive(true)).await.unwrap();
        main.commit(format!("{way:?}")).await.unwrap();
        // A creation after a deletion succeeds.
        object.delete().await.unwrap();
        way.create_exclusively(&object).await.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        // Without the deletion, and before the commit: as the second creator sees it.
        object.delete().await.unwrap();
        let is_head = |path: &str| path.contains("/refs/main@/") || path.contains("/refs/main%40/");
        server.faults().on("statObject").when(is_head).respond(404, r#"{"message":"not found"}"#);
        assert_exists_for_certain(&way.create_exclusively(&object).await.unwrap_err());
        assert_eq!(object.get().await.unwrap(), theirs, "{way:?}");
        assert_eq!(read_text(&object).await, "theirs");
        assert_eq!(server.faults().pending(), Vec::<String>::new());
    }
}
