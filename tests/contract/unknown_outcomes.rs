//! Requests that a proxy gives up: they take effect at most once, nothing of other writers is lost, and the client finds the
//! outcome or reports that it is unknown. `unknown_commits` has the tests of commits.

use std::sync::Arc;
use std::time::Duration;

use lakefs::{Branch, Client, Error, ErrorKind, Repository, RetryPolicy, TryStreamExt as _};
use tokio::sync::Notify;

use crate::support::{
    FaultProxy, Fixture, ProxyFault, changes, commit_objects, create_tag, upload_objects, wait_until,
};

/// How long the clients of these tests check an unknown outcome.
const RECONCILE: Duration = Duration::from_secs(2);

/// A lakeFS behind a proxy, and a client of each.
pub(crate) struct Proxied {
    pub(crate) fixture: Fixture,
    pub(crate) proxy: FaultProxy,
    client: Client,
    name: String,
}

impl Proxied {
    pub(crate) async fn start(test: &str) -> Self {
        let fixture = Fixture::new().await;
        let proxy = FaultProxy::start(fixture.endpoint()).await;
        let [id, secret] = fixture.access_key();
        let retries = RetryPolicy::default().reconcile_timeout(RECONCILE);
        let client = Client::builder().endpoint(proxy.endpoint()).access_key(id, secret).retries(retries);
        let name = fixture.unique_name(test);
        Self { client: client.build().unwrap(), proxy, name, fixture }
    }

    /// Returns a new repository, whose requests go through the proxy.
    pub(crate) async fn repository(&self) -> Repository {
        let repository = self.client.repository(&self.name);
        repository.create(self.fixture.namespace(&self.name)).await.unwrap();
        repository
    }

    /// Returns the default branch of a new repository.
    pub(crate) async fn main(&self) -> Branch {
        self.repository().await.branch("main")
    }

    /// Returns the same branch, whose requests do not go through the proxy.
    pub(crate) fn direct(&self, branch: &Branch) -> Branch {
        self.fixture.client.repository(branch.repository().name()).branch(branch.name())
    }

    /// Runs `request`, whose response is lost, and `other` when `took_effect` returns true. The client then checks.
    async fn lose_response<T>(
        &self,
        method: &'static str,
        path_end: &str,
        request: impl Future<Output = Result<T, Error>>,
        took_effect: impl AsyncFnMut() -> bool,
        other: impl Future<Output = ()>,
    ) -> Result<T, Error> {
        let gate = Arc::new(Notify::new());
        self.proxy.plan(method, path_end, ProxyFault::LoseResponseAfter(Arc::clone(&gate)));
        let other = async {
            wait_until("the request took effect", took_effect).await;
            other.await;
            gate.notify_one();
        };
        tokio::join!(request, other).0
    }
}

#[track_caller]
pub(crate) fn expect_unknown<T: std::fmt::Debug>(result: Result<T, Error>) -> Error {
    let error = result.expect_err("the outcome is unknown");
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1), "{error}");
    error
}

#[tokio::test]
async fn unknown_20_creation_that_takes_longer_than_a_proxy_waits_is_not_sent_again() {
    let proxied = Proxied::start("unknown_20").await;
    let late = || ProxyFault::GiveUp(Duration::from_millis(600));
    proxied.proxy.plan("POST", "/repositories", late());
    let repository = proxied.repository().await;
    assert_eq!(proxied.proxy.forwarded("POST", "/repositories"), 1);
    let head = repository.branch("main").get().await.unwrap().commit_id;

    proxied.proxy.plan("POST", "/branches", late());
    assert_eq!(repository.branch("late").create("main").await.unwrap().commit_id, head);
    assert_eq!(proxied.proxy.forwarded("POST", "/branches"), 1);

    proxied.proxy.plan("POST", "/tags", late());
    assert_eq!(repository.tag("late-tag").create("main").await.unwrap().commit_id, head);
    assert_eq!(proxied.proxy.forwarded("POST", "/tags"), 1);
}

#[tokio::test]
async fn unknown_21_branch_and_tag_are_found_although_the_source_moved() {
    let proxied = Proxied::start("unknown_21").await;
    let main = proxied.main().await;
    let repository = main.repository();
    let head = main.get().await.unwrap().commit_id;
    let branch = repository.branch("mine");
    let create = async { branch.create("main").await };
    let move_main = async { drop(commit_objects(&main, "other", &[("a", "1")]).await) };
    let exists = async || branch.exists().await.unwrap();
    let created = proxied.lose_response("POST", "/branches", create, exists, move_main).await.unwrap();
    assert_eq!(created.commit_id, head);

    let head = main.get().await.unwrap().commit_id;
    let tag = repository.tag("mine-tag");
    let create = async { tag.create("main").await };
    let move_main = async { drop(commit_objects(&main, "other", &[("a", "2")]).await) };
    let exists = async || tag.exists().await.unwrap();
    let created = proxied.lose_response("POST", "/tags", create, exists, move_main).await.unwrap();
    assert_eq!(created.commit_id, head);
}

