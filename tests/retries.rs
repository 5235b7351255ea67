//! What is sent again, how often, and what a caller sees of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use futures::stream;
use lakefs::models::{CherryPickCreation, PullRequestCreation};
use lakefs::{Body, Branch, Client, ClientBuilder, ErrorKind, Repository, RetryPolicy, TryStreamExt as _};
use lakefs_testserver::Server;

/// A server, and a repository on it with `main` and one commit.
struct Lake {
    server: Server,
    repository: Repository,
    main: Branch,
}

impl Lake {
    async fn new() -> Self {
        Self::with(quick()).await
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

    /// How often an operation was asked for.
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

/// As often as by default, and faster.
fn quick() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(1))
}

const SLOW_DOWN: &str = r#"{"message":"Throughput exceeded. Slow down and retry"}"#;
const LOST_RACE: &str = r#"{"message":"update branch: predicate failed"}"#;

/// The server says that it did nothing.
#[tokio::test]
async fn what_was_refused_is_sent_again_whatever_it_is() {
    for (status, body) in [(503, SLOW_DOWN), (429, ""), (500, LOST_RACE)] {
        let lake = Lake::new().await;
        let branch = lake.repository.branch("exp");
        let faults = lake.server.faults();
        for operation in
            ["statObject", "createBranch", "uploadObject", "commit", "mergeIntoBranch", "cherryPick"]
        {
            faults.on(operation).times(2).respond(status, body);
        }

        lake.main.object("a").stat().await.unwrap();
        branch.create("main").await.unwrap();
        branch.object("b").upload("1").await.unwrap();
        let commit = branch.commit("one").await.unwrap();
        branch.merge_into("main").await.unwrap();
        let client = lake.client();
        let pick = client.api().cherry_pick().repository("example").branch("main");
        pick.body(CherryPickCreation::new(commit.id)).send().await.unwrap();

        for operation in
            ["statObject", "createBranch", "uploadObject", "commit", "mergeIntoBranch", "cherryPick"]
        {
            assert_eq!(lake.sent(operation), 3, "{status} {operation}");
        }
        assert!(faults.pending().is_empty());
        // All of it was done once.
        let expected = ["one", "Merge 'exp' into 'main'", "one", "zero", "Repository created"];
        assert_eq!(lake.messages().await, expected);
    }
}

/// The merge may have happened when only the update of the status of the pull request lost the race.
#[tokio::test]
async fn a_lost_race_of_a_pull_request_is_told() {
    let lake = Lake::new().await;
    lake.server.faults().on("mergePullRequest").always().respond(500, LOST_RACE);
    let client = lake.client();
    let request = client.api().merge_pull_request().repository("example").pull_request("7");
    let error = request.send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Conflict, 1), "{error}");
    assert_eq!(lake.sent("mergePullRequest"), 1);
}

#[tokio::test]
async fn there_is_an_end_to_it() {
    for (retries, attempts) in [
        (quick(), 5),
        (quick().max_attempts(2), 2),
        (quick().max_attempts(0), 1),
        (RetryPolicy::none(), 1),
        // No time for a wait.
        (RetryPolicy::default().initial_backoff(Duration::from_secs(3600)).max_elapsed(Duration::ZERO), 1),
    ] {
        let lake = Lake::with(retries).await;
        lake.server.faults().on("getBranch").always().respond(503, SLOW_DOWN);
        let error = lake.main.get().await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (Some(503), ErrorKind::Server), "{error}");
        assert_eq!((error.attempts(), lake.sent("getBranch")), (attempts, attempts as usize));
        assert!(error.is_retryable());
        let told = format!("(after {attempts} attempts)");
        assert_eq!(error.to_string().contains(&told), attempts > 1, "{error}");
    }
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_takes_the_place_of_ours() {
    // At once, where the client would have waited for an hour.
    let lake = Lake::with(RetryPolicy::default().initial_backoff(Duration::from_secs(3600))).await;
    for (status, body) in [(429, ""), (503, SLOW_DOWN)] {
        lake.server.clear_requests();
        for wait in ["0", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            lake.server.faults().on("getBranch").header("Retry-After", wait).respond(status, body);
        }
        lake.main.get().await.unwrap();
        assert_eq!(lake.sent("getBranch"), 3);
    }

    // Too long to be waited for.
    let lake = Lake::new().await;
    lake.server.faults().on("getBranch").header("Retry-After", "3600").respond(429, "");
    let error = lake.main.get().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 1), "{error}");
}

