//! Which requests are retried, how often, and what the caller learns.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use futures::stream;
use lakefs::models::{CherryPickCreation, PullRequestCreation};
use lakefs::{Body, Branch, Client, ClientBuilder, ErrorKind, Repository, RetryPolicy, TryStreamExt as _};
use lakefs_testserver::Server;

/// A server, and a repository on it with `main` and one commit.
struct Fixture {
    server: Server,
    repository: Repository,
    main: Branch,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(fast_retries()).await
    }

    async fn with(retries: RetryPolicy) -> Self {
        let server = Server::start().await.unwrap();
        let repository = builder(&server).retries(retries).build().unwrap().repository("example");
        repository.create("mem://example").await.unwrap();
        let main = repository.branch("main");
        main.object("a").upload("0").await.unwrap();
        main.commit("zero").await.unwrap();
        server.clear_requests();
        Self { server, repository, main }
    }

    /// How often an operation was requested.
    fn sent(&self, operation: &str) -> usize {
        self.server.requests_for(operation).len()
    }

    async fn messages(&self) -> Vec<String> {
        self.main.log().map_ok(|commit| commit.message).try_collect().await.unwrap()
    }

    fn client(&self) -> Client {
        self.repository.client()
    }
}

fn builder(server: &Server) -> ClientBuilder {
    Client::builder()
        .endpoint(server.endpoint())
        .access_key(server.access_key_id(), server.secret_access_key())
}

/// The default number of attempts, with a short backoff and a short time for checks.
fn fast_retries() -> RetryPolicy {
    RetryPolicy::default()
        .initial_backoff(Duration::from_millis(1))
        .reconcile_timeout(Duration::from_millis(300))
}

const SLOW_DOWN: &str = r#"{"message":"Throughput exceeded. Slow down and retry"}"#;
const LOST_RACE: &str = r#"{"message":"update branch: predicate failed"}"#;

/// The server reports that it did nothing.
#[tokio::test]
async fn every_operation_is_retried_if_it_was_not_applied() {
    for (status, body) in [(503, SLOW_DOWN), (429, ""), (500, LOST_RACE)] {
        let fixture = Fixture::new().await;
        let branch = fixture.repository.branch("exp");
        let faults = fixture.server.faults();
        for operation in
            ["statObject", "createBranch", "uploadObject", "commit", "mergeIntoBranch", "cherryPick"]
        {
            faults.on(operation).times(2).respond(status, body);
        }

        fixture.main.object("a").stat().await.unwrap();
        branch.create("main").await.unwrap();
        branch.object("b").upload("1").await.unwrap();
        let commit = branch.commit("one").await.unwrap();
        branch.merge_into("main").await.unwrap();
        let client = fixture.client();
        let pick = client.api().cherry_pick().repository("example").branch("main");
        pick.body(CherryPickCreation::new(commit.id)).send().await.unwrap();

        for operation in
            ["statObject", "createBranch", "uploadObject", "commit", "mergeIntoBranch", "cherryPick"]
        {
            assert_eq!(fixture.sent(operation), 3, "{status} {operation}");
        }
        assert!(faults.pending().is_empty());
        // Every change was made once.
        let expected = ["one", "Merge 'exp' into 'main'", "one", "zero", "Repository created"];
        assert_eq!(fixture.messages().await, expected);
    }
}

/// The branch may be merged when only the update of the pull request lost the race.
#[tokio::test]
async fn lost_race_of_a_pull_request_is_not_retried() {
    let fixture = Fixture::new().await;
    fixture.server.faults().on("mergePullRequest").always().respond(500, LOST_RACE);
    let client = fixture.client();
    let request = client.api().merge_pull_request().repository("example").pull_request("7");
    let error = request.send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Conflict, 1), "{error}");
    assert_eq!(fixture.sent("mergePullRequest"), 1);
}