#[tokio::test]
async fn unknown_22_lost_creation_is_sent_again_after_the_checks() {
    let proxied = Proxied::start("unknown_22").await;
    let main = proxied.main().await;
    let repository = main.repository();
    proxied.proxy.plan("POST", "/branches", ProxyFault::LoseRequest);
    repository.branch("lost").create("main").await.unwrap();
    assert_eq!(proxied.proxy.forwarded("POST", "/branches"), 1);

    // Another one of the same name exists already.
    let old = main.get().await.unwrap().commit_id;
    create_tag(&repository, "taken", &old).await;
    commit_objects(&main, "new", &[("a", "1")]).await;
    proxied.proxy.plan("POST", "/tags", ProxyFault::LoseRequest);
    let error = repository.tag("taken").create("main").await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::AlreadyExists, false), "{error}");
    assert_eq!(repository.tag("taken").get().await.unwrap().commit_id, old);
}

#[tokio::test]
async fn unknown_23_repository_of_another_client_over_the_same_namespace_is_not_ours() {
    let proxied = Proxied::start("unknown_23").await;
    let other = proxied.fixture.client.repository(&proxied.name);
    let namespace = proxied.fixture.namespace(&proxied.name);
    other.create(&namespace).bare(true).await.unwrap();
    proxied.proxy.plan("POST", "/repositories", ProxyFault::LoseRequest);
    let create = proxied.client.repository(&proxied.name).create(&namespace);
    let error = create.await.unwrap_err();
    // It has no branch, which a repository that is still being created lacks too.
    assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Timeout, "{error}");
    assert_eq!(proxied.proxy.forwarded("POST", "/repositories"), 0);

    let name = proxied.fixture.unique_name("unknown_23");
    let namespace = proxied.fixture.namespace(&name);
    proxied.fixture.client.repository(&name).create(&namespace).read_only(true).await.unwrap();
    proxied.proxy.plan("POST", "/repositories", ProxyFault::LoseRequest);
    let error = proxied.client.repository(&name).create(&namespace).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::AlreadyExists, false), "{error}");
}

#[tokio::test]
async fn unknown_24_repository_with_sample_data_is_found_with_its_commit() {
    let proxied = Proxied::start("unknown_24").await;
    let repository = proxied.client.repository(&proxied.name);
    proxied.proxy.plan("POST", "/repositories", ProxyFault::GiveUp(Duration::from_millis(300)));
    repository.create(proxied.fixture.namespace(&proxied.name)).sample_data(true).await.unwrap();
    assert_eq!(proxied.proxy.forwarded("POST", "/repositories"), 1);
    assert_eq!(repository.branch("main").get_commit().await.unwrap().parents.len(), 1);
}

#[tokio::test]
async fn unknown_25_hard_reset_is_applied_once() {
    let proxied = Proxied::start("unknown_25").await;
    let main = proxied.main().await;
    let mut ids = vec![main.get().await.unwrap().commit_id];
    for data in ["1", "2", "3", "4"] {
        ids.push(commit_objects(&main, data, &[("a", data)]).await.id);
    }
    let head = async || main.get().await.unwrap().commit_id;
    proxied.proxy.plan("PUT", "/hard_reset", ProxyFault::LoseResponse);
    main.hard_reset("main~1").await.unwrap();
    assert_eq!(head().await, ids[3]);

    // The commit of another writer after the reset remains.
    let reset = async { main.hard_reset(&ids[2]).await };
    let commit = async { drop(main.commit("other").allow_empty(true).await.unwrap()) };
    let is_reset = async || head().await == ids[2];
    proxied.lose_response("PUT", "/hard_reset", reset, is_reset, commit).await.unwrap();
    let commit = main.get_commit().await.unwrap();
    assert_eq!((&*commit.message, &commit.parents), ("other", &vec![ids[2].clone()]));

    proxied.proxy.plan("PUT", "/hard_reset", ProxyFault::LoseRequest);
    expect_unknown(main.hard_reset(&ids[1]).await);
    assert_eq!(head().await, commit.id);
    assert_eq!(proxied.proxy.forwarded("PUT", "/hard_reset"), 2);
}

#[tokio::test]
async fn unknown_26_reset_keeps_what_others_change_after_it() {
    let proxied = Proxied::start("unknown_26").await;
    let main = proxied.main().await;
    for scope in ["all", "prefix", "object"] {
        let reset = || {
            let reset = main.reset();
            match scope {
                "all" => reset,
                "prefix" => reset.prefix("a/"),
                _ => reset.object("a/1"),
            }
        };
        main.reset().await.unwrap();
        upload_objects(&main, &[("a/1", "1")]).await;
        proxied.proxy.plan("PUT", "/branches/main", ProxyFault::LoseResponse);
        reset().await.unwrap();
        assert_eq!(changes(main.uncommitted()).await, [""; 0]);

        upload_objects(&main, &[("a/1", "1")]).await;
        let other = async { upload_objects(&main, &[("a/1", "2")]).await };
        let is_reset = async || changes(main.uncommitted()).await.is_empty();
        let lost = async { reset().await };
        expect_unknown(proxied.lose_response("PUT", "/branches/main", lost, is_reset, other).await);
        assert_eq!(changes(main.uncommitted()).await, ["added a/1"]);
    }
    assert_eq!(proxied.proxy.forwarded("PUT", "/branches/main"), 3 * 3);
}