#[tokio::test]
async fn what_is_final_is_not_sent_again() {
    let lake = Lake::new().await;
    for (status, body) in [
        (400, r#"{"message":"wrong"}"#),
        (401, r#"{"message":"error authenticating request"}"#),
        (404, r#"{"message":"branch not found"}"#),
        (409, r#"{"message":"not unique"}"#),
        (412, r#"{"message":"Precondition failed"}"#),
        (500, r#"{"message":"internal server error"}"#),
        (501, r#"{"message":"Not Implemented"}"#),
    ] {
        lake.server.clear_requests();
        lake.server.faults().on("getBranch").respond(status, body);
        let error = lake.main.get().await.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(status), 1), "{error}");
        assert_eq!(lake.sent("getBranch"), 1);
    }
    // Junk is what this server answers, and would answer again.
    lake.server.clear_requests();
    lake.server.faults().on("getBranch").replace_body("junk");
    let error = lake.main.get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), lake.sent("getBranch")),
        (ErrorKind::Decode, 1, 1),
        "{error}"
    );
}

/// The ways in which it is not known what the server did.
fn doubts(lake: &Lake, operation: &str) {
    let faults = lake.server.faults();
    faults.on(operation).drop_connection();
    faults.on(operation).drop_response();
    faults.on(operation).respond(502, "");
    faults.on(operation).respond(504, "");
}

#[tokio::test]
async fn what_does_no_harm_twice_is_sent_again_in_doubt() {
    let lake = Lake::new().await;
    let object = lake.main.object("b");
    for operation in ["uploadObject", "statObject", "getObject", "deleteObject", "listBranches", "logCommits"]
    {
        doubts(&lake, operation);
    }
    object.upload("1").metadata("k", "v").await.unwrap();
    object.stat().await.unwrap();
    assert_eq!(object.read().await.unwrap(), "1");
    object.delete().await.unwrap();
    assert_eq!(lake.repository.branches().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert_eq!(lake.messages().await, ["zero", "Repository created"]);
    for operation in ["uploadObject", "statObject", "getObject", "deleteObject", "listBranches", "logCommits"]
    {
        assert_eq!(lake.sent(operation), 5, "{operation}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_asked_for_again() {
    let lake = Lake::new().await;
    lake.main.object("b").upload("x".repeat(100_000)).await.unwrap();
    for operation in ["getBranch", "getObject", "logCommits"] {
        lake.server.faults().on(operation).times(2).truncate_body();
    }
    lake.main.get().await.unwrap();
    assert_eq!(lake.main.object("b").read().await.unwrap().len(), 100_000);
    assert_eq!(lake.messages().await.len(), 2);
    for operation in ["getBranch", "getObject", "logCommits"] {
        assert_eq!(lake.sent(operation), 3, "{operation}");
    }
}

#[tokio::test]
async fn what_must_not_happen_twice_is_told_in_doubt() {
    let lake = Lake::new().await;
    let branch = lake.repository.branch("exp");
    branch.create("main").await.unwrap();
    let client = lake.client();
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

    for doubt in 0..5 {
        lake.server.clear_requests();
        for operation in ["commit", "mergeIntoBranch", "cherryPick", "createPullRequest"] {
            let fault = lake.server.faults().on(operation);
            match doubt {
                0 => fault.drop_connection(),
                1 => fault.drop_response(),
                2 => fault.truncate_body(),
                3 => fault.respond(502, ""),
                _ => fault.respond(504, ""),
            }
        }
        let errors = [
            ("commit", commit().await.unwrap_err()),
            ("mergeIntoBranch", merge().await.unwrap_err()),
            ("cherryPick", pick().await.unwrap_err()),
            ("createPullRequest", pull().await.unwrap_err()),
        ];
        for (operation, error) in errors {
            let kind = [
                ErrorKind::Transport,
                ErrorKind::Transport,
                ErrorKind::Transport,
                ErrorKind::Server,
                ErrorKind::Timeout,
            ];
            assert_eq!((error.kind(), error.attempts()), (kind[doubt], 1), "{error}");
            assert_eq!(lake.sent(operation), 1, "{operation}");
        }
    }
    // Of five, those happened whose reply was lost or cut.
    let commits: Vec<_> = branch.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert_eq!(commits.iter().filter(|message| *message == "one").count(), 2);
    assert_eq!(lake.messages().await.iter().filter(|message| message.starts_with("Merge")).count(), 2);
}

#[tokio::test]
async fn what_was_deleted_and_not_confirmed_is_deleted() {
    let lake = Lake::new().await;
    let branch = lake.repository.branch("exp");
    branch.create("main").await.unwrap();
    lake.server.faults().on("deleteBranch").drop_response();
    branch.delete().await.unwrap();
    assert_eq!(lake.sent("deleteBranch"), 2);
    assert!(!branch.exists().await.unwrap());

    // Before it was done, too.
    branch.create("main").await.unwrap();
    lake.server.clear_requests();
    lake.server.faults().on("deleteBranch").drop_connection();
    branch.delete().await.unwrap();
    assert_eq!(lake.sent("deleteBranch"), 2);

    // What was never there is still not found, also when the server was busy first.
    for busy in [false, true] {
        if busy {
            lake.server.faults().on("deleteBranch").times(2).respond(503, SLOW_DOWN);
        }
        let error = branch.delete().await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (Some(404), ErrorKind::NotFound), "{error}");
    }

    lake.server.faults().on("deleteRepository").drop_response();
    lake.repository.delete().await.unwrap();
    assert_eq!(lake.sent("deleteRepository"), 2);
    assert!(!lake.repository.exists().await.unwrap());
}

#[tokio::test]
async fn a_repository_whose_creation_was_not_confirmed() {
    let lake = Lake::new().await;
    let other = lake.client().repository("other");

    // It is there, and it is ours.
    lake.server.faults().on("createRepository").drop_response();
    let created = other.create("mem://other").await.unwrap();
    assert_eq!((&*created.id, &*created.storage_namespace), ("other", "mem://other"));
    assert_eq!(lake.sent("createRepository"), 1);

    // It is not there.
    lake.server.clear_requests();
    lake.server.faults().on("createRepository").drop_connection();
    lake.client().repository("third").create("mem://third").await.unwrap();
    assert_eq!(lake.sent("createRepository"), 2);

    // It is there, and it is somebody else's.
    lake.server.faults().on("createRepository").drop_connection();
    let error = other.create("mem://elsewhere").await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(409), ErrorKind::AlreadyExists), "{error}");
    assert_eq!(other.get().await.unwrap(), created);

    // Nobody can tell.
    lake.server.faults().on("createRepository").drop_response();
    lake.server.faults().on("getRepository").always().respond(500, r#"{"message":"out of order"}"#);
    let error = lake.client().repository("fourth").create("mem://fourth").await.unwrap_err();
    assert_eq!(
        (error.operation(), error.kind()),
        (Some("create_repository"), ErrorKind::Transport),
        "{error}"
    );
}

#[tokio::test]
async fn a_branch_whose_creation_was_not_confirmed() {
    let lake = Lake::new().await;
    let branch = lake.repository.branch("exp");
    let head = lake.main.get().await.unwrap().commit_id;

    lake.server.faults().on("createBranch").drop_response();
    let created = branch.create("main").await.unwrap();
    assert_eq!((&created.commit_id, &*created.id), (&head, "exp"));
    assert_eq!(lake.sent("createBranch"), 1);

    lake.server.clear_requests();
    lake.server.faults().on("createBranch").drop_connection();
    lake.repository.branch("another").create("main~1").await.unwrap();
    assert_eq!(lake.sent("createBranch"), 2);

    // It is there, at another commit.
    lake.server.faults().on("createBranch").drop_connection();
    let error = branch.create("main~1").await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(409), ErrorKind::AlreadyExists), "{error}");
    assert_eq!(branch.get().await.unwrap(), created);

    // A conflict that is certain is told without a look.
    lake.server.clear_requests();
    assert_eq!(branch.create("main").await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(lake.sent("getBranch"), 0);
}

#[tokio::test]
async fn streams_are_sent_once() {
    let lake = Lake::new().await;
    let object = lake.main.object("b");
    let pieces = || stream::iter(["1", "2"].map(Ok::<_, std::io::Error>));
    let bodies = || [Body::stream(pieces()), Body::stream(pieces()).with_length(2), Body::reader(&b"12"[..])];
    for body in bodies() {
        lake.server.clear_requests();
        lake.server.faults().on("uploadObject").drop_connection();
        let error = object.upload(body).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
        assert_eq!(lake.sent("uploadObject"), 1);
    }
    for body in bodies() {
        lake.server.clear_requests();
        lake.server.faults().on("uploadObject").respond(503, SLOW_DOWN);
        let error = object.upload(body).await.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(503), 1), "{error}");
        // The same call, with the data anew, may well succeed.
        assert!(error.is_retryable());
        assert_eq!(lake.sent("uploadObject"), 1);
    }
    assert!(!object.exists().await.unwrap());
}