#[tokio::test]
async fn attempts_are_limited_by_the_policy() {
    for (retries, attempts) in [
        (fast_retries(), 5),
        (fast_retries().max_attempts(2), 2),
        (fast_retries().max_attempts(0), 1),
        (RetryPolicy::none(), 1),
        // No time for a backoff.
        (RetryPolicy::default().initial_backoff(Duration::from_secs(3600)).max_elapsed(Duration::ZERO), 1),
    ] {
        let fixture = Fixture::with(retries).await;
        fixture.server.faults().on("getBranch").always().respond(503, SLOW_DOWN);
        let error = fixture.main.get().await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (Some(503), ErrorKind::Server), "{error}");
        assert_eq!((error.attempts(), fixture.sent("getBranch")), (attempts, attempts as usize));
        assert!(error.is_retryable());
        let told = format!("(after {attempts} attempts)");
        assert_eq!(error.to_string().contains(&told), attempts > 1, "{error}");
    }
}

#[tokio::test]
async fn retry_after_replaces_the_backoff() {
    // The server asks for no wait, where the backoff would be up to an hour, which the policy does not allow.
    let hour = Duration::from_secs(3600);
    let retries = RetryPolicy::default().initial_backoff(hour).max_backoff(hour);
    let fixture = Fixture::with(retries.max_elapsed(Duration::from_millis(300))).await;
    for (status, body) in [(429, ""), (503, SLOW_DOWN)] {
        for wait in ["0", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            fixture.server.clear_requests();
            fixture.server.faults().on("getBranch").header("Retry-After", wait).respond(status, body);
            fixture.main.get().await.unwrap();
            assert_eq!(fixture.sent("getBranch"), 2, "{status} {wait}");
        }
        fixture.server.faults().on("getBranch").respond(status, body);
        let error = fixture.main.get().await.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(status), 1), "{error}");
    }

    let fixture = Fixture::new().await;
    for (status, body) in [(429, ""), (503, SLOW_DOWN)] {
        fixture.server.clear_requests();
        for wait in ["0", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            fixture.server.faults().on("getBranch").header("Retry-After", wait).respond(status, body);
        }
        fixture.main.get().await.unwrap();
        assert_eq!(fixture.sent("getBranch"), 3);
    }

    // Longer than the policy allows.
    let fixture = Fixture::new().await;
    fixture.server.faults().on("getBranch").header("Retry-After", "3600").respond(429, "");
    let error = fixture.main.get().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 1), "{error}");
}

