//! Settings of repositories: branch protection and garbage collection.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use lakefs::{Branch, BranchProtection, ErrorKind, TryStreamExt as _, models};

use crate::support::{Fixture, commit_objects, expect_error, read_text, upload_objects};

fn set(patterns: &[&str]) -> BTreeSet<String> {
    patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
}

async fn patterns(protection: &BranchProtection) -> BTreeSet<String> {
    protection.get().await.unwrap().patterns
}

#[tokio::test]
async fn prot_01_rules_are_replaced_if_the_etag_matches() {
    let fixture = Fixture::new().await;
    let protection = fixture.repository("prot_01").await.branch_protection();
    let none = protection.get().await.unwrap();
    assert_eq!((none.patterns, none.etag), (set(&[]), None));

    protection.set(["main", "release-*", "main"]).await.unwrap();
    let first = protection.get().await.unwrap();
    assert_eq!(first.patterns, set(&["main", "release-*"]));
    let etag = first.etag.clone().unwrap();
    assert!(!etag.is_empty() && !etag.contains('"'), "{etag}");
    assert_eq!(protection.get().await.unwrap(), first);

    protection.set(["v?"]).if_match(first.etag.clone()).await.unwrap();
    let second = protection.get().await.unwrap();
    assert_eq!(second.patterns, set(&["v?"]));
    assert_ne!(second.etag, first.etag);

    let stale = protection.set(["main"]).if_match(etag.clone()).await;
    let words = "Precondition failed";
    expect_error(stale, "set_branch_protection_rules", 412, ErrorKind::PreconditionFailed, words);
    assert_eq!(protection.get().await.unwrap(), second);
    // Without an ETag the rules are replaced unconditionally.
    protection.set(["main"]).if_match(None).await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["main"]));

    protection.set([""; 0]).await.unwrap();
    let none = protection.get().await.unwrap();
    assert_eq!((none.patterns, none.etag), (set(&[]), None));
    let stale = protection.set(["main"]).if_match(etag).await;
    expect_error(stale, "set_branch_protection_rules", 412, ErrorKind::PreconditionFailed, words);
}

#[tokio::test]
async fn prot_01_empty_pattern_empty_etag_and_missing_repository_fail() {
    let fixture = Fixture::new().await;
    let protection = fixture.repository("prot_01").await.branch_protection();
    protection.set(["main"]).await.unwrap();
    let refusal = protection.set(["other", ""]).await;
    expect_error(refusal, "set_branch_protection_rules", 400, ErrorKind::InvalidRequest, "pattern");
    // An empty ETag is invalid.
    let refusal = protection.set(["other"]).if_match(String::new()).await;
    expect_error(refusal, "set_branch_protection_rules", 400, ErrorKind::InvalidRequest, "If-Match");
    assert_eq!(patterns(&protection).await, set(&["main"]));
    // The server does not check whether a pattern is valid.
    protection.set(["["]).await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["["]));

    let nowhere = fixture.client.repository(fixture.unique_name("prot_01")).branch_protection();
    let words = "repository not found";
    expect_error(nowhere.get().await, "get_branch_protection_rules", 404, ErrorKind::NotFound, words);
    expect_error(nowhere.set(["main"]).await, "set_branch_protection_rules", 404, ErrorKind::NotFound, words);
}

#[tokio::test]
async fn prot_01_one_rule_is_added_or_removed() {
    let fixture = Fixture::new().await;
    let protection = fixture.repository("prot_01").await.branch_protection();
    protection.protect("main").await.unwrap();
    protection.protect("release-*").await.unwrap();
    let both = protection.get().await.unwrap();
    assert_eq!(both.patterns, set(&["main", "release-*"]));
    // A rule that is already there is not written again.
    protection.protect("main").await.unwrap();
    protection.unprotect("release-1").await.unwrap();
    assert_eq!(protection.get().await.unwrap(), both);

    protection.unprotect("main").await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["release-*"]));
    protection.unprotect("release-*").await.unwrap();
    assert_eq!(patterns(&protection).await, set(&[]));
}

#[tokio::test]
async fn prot_01_concurrent_changes_of_rules_are_not_lost() {
    let fixture = Fixture::new().await;
    let protection = fixture.repository("prot_01").await.branch_protection();
    let old: Vec<_> = (0..4).map(|number| format!("old-{number}")).collect();
    let new: Vec<_> = (0..4).map(|number| format!("new-{number}")).collect();
    protection.set(old.iter().chain([&"main".to_owned()])).await.unwrap();
    let added = try_join_all(new.iter().map(|pattern| protection.protect(pattern).send()));
    let removed = try_join_all(old.iter().map(|pattern| protection.unprotect(pattern).send()));
    futures::future::try_join(added, removed).await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["main", "new-0", "new-1", "new-2", "new-3"]));
}