#[tokio::test]
async fn files_and_bytes_are_sent_again() {
    let lake = Lake::new().await;
    let data = "line\n".repeat(100_000);
    let file = std::env::temp_dir().join(format!("lakefs-retries-{}", std::process::id()));
    std::fs::write(&file, &data).unwrap();
    for (path, body) in [("file", Body::file(&file)), ("bytes", Body::from(data.clone()))] {
        lake.server.clear_requests();
        doubts(&lake, "uploadObject");
        let object = lake.main.object(path);
        let written = object.upload(body).content_type("text/plain").metadata("k", "v").await.unwrap();
        assert_eq!(written.size_bytes, Some(500_000));
        assert!(object.read().await.unwrap() == data);
        let requests = lake.server.requests_for("uploadObject");
        assert_eq!(requests.len(), 5);
        for request in requests {
            // All of them say the same.
            assert_eq!(request.header("content-length"), Some("500000"));
            assert_eq!(request.header("content-type"), Some("text/plain"));
            assert_eq!(request.header("x-lakefs-meta-k"), Some("v"));
        }
    }
    std::fs::remove_file(&file).unwrap();
}

/// In doubt, a second try would meet the object of the first: what is there is looked at instead.
#[tokio::test]
async fn an_upload_of_a_new_object_is_recognised_in_doubt() {
    let lake = Lake::new().await;
    let file = std::env::temp_dir().join(format!("lakefs-in-doubt-{}", std::process::id()));
    std::fs::write(&file, "2").unwrap();
    // A stream is gone, but what was seen of it is known.
    let stream = Body::stream(stream::iter([Ok::<_, std::io::Error>("3")]));
    for (path, body) in [("bytes", Body::from("1")), ("file", Body::file(&file)), ("stream", stream)] {
        lake.server.clear_requests();
        lake.server.faults().on("uploadObject").drop_response();
        let stats = lake.main.object(path).upload(body).if_none_match("*").await.unwrap();
        assert_eq!(stats, lake.main.object(path).get().await.unwrap());
        assert_eq!(lake.sent("uploadObject"), 1);
    }
    std::fs::remove_file(&file).unwrap();

    // Nothing happened, and somebody else was there in the meantime.
    lake.main.object("other").upload("theirs").await.unwrap();
    lake.server.faults().on("uploadObject").drop_connection();
    let error = lake.main.object("other").upload("ours").if_none_match("*").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert_eq!(lake.main.object("other").read().await.unwrap(), "theirs");

    lake.server.clear_requests();
    lake.server.faults().on("uploadObject").times(2).respond(503, SLOW_DOWN);
    lake.main.object("c").upload("1").if_none_match("*").await.unwrap();
    assert_eq!(lake.sent("uploadObject"), 3);
}

#[tokio::test]
async fn a_list_goes_on_where_it_was() {
    let lake = Lake::new().await;
    for name in ["a", "b", "c", "d"] {
        lake.repository.branch(name).create("main").await.unwrap();
    }
    let faults = lake.server.faults();
    faults.on("listBranches").after(1).respond(503, SLOW_DOWN);
    faults.on("listBranches").after(1).drop_response();
    let names: Vec<_> =
        lake.repository.branches().page_size(2).map_ok(|branch| branch.id).try_collect().await.unwrap();
    assert_eq!(names, ["a", "b", "c", "d", "main"]);
    assert!(faults.pending().is_empty());
    assert_eq!(lake.sent("listBranches"), 5);
}