#[tokio::test]
async fn read_is_retried_after_a_server_error() {
    let fixture = Fixture::new().await;
    for status in [500, 502, 503, 504] {
        fixture.server.clear_requests();
        fixture.server.faults().on("getBranch").respond(status, r#"{"message":"internal server error"}"#);
        fixture.main.get().await.unwrap();
        assert_eq!(fixture.sent("getBranch"), 2, "{status}");
    }
}

#[tokio::test]
async fn permanent_errors_are_not_retried() {
    let fixture = Fixture::new().await;
    for (status, body) in [
        (400, r#"{"message":"wrong"}"#),
        (401, r#"{"message":"error authenticating request"}"#),
        (404, r#"{"message":"branch not found"}"#),
        (409, r#"{"message":"not unique"}"#),
        (412, r#"{"message":"Precondition failed"}"#),
        (500, r#"{"message":"argument branch: required value: validation error"}"#),
        (501, r#"{"message":"Not Implemented"}"#),
    ] {
        fixture.server.clear_requests();
        fixture.server.faults().on("getBranch").respond(status, body);
        let error = fixture.main.get().await.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(status), 1), "{error}");
        assert_eq!(fixture.sent("getBranch"), 1);
    }
    // A response that cannot be decoded would be the same again.
    fixture.server.clear_requests();
    fixture.server.faults().on("getBranch").replace_body("junk");
    let error = fixture.main.get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), fixture.sent("getBranch")),
        (ErrorKind::UnexpectedResponse, 1, 1),
        "{error}"
    );
}

/// Lets four requests of an operation fail in ways that leave the outcome unknown.
fn lose_responses(fixture: &Fixture, operation: &str) {
    let faults = fixture.server.faults();
    faults.on(operation).drop_connection();
    faults.on(operation).drop_response();
    faults.on(operation).respond(502, "");
    faults.on(operation).respond(504, "");
}

#[tokio::test]
async fn idempotent_operations_are_retried_if_the_outcome_is_unknown() {
    let fixture = Fixture::new().await;
    let object = fixture.main.object("b");
    for operation in ["uploadObject", "statObject", "getObject", "deleteObject", "listBranches", "logCommits"]
    {
        lose_responses(&fixture, operation);
    }
    object.upload("1").metadata("k", "v").await.unwrap();
    object.stat().await.unwrap();
    assert_eq!(object.read().await.unwrap(), "1");
    object.delete().await.unwrap();
    assert_eq!(fixture.repository.branches().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert_eq!(fixture.messages().await, ["zero", "Repository created"]);
    for operation in ["uploadObject", "statObject", "getObject", "deleteObject", "listBranches", "logCommits"]
    {
        assert_eq!(fixture.sent(operation), 5, "{operation}");
    }
}

#[tokio::test]
async fn truncated_responses_are_requested_again() {
    let fixture = Fixture::new().await;
    fixture.main.object("b").upload("x".repeat(100_000)).await.unwrap();
    for operation in ["getBranch", "getObject", "logCommits"] {
        fixture.server.faults().on(operation).times(2).truncate_body();
    }
    fixture.main.get().await.unwrap();
    assert_eq!(fixture.main.object("b").read().await.unwrap().len(), 100_000);
    assert_eq!(fixture.messages().await.len(), 2);
    for operation in ["getBranch", "getObject", "logCommits"] {
        assert_eq!(fixture.sent(operation), 3, "{operation}");
    }
}

#[tokio::test]
async fn other_operations_are_not_retried_if_the_outcome_is_unknown() {
    let fixture = Fixture::new().await;
    let branch = fixture.repository.branch("exp");
    branch.create("main").await.unwrap();
    let client = fixture.client();
    let api = client.api();
    let commit = || branch.commit("one").allow_empty(true).into_future();
    let merge = || branch.merge_into("main").allow_empty(true).into_future();
    let pick = || {
        let pick = CherryPickCreation::new("exp");
        api.cherry_pick().repository("example").branch("main").body(pick).send()
    };
    let pull = || {
        let pull = PullRequestCreation::new("t", "exp", "main");
        api.create_pull_request().repository("example").body(pull).send()
    };

    for failure in 0..5 {
        fixture.server.clear_requests();
        for operation in ["commit", "mergeIntoBranch", "cherryPick", "createPullRequest"] {
            let fault = fixture.server.faults().on(operation);
            match failure {
                0 => fault.drop_connection(),
                1 => fault.drop_response(),
                2 => fault.truncate_body(),
                3 => fault.respond(502, ""),
                _ => fault.respond(504, ""),
            }
        }
        // The facade finds the commits of which only the response was lost or truncated. The generated client does not check.
        let (commit, merge) = (commit().await, merge().await);
        let mut errors =
            vec![("cherryPick", pick().await.unwrap_err()), ("createPullRequest", pull().await.unwrap_err())];
        if matches!(failure, 1 | 2) {
            assert_eq!(commit.unwrap(), branch.get_commit().await.unwrap());
            assert_eq!((fixture.sent("commit"), fixture.sent("mergeIntoBranch")), (1, 1));
            merge.unwrap();
        } else {
            errors.extend([("commit", commit.unwrap_err()), ("mergeIntoBranch", merge.unwrap_err())]);
        }
        for (operation, error) in errors {
            assert!(error.is_outcome_unknown(), "{error}");
            let kind = [
                ErrorKind::Transport,
                ErrorKind::Transport,
                ErrorKind::Transport,
                ErrorKind::Server,
                ErrorKind::Timeout,
            ];
            assert_eq!((error.kind(), error.attempts()), (kind[failure], 1), "{error}");
            assert_eq!(fixture.sent(operation), 1, "{operation}");
        }
    }
    // Of five, the two took effect whose response was lost or truncated.
    let commits: Vec<_> = branch.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert_eq!(commits.iter().filter(|message| *message == "one").count(), 2);
    assert_eq!(fixture.messages().await.iter().filter(|message| message.starts_with("Merge")).count(), 2);
}

#[tokio::test]
async fn deletion_with_a_lost_response_is_checked_and_not_retried() {
    let fixture = Fixture::new().await;
    let branch = fixture.repository.branch("exp");
    branch.create("main").await.unwrap();
    fixture.server.faults().on("deleteBranch").drop_response();
    branch.delete().await.unwrap();
    assert_eq!(fixture.sent("deleteBranch"), 1);
    assert!(!branch.exists().await.unwrap());

    // The request was lost. A second one could delete a branch that another writer has created since.
    branch.create("main").await.unwrap();
    fixture.server.clear_requests();
    fixture.server.faults().on("deleteBranch").drop_connection();
    let error = branch.delete().await.unwrap_err();
    assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Transport, "{error}");
    assert_eq!(fixture.sent("deleteBranch"), 1);
    assert!(branch.exists().await.unwrap());
    branch.delete().await.unwrap();

    // A missing branch is still not found, also after retries.
    for busy in [false, true] {
        if busy {
            fixture.server.faults().on("deleteBranch").times(2).respond(503, SLOW_DOWN);
        }
        let error = branch.delete().await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (Some(404), ErrorKind::NotFound), "{error}");
        assert!(!error.is_outcome_unknown());
    }

    fixture.server.faults().on("deleteRepository").drop_response();
    fixture.repository.delete().await.unwrap();
    assert_eq!(fixture.sent("deleteRepository"), 1);
    assert!(!fixture.repository.exists().await.unwrap());
}

#[tokio::test]
async fn repository_creation_with_a_lost_response_is_reconciled() {
    let fixture = Fixture::new().await;
    let other = fixture.client().repository("other");

    // The repository exists with the requested namespace.
    fixture.server.faults().on("createRepository").drop_response();
    let created = other.create("mem://other").await.unwrap();
    assert_eq!((&*created.id, &*created.storage_namespace), ("other", "mem://other"));
    assert_eq!(fixture.sent("createRepository"), 1);

    // The request was lost, so it is sent again.
    fixture.server.clear_requests();
    fixture.server.faults().on("createRepository").drop_connection();
    fixture.client().repository("third").create("mem://third").await.unwrap();
    assert_eq!(fixture.sent("createRepository"), 2);

    // The repository exists with another namespace.
    fixture.server.faults().on("createRepository").drop_connection();
    let error = other.create("mem://elsewhere").await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(409), ErrorKind::AlreadyExists), "{error}");
    assert_eq!(other.get().await.unwrap(), created);

    // The check fails.
    fixture.server.faults().on("createRepository").drop_response();
    fixture.server.faults().on("getRepository").always().respond(500, r#"{"message":"out of order"}"#);
    let error = fixture.client().repository("fourth").create("mem://fourth").await.unwrap_err();
    assert_eq!(
        (error.operation(), error.kind()),
        (Some("create_repository"), ErrorKind::Transport),
        "{error}"
    );
}

#[tokio::test]
async fn branch_creation_with_a_lost_response_is_reconciled() {
    let fixture = Fixture::new().await;
    let branch = fixture.repository.branch("exp");
    let head = fixture.main.get().await.unwrap().commit_id;

    fixture.server.faults().on("createBranch").drop_response();
    let created = branch.create("main").await.unwrap();
    assert_eq!((&created.commit_id, &*created.id), (&head, "exp"));
    assert_eq!(fixture.sent("createBranch"), 1);

    fixture.server.clear_requests();
    fixture.server.faults().on("createBranch").drop_connection();
    fixture.repository.branch("another").create("main~1").await.unwrap();
    assert_eq!(fixture.sent("createBranch"), 2);

    // The branch exists at another commit.
    fixture.server.faults().on("createBranch").drop_connection();
    let error = branch.create("main~1").await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(409), ErrorKind::AlreadyExists), "{error}");
    assert_eq!(branch.get().await.unwrap(), created);

    // A reported conflict is not checked.
    fixture.server.clear_requests();
    assert_eq!(branch.create("main").await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fixture.sent("getBranch"), 0);
}