/// Waits until the server applies its current rules, which it caches for 3 to 6 seconds.
async fn wait_for_protection(branch: &Branch, expected: bool) {
    let start = Instant::now();
    loop {
        // If permitted, the deletion of a missing object changes nothing.
        let protected = match branch.object("missing").delete().await {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::WriteProtected => true,
            Err(error) => panic!("{error}"),
        };
        if protected == expected {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(8), "the server does not apply the rules");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn prot_02_protected_branch_rejects_writes_and_commits() {
    #[track_caller]
    fn expect_protected<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str, words: &str) {
        expect_error(result, operation, 403, ErrorKind::WriteProtected, words);
    }

    let fixture = Fixture::new().await;
    let main = fixture.main("prot_02").await;
    let repository = &main.repository();
    commit_objects(&main, "one", &[("committed", "1")]).await;
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "two", &[("merged", "1")]).await;
    upload_objects(&main, &[("uncommitted", "1")]).await;

    let protection = repository.branch_protection();
    protection.protect("ma*").await.unwrap();
    wait_for_protection(&main, true).await;
    let committed = main.object("committed");

    let write = "cannot write to protected branch";
    expect_protected(main.object("new").upload("1").await, "upload_object", write);
    expect_protected(committed.delete().await, "delete_object", write);
    expect_protected(committed.copy_to("main", "copy").await, "copy_object", write);
    expect_protected(committed.update_metadata([("a", "1")]).await, "update_object_user_metadata", write);
    expect_protected(main.commit("none").await, "commit", "cannot commit to protected branch");
    // The request succeeds, and its response has a failure for each object.
    let error = main.delete_objects(["committed", "uncommitted"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteProtected, "{error}");
    let statuses: Vec<_> = error.failed_objects().iter().map(|object| object.status).collect();
    assert_eq!(statuses, [403, 403]);
    let api = fixture.client.api();
    let reset = models::ResetCreation::new(models::ResetType::Reset);
    let reset = api.reset_branch().repository(repository.name()).branch("main").body(reset);
    expect_protected(reset.send().await.map(drop), "reset_branch", write);
    let reset = api.hard_reset_branch().repository(repository.name()).branch("main").ref_("main~1");
    expect_protected(reset.send().await.map(drop), "hard_reset_branch", "protected branch");

    // Nothing has changed, and the earlier uncommitted changes are still there.
    assert_eq!(read_text(&committed).await, "1");
    let changes: Vec<_> = main.uncommitted().map_ok(|change| change.path).try_collect().await.unwrap();
    assert_eq!(changes, ["uncommitted"]);

    protection.unprotect("ma*").await.unwrap();
    wait_for_protection(&main, false).await;
    main.commit("three").await.unwrap();
}

#[tokio::test]
async fn prot_02_protected_branch_accepts_merges_reverts_and_cherry_picks() {
    let fixture = Fixture::new().await;
    let main = fixture.main("prot_02").await;
    let repository = &main.repository();
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "one", &[("a", "1")]).await;
    let picked = commit_objects(&branch, "two", &[("b", "1")]).await.id;

    repository.branch_protection().set(["main", "new-*"]).await.unwrap();
    wait_for_protection(&main, true).await;

    branch.merge_into("main").await.unwrap();
    assert_eq!(read_text(&main.object("a")).await, "1");
    let api = fixture.client.api();
    let revert = models::RevertCreation::new(0, &*picked);
    api.revert_branch().repository(repository.name()).branch("main").body(revert).send().await.unwrap();
    assert!(!main.object("b").exists().await.unwrap());
    let pick = models::CherryPickCreation::new(&*picked);
    api.cherry_pick().repository(repository.name()).branch("main").body(pick).send().await.unwrap();
    assert!(main.object("b").exists().await.unwrap());

    let new = repository.branch("new-1");
    new.create("main").await.unwrap();
    new.delete().await.unwrap();
}

#[tokio::test]
async fn gc_01_rules_are_set_read_and_deleted() {
    let fixture = Fixture::new().await;
    let rules = fixture.repository("gc_01").await.garbage_collection().rules();
    expect_error(rules.get().await, "get_gc_rules", 404, ErrorKind::NotFound, "not found");
    assert_eq!(rules.get_opt().await.unwrap(), None);
    rules.delete().await.unwrap();

    // The response to rules without branches has `null` instead of a list.
    rules.set(7).await.unwrap();
    let set = rules.get().await.unwrap();
    assert_eq!((set.default_retention_days, &*set.branches), (7, &[][..]));

    // Branches need not exist, numbers are not validated, and the last rule of a branch applies.
    rules.set(0).branch("nowhere", -3).branch("main", 7).branch("main", 21).await.unwrap();
    let mut set = rules.get_opt().await.unwrap().unwrap();
    set.branches.sort_by(|left, right| left.branch_id.cmp(&right.branch_id));
    let branches: Vec<_> = set.branches.iter().map(|rule| (&*rule.branch_id, rule.retention_days)).collect();
    assert_eq!((set.default_retention_days, &*branches), (0, &[("main", 21), ("nowhere", -3)][..]));

    rules.delete().await.unwrap();
    assert_eq!(rules.get_opt().await.unwrap(), None);

    let nowhere = fixture.client.repository(fixture.unique_name("gc_01")).garbage_collection().rules();
    assert_eq!(nowhere.get_opt().await.unwrap(), None);
    let words = "repository not found";
    expect_error(nowhere.set(7).await, "set_gc_rules", 404, ErrorKind::NotFound, words);
    expect_error(nowhere.delete().await, "delete_gc_rules", 404, ErrorKind::NotFound, words);
}