#[tokio::test]
async fn unknown_27_deletion_keeps_what_others_create_after_it() {
    let proxied = Proxied::start("unknown_27").await;
    let main = proxied.main().await;
    let repository = main.repository();
    let branch = repository.branch("exp");
    branch.create("main").await.unwrap();
    proxied.proxy.plan("DELETE", "/branches/exp", ProxyFault::LoseResponse);
    branch.delete().await.unwrap();
    assert!(!branch.exists().await.unwrap());

    branch.create("main").await.unwrap();
    let delete = async { branch.delete().await };
    let create = async { drop(branch.create("main").await.unwrap()) };
    let is_gone = async || !branch.exists().await.unwrap();
    expect_unknown(proxied.lose_response("DELETE", "/branches/exp", delete, is_gone, create).await);
    assert!(branch.exists().await.unwrap());

    proxied.proxy.plan("DELETE", "/branches/exp", ProxyFault::LoseRequest);
    expect_unknown(branch.delete().await);
    assert_eq!(proxied.proxy.forwarded("DELETE", "/branches/exp"), 2);

    let tag = create_tag(&repository, "v1", "main").await;
    proxied.proxy.plan("DELETE", "/tags/v1", ProxyFault::LoseResponse);
    tag.delete().await.unwrap();
    assert_eq!(proxied.proxy.forwarded("DELETE", "/tags/v1"), 1);
}

#[tokio::test]
async fn unknown_28_pull_request_is_created_and_merged_once() {
    let proxied = Proxied::start("unknown_28").await;
    let main = proxied.main().await;
    let repository = main.repository();
    let branch = repository.branch("exp");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "source", &[("a", "1")]).await;
    let create = || repository.create_pull_request("exp", "main", "Title").description("Text");
    // An equal one exists.
    let existing = create().await.unwrap().id;
    proxied.proxy.plan("POST", "/pulls", ProxyFault::LoseResponse);
    let created = create().await.unwrap().id;
    assert_ne!(created, existing);
    proxied.proxy.plan("POST", "/pulls", ProxyFault::LoseRequest);
    expect_unknown(create().await);
    let listed: Vec<_> = repository.pull_requests().try_collect().await.unwrap();
    assert_eq!(listed.len(), 2);

    let pull_request = repository.pull_request(&created);
    proxied.proxy.plan("PATCH", &format!("/pulls/{created}"), ProxyFault::LoseResponse);
    pull_request.update().title("New").await.unwrap();
    proxied.proxy.plan("PATCH", &format!("/pulls/{created}"), ProxyFault::LoseRequest);
    expect_unknown(pull_request.update().title("Newer").await);
    assert_eq!(pull_request.get().await.unwrap().title, "New");

    let merge_path = format!("/pulls/{created}/merge");
    proxied.proxy.plan("PUT", &merge_path, ProxyFault::LoseRequest);
    expect_unknown(pull_request.merge().await);
    proxied.proxy.plan("PUT", &merge_path, ProxyFault::LoseResponse);
    let merged = pull_request.merge().await.unwrap().reference;
    assert_eq!(merged, main.get().await.unwrap().commit_id);
    assert_eq!(proxied.proxy.forwarded("PUT", &merge_path), 1);
}

#[tokio::test]
async fn unknown_29_protection_rules_are_set_once() {
    let proxied = Proxied::start("unknown_29").await;
    let protection = proxied.repository().await.branch_protection();
    protection.set(["a"]).await.unwrap();
    let etag = protection.get().await.unwrap().etag;
    for fault in [ProxyFault::LoseResponse, ProxyFault::LoseRequest] {
        proxied.proxy.plan("PUT", "/branch_protection", fault);
        protection.protect("b").await.unwrap();
        protection.unprotect("b").await.unwrap();
    }
    // Another writer replaces the rules after the request took effect.
    let set = async { protection.set(["a", "mine"]).if_match(etag).await };
    let replace = async { protection.set(["other"]).await.unwrap() };
    let is_set = async || protection.get().await.unwrap().patterns.contains("mine");
    let lost = proxied.lose_response("PUT", "/branch_protection", set, is_set, replace).await;
    let error = lost.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::PreconditionFailed, true), "{error}");
    assert_eq!(protection.get().await.unwrap().patterns, ["other".to_owned()].into());
}