#[tokio::test]
async fn streams_are_retried_unless_nothing_is_kept_of_them() {
    let fixture = Fixture::new().await;
    let object = fixture.main.object("b");
    let pieces = || stream::iter(["1", "2"].map(Ok::<_, std::io::Error>));
    let bodies = || [Body::stream(pieces()), Body::stream(pieces()).with_length(2), Body::reader(&b"12"[..])];
    for body in bodies() {
        let target = fixture.main.object("a");
        fixture.server.clear_requests();
        fixture.server.faults().on("uploadObject").drop_connection();
        fixture.server.faults().on("uploadObject").respond(503, SLOW_DOWN);
        target.upload(body).await.unwrap();
        assert_eq!(fixture.sent("uploadObject"), 3);
        assert_eq!(target.read().await.unwrap(), "12");
        target.delete().await.unwrap();
    }
    for body in bodies() {
        fixture.server.clear_requests();
        fixture.server.faults().on("uploadObject").drop_connection();
        let error = object.upload(body).spool_limit(0).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
        assert_eq!(fixture.sent("uploadObject"), 1);
    }
    for body in bodies() {
        fixture.server.clear_requests();
        fixture.server.faults().on("uploadObject").respond(503, SLOW_DOWN);
        let error = object.upload(body).spool_limit(0).await.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(503), 1), "{error}");
        // The caller can retry with a new stream.
        assert!(error.is_retryable());
        assert_eq!(fixture.sent("uploadObject"), 1);
    }
    assert!(!object.exists().await.unwrap());
}