#[tokio::test]
async fn gc_02_preparation_of_commits_needs_rules() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("gc_02").await;
    let collection = repository.garbage_collection();
    let operation = "prepare_garbage_collection_commits";
    expect_error(collection.prepare_commits().await, operation, 404, ErrorKind::NotFound, "not found");
    let task = collection.prepare_commits().start().await.unwrap();
    let failed = task.wait_for_completion().await;
    let operation = "prepare_garbage_collection_commits_async";
    expect_error(failed, operation, None, ErrorKind::NotFound, "get gc rules: not found");

    collection.rules().set(7).await.unwrap();
    let task = collection.prepare_commits().start().await.unwrap();
    let prepared = collection.prepare_commits_task(task.id()).wait_for_completion().await.unwrap();
    assert!(!prepared.run_id.is_empty());
    assert!(prepared.gc_commits_location.contains(&prepared.run_id), "{prepared:?}");
    let status = task.status().await.unwrap();
    assert_eq!((status.completed, &*status.task_id), (true, task.id()));
    // The URL of the list may be signed again, so only the run is compared.
    assert_eq!(status.result.map(|result| result.run_id), Some(prepared.run_id));

    let storage =
        fixture.client.api().get_config().send().await.unwrap().into_inner().storage_config.unwrap();
    let prepared = collection.prepare_commits().await;
    if storage.pre_sign_support {
        assert!(prepared.unwrap().gc_commits_presigned_url.is_some_and(|address| !address.is_empty()));
    } else {
        // The server appends the result to the body of the error.
        let operation = "prepare_garbage_collection_commits";
        expect_error(prepared, operation, 400, ErrorKind::Unsupported, "operation not supported");
    }

    let other = collection.prepare_commits_task("GCPCnone");
    let operation = "prepare_garbage_collection_commits_status";
    expect_error(other.status().await, operation, 404, ErrorKind::NotFound, "not found");
    expect_error(other.wait_for_completion().await, operation, 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn gc_03_preparation_of_uncommitted_objects_lists_them() {
    let fixture = Fixture::new().await;
    let main = fixture.main("gc_03").await;
    let collection = main.repository().garbage_collection();
    let parts: Vec<_> = collection.prepare_uncommitted().try_collect().await.unwrap();
    assert_eq!(parts.len(), 1, "{parts:?}");
    assert_eq!(parts[0].gc_uncommitted_location, "");

    upload_objects(&main, &[("a", "1"), ("b", "1")]).await;
    let parts: Vec<_> = collection.prepare_uncommitted().try_collect().await.unwrap();
    assert!(!parts.is_empty());
    for part in &parts {
        assert!(part.gc_uncommitted_location.contains(&part.run_id), "{part:?}");
        assert_eq!(part.run_id, parts[0].run_id);
    }

    main.commit("Add a and b").await.unwrap();
    main.object("a").delete().await.unwrap();
    let parts: Vec<_> = collection.prepare_uncommitted().try_collect().await.unwrap();
    assert!(parts.iter().all(|part| part.gc_uncommitted_location.is_empty()), "{parts:?}");

    let refusal = collection.prepare_uncommitted().continuation_token("none").try_next().await;
    let operation = "prepare_garbage_collection_uncommitted";
    expect_error(refusal, operation, 400, ErrorKind::InvalidRequest, "invalid continuation token");
}

#[tokio::test]
async fn gc_04_read_only_repository_rejects_preparations() {
    let fixture = Fixture::new().await;
    let repository = fixture.read_only_repository("gc_04").await;
    let collection = repository.garbage_collection();
    let words = "read-only repository";
    let expect_read_only =
        |result, operation| expect_error(result, operation, 403, ErrorKind::WriteProtected, words);
    expect_read_only(collection.prepare_commits().await.map(drop), "prepare_garbage_collection_commits");
    let started = collection.prepare_commits().start().await.map(drop);
    expect_read_only(started, "prepare_garbage_collection_commits_async");
    let part = collection.prepare_uncommitted().try_next().await.map(drop);
    expect_read_only(part, "prepare_garbage_collection_uncommitted");
}

#[tokio::test]
async fn repo_08_settings_of_a_read_only_repository_cannot_be_changed() {
    let fixture = Fixture::new().await;
    let repository = fixture.read_only_repository("settings").await;
    let (words, kind) = ("read-only repository", ErrorKind::WriteProtected);
    let protection = repository.branch_protection();
    for etag in [None, Some("other".to_owned())] {
        let result = protection.set(["main"]).if_match(etag).await;
        expect_error(result, "set_branch_protection_rules", 403, kind, words);
    }
    let rules = repository.garbage_collection().rules();
    expect_error(rules.set(7).await, "set_gc_rules", 403, kind, words);
    expect_error(rules.delete().await, "delete_gc_rules", 403, kind, words);
    assert_eq!(patterns(&protection).await, set(&[]));
    // Metadata can be changed.
    repository.metadata().set([("k", "v")]).await.unwrap();
}