#[tokio::test]
async fn files_and_bytes_are_retried() {
    let fixture = Fixture::new().await;
    let data = "line\n".repeat(100_000);
    let file = std::env::temp_dir().join(format!("lakefs-retries-{}", std::process::id()));
    std::fs::write(&file, &data).unwrap();
    for (path, body) in [("file", Body::file(&file)), ("bytes", Body::from(data.clone()))] {
        fixture.server.clear_requests();
        lose_responses(&fixture, "uploadObject");
        let object = fixture.main.object(path);
        let written = object.upload(body).content_type("text/plain").metadata("k", "v").await.unwrap();
        assert_eq!(written.size_bytes, Some(500_000));
        assert!(object.read().await.unwrap() == data);
        let requests = fixture.server.requests_for("uploadObject");
        assert_eq!(requests.len(), 5);
        for request in requests {
            // All attempts send the same headers.
            assert_eq!(request.header("content-length"), Some("500000"));
            assert_eq!(request.header("content-type"), Some("text/plain"));
            assert_eq!(request.header("x-lakefs-meta-k"), Some("v"));
        }
    }
    std::fs::remove_file(&file).unwrap();
}

/// A second attempt could be rejected because of the object of the first one, so the object is checked instead.
#[tokio::test]
async fn conditional_upload_with_a_lost_response_is_reconciled() {
    let fixture = Fixture::new().await;
    let file = std::env::temp_dir().join(format!("lakefs-conditional-{}", std::process::id()));
    std::fs::write(&file, "2").unwrap();
    // A stream cannot be sent again, but its checksum is known.
    let stream = Body::stream(stream::iter([Ok::<_, std::io::Error>("3")]));
    for (path, body) in [("bytes", Body::from("1")), ("file", Body::file(&file)), ("stream", stream)] {
        fixture.server.clear_requests();
        fixture.server.faults().on("uploadObject").drop_response();
        let stats = fixture.main.object(path).upload(body).if_none_match("*").await.unwrap();
        assert_eq!(stats, fixture.main.object(path).get().await.unwrap());
        assert_eq!(fixture.sent("uploadObject"), 1);
    }
    std::fs::remove_file(&file).unwrap();

    // The request was lost, and another writer created the object in the meantime.
    fixture.main.object("other").upload("theirs").await.unwrap();
    fixture.server.faults().on("uploadObject").drop_connection();
    let error = fixture.main.object("other").upload("ours").if_none_match("*").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert_eq!(fixture.main.object("other").read().await.unwrap(), "theirs");
}

#[tokio::test]
async fn list_resumes_after_a_failed_page() {
    let fixture = Fixture::new().await;
    for name in ["a", "b", "c", "d"] {
        fixture.repository.branch(name).create("main").await.unwrap();
    }
    let faults = fixture.server.faults();
    faults.on("listBranches").after(1).respond(503, SLOW_DOWN);
    faults.on("listBranches").after(1).drop_response();
    let names: Vec<_> =
        fixture.repository.branches().page_size(2).map_ok(|branch| branch.id).try_collect().await.unwrap();
    assert_eq!(names, ["a", "b", "c", "d", "main"]);
    assert!(faults.pending().is_empty());
    assert_eq!(fixture.sent("listBranches"), 5);
}
