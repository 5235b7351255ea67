//! Settings of repositories: branch protection and garbage collection.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use lakefs::{Branch, BranchProtection, ErrorKind, TryStreamExt as _, models};

use crate::support::{Lake, commit, refused, stage, text};

fn set(patterns: &[&str]) -> BTreeSet<String> {
    patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
}

async fn patterns(protection: &BranchProtection) -> BTreeSet<String> {
    protection.get().await.unwrap().patterns
}

#[tokio::test]
async fn prot_01_rules_are_replaced() {
    let lake = Lake::new().await;
    let protection = lake.repository("prot_01").await.branch_protection();
    let none = protection.get().await.unwrap();
    assert_eq!((none.patterns, none.etag), (set(&[]), None));

    protection.set(["main", "release-*", "main"]).await.unwrap();
    let first = protection.get().await.unwrap();
    assert_eq!(first.patterns, set(&["main", "release-*"]));
    let tag = first.etag.clone().unwrap();
    assert!(!tag.is_empty() && !tag.contains('"'), "{tag}");
    assert_eq!(protection.get().await.unwrap(), first);

    protection.set(["v?"]).if_match(first.etag.clone()).await.unwrap();
    let second = protection.get().await.unwrap();
    assert_eq!(second.patterns, set(&["v?"]));
    assert_ne!(second.etag, first.etag);

    let stale = protection.set(["main"]).if_match(tag.clone()).await;
    let words = "Precondition failed";
    refused(stale, "set_branch_protection_rules", 412, ErrorKind::PreconditionFailed, words);
    assert_eq!(protection.get().await.unwrap(), second);
    // Without a tag they are replaced whatever they are.
    protection.set(["main"]).if_match(None).await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["main"]));

    protection.set([""; 0]).await.unwrap();
    let none = protection.get().await.unwrap();
    assert_eq!((none.patterns, none.etag), (set(&[]), None));
    let stale = protection.set(["main"]).if_match(tag).await;
    refused(stale, "set_branch_protection_rules", 412, ErrorKind::PreconditionFailed, words);
}

#[tokio::test]
async fn prot_01_rules_that_are_none() {
    let lake = Lake::new().await;
    let protection = lake.repository("prot_01").await.branch_protection();
    protection.set(["main"]).await.unwrap();
    let refusal = protection.set(["other", ""]).await;
    refused(refusal, "set_branch_protection_rules", 400, ErrorKind::InvalidRequest, "pattern");
    // A tag that is empty is none.
    let refusal = protection.set(["other"]).if_match(String::new()).await;
    refused(refusal, "set_branch_protection_rules", 400, ErrorKind::InvalidRequest, "If-Match");
    assert_eq!(patterns(&protection).await, set(&["main"]));
    // Whether a pattern can be read is not looked at.
    protection.set(["["]).await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["["]));

    let nowhere = lake.client.repository(lake.name("prot_01")).branch_protection();
    let words = "repository not found";
    refused(nowhere.get().await, "get_branch_protection_rules", 404, ErrorKind::NotFound, words);
    refused(nowhere.set(["main"]).await, "set_branch_protection_rules", 404, ErrorKind::NotFound, words);
}

#[tokio::test]
async fn prot_01_one_rule_changes_and_the_others_stay() {
    let lake = Lake::new().await;
    let protection = lake.repository("prot_01").await.branch_protection();
    protection.protect("main").await.unwrap();
    protection.protect("release-*").await.unwrap();
    let both = protection.get().await.unwrap();
    assert_eq!(both.patterns, set(&["main", "release-*"]));
    // What is so already is not written again.
    protection.protect("main").await.unwrap();
    protection.unprotect("release-1").await.unwrap();
    assert_eq!(protection.get().await.unwrap(), both);

    protection.unprotect("main").await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["release-*"]));
    protection.unprotect("release-*").await.unwrap();
    assert_eq!(patterns(&protection).await, set(&[]));
}

#[tokio::test]
async fn prot_01_changes_at_the_same_time_are_all_made() {
    let lake = Lake::new().await;
    let protection = lake.repository("prot_01").await.branch_protection();
    let old: Vec<_> = (0..4).map(|number| format!("old-{number}")).collect();
    let new: Vec<_> = (0..4).map(|number| format!("new-{number}")).collect();
    protection.set(old.iter().chain([&"main".to_owned()])).await.unwrap();
    let added = try_join_all(new.iter().map(|pattern| protection.protect(pattern)));
    let removed = try_join_all(old.iter().map(|pattern| protection.unprotect(pattern)));
    futures::future::try_join(added, removed).await.unwrap();
    assert_eq!(patterns(&protection).await, set(&["main", "new-0", "new-1", "new-2", "new-3"]));
}

/// Waits until the server obeys the rules that it has, which it looks up anew every 3 to 6 seconds.
async fn until_protected(branch: &Branch, expected: bool) {
    let start = Instant::now();
    loop {
        // This changes nothing where it is permitted.
        let protected = match branch.object("missing").delete().await {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::WriteProtected => true,
            Err(error) => panic!("{error}"),
        };
        if protected == expected {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(8), "the rules are not obeyed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn prot_02_what_a_protected_branch_refuses() {
    #[track_caller]
    fn protected<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str, words: &str) {
        refused(result, operation, 403, ErrorKind::WriteProtected, words);
    }

    let lake = Lake::new().await;
    let main = lake.main("prot_02").await;
    let repository = &main.repository();
    commit(&main, "one", &[("committed", "1")]).await;
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    commit(&branch, "two", &[("merged", "1")]).await;
    stage(&main, &[("staged", "1")]).await;

    let protection = repository.branch_protection();
    protection.protect("ma*").await.unwrap();
    until_protected(&main, true).await;
    let committed = main.object("committed");

    let write = "cannot write to protected branch";
    protected(main.object("new").upload("1").await, "upload_object", write);
    protected(committed.delete().await, "delete_object", write);
    protected(committed.copy_to("main", "copy").await, "copy_object", write);
    protected(committed.update_metadata([("a", "1")]).await, "update_object_user_metadata", write);
    protected(main.commit("none").await, "commit", "cannot commit to protected branch");
    // The request succeeds, and says of each object that it did not.
    let error = main.delete_objects(["committed", "staged"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteProtected, "{error}");
    let statuses: Vec<_> = error.failed_objects().iter().map(|object| object.status).collect();
    assert_eq!(statuses, [403, 403]);
    let api = lake.client.api();
    let reset = models::ResetCreation::new(models::ResetCreationType::Reset);
    let reset = api.reset_branch().repository(repository.name()).branch("main").body(reset);
    protected(reset.send().await.map(drop), "reset_branch", write);
    let reset = api.hard_reset_branch().repository(repository.name()).branch("main").ref_("main~1");
    protected(reset.send().await.map(drop), "hard_reset_branch", "protected branch");

    // Nothing of it has happened, and what was staged before still is.
    assert_eq!(text(&committed).await, "1");
    let changes: Vec<_> = main.uncommitted().map_ok(|change| change.path).try_collect().await.unwrap();
    assert_eq!(changes, ["staged"]);

    protection.unprotect("ma*").await.unwrap();
    until_protected(&main, false).await;
    main.commit("three").await.unwrap();
}

#[tokio::test]
async fn prot_02_what_a_protected_branch_permits() {
    let lake = Lake::new().await;
    let main = lake.main("prot_02").await;
    let repository = &main.repository();
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    commit(&branch, "one", &[("a", "1")]).await;
    let picked = commit(&branch, "two", &[("b", "1")]).await.id;

    repository.branch_protection().set(["main", "new-*"]).await.unwrap();
    until_protected(&main, true).await;

    branch.merge_into("main").await.unwrap();
    assert_eq!(text(&main.object("a")).await, "1");
    let api = lake.client.api();
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
async fn gc_01_rules() {
    let lake = Lake::new().await;
    let rules = lake.repository("gc_01").await.garbage_collection().rules();
    refused(rules.get().await, "get_gc_rules", 404, ErrorKind::NotFound, "not found");
    assert_eq!(rules.get_opt().await.unwrap(), None);
    rules.delete().await.unwrap();

    // Rules without branches are answered with `null` for them.
    rules.set(7).await.unwrap();
    let set = rules.get().await.unwrap();
    assert_eq!((set.default_retention_days, &*set.branches), (7, &[][..]));

    // Branches need not exist, numbers need not make sense, and of two for a branch the last one counts.
    rules.set(0).branch("nowhere", -3).branch("main", 7).branch("main", 21).await.unwrap();
    let mut set = rules.get_opt().await.unwrap().unwrap();
    set.branches.sort_by(|left, right| left.branch_id.cmp(&right.branch_id));
    let branches: Vec<_> = set.branches.iter().map(|rule| (&*rule.branch_id, rule.retention_days)).collect();
    assert_eq!((set.default_retention_days, &*branches), (0, &[("main", 21), ("nowhere", -3)][..]));

    rules.delete().await.unwrap();
    assert_eq!(rules.get_opt().await.unwrap(), None);

    let nowhere = lake.client.repository(lake.name("gc_01")).garbage_collection().rules();
    assert_eq!(nowhere.get_opt().await.unwrap(), None);
    let words = "repository not found";
    refused(nowhere.set(7).await, "set_gc_rules", 404, ErrorKind::NotFound, words);
    refused(nowhere.delete().await, "delete_gc_rules", 404, ErrorKind::NotFound, words);
}

#[tokio::test]
async fn gc_02_commits_are_prepared() {
    let lake = Lake::new().await;
    let repository = lake.repository("gc_02").await;
    let collection = repository.garbage_collection();
    let operation = "prepare_garbage_collection_commits";
    refused(collection.prepare_commits().await, operation, 404, ErrorKind::NotFound, "not found");
    let task = collection.prepare_commits().start().await.unwrap();
    let failed = task.wait_for_completion().await;
    let operation = "prepare_garbage_collection_commits_async";
    refused(failed, operation, None, ErrorKind::NotFound, "get gc rules: not found");

    collection.rules().set(7).await.unwrap();
    let task = collection.prepare_commits().start().await.unwrap();
    let prepared = collection.prepare_commits_task(task.id()).wait_for_completion().await.unwrap();
    assert!(!prepared.run_id.is_empty());
    assert!(prepared.gc_commits_location.contains(&prepared.run_id), "{prepared:?}");
    let status = task.status().await.unwrap();
    assert_eq!((status.completed, &*status.task_id), (true, task.id()));
    // The address of the list may be signed anew.
    assert_eq!(status.result.map(|result| result.run_id), Some(prepared.run_id));

    let storage = lake.client.api().get_config().send().await.unwrap().into_inner().storage_config.unwrap();
    let prepared = collection.prepare_commits().await;
    if storage.pre_sign_support {
        assert!(prepared.unwrap().gc_commits_presigned_url.is_some_and(|address| !address.is_empty()));
    } else {
        // Behind the error stands what the answer would have been.
        let operation = "prepare_garbage_collection_commits";
        refused(prepared, operation, 400, ErrorKind::Unsupported, "operation not supported");
    }

    let other = collection.prepare_commits_task("GCPCnone");
    let operation = "prepare_garbage_collection_commits_status";
    refused(other.status().await, operation, 404, ErrorKind::NotFound, "not found");
    refused(other.wait_for_completion().await, operation, 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn gc_03_uncommitted_objects_are_prepared() {
    let lake = Lake::new().await;
    let main = lake.main("gc_03").await;
    let collection = main.repository().garbage_collection();
    let parts: Vec<_> = collection.prepare_uncommitted().try_collect().await.unwrap();
    assert_eq!(parts.len(), 1, "{parts:?}");
    assert_eq!(parts[0].gc_uncommitted_location, "");

    stage(&main, &[("a", "1"), ("b", "1")]).await;
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
    refused(refusal, operation, 400, ErrorKind::InvalidRequest, "invalid continuation token");
}

#[tokio::test]
async fn gc_04_a_read_only_repository_is_not_collected() {
    let lake = Lake::new().await;
    let repository = lake.client.repository(lake.name("gc_04"));
    repository.create(lake.namespace(repository.name())).read_only(true).await.unwrap();
    let collection = repository.garbage_collection();
    let words = "read-only repository";
    let read_only = |result, operation| refused(result, operation, 403, ErrorKind::WriteProtected, words);
    read_only(collection.prepare_commits().await.map(drop), "prepare_garbage_collection_commits");
    let started = collection.prepare_commits().start().await.map(drop);
    read_only(started, "prepare_garbage_collection_commits_async");
    let part = collection.prepare_uncommitted().try_next().await.map(drop);
    read_only(part, "prepare_garbage_collection_uncommitted");
}

#[tokio::test]
async fn repo_08_settings_of_a_read_only_repository_stay() {
    let lake = Lake::new().await;
    let name = lake.name("settings");
    let repository = lake.client.repository(&name);
    repository.create(lake.namespace(&name)).read_only(true).await.unwrap();
    let (words, kind) = ("read-only repository", ErrorKind::WriteProtected);
    let protection = repository.branch_protection();
    for tag in [None, Some("other".to_owned())] {
        let told = protection.set(["main"]).if_match(tag).await;
        refused(told, "set_branch_protection_rules", 403, kind, words);
    }
    let rules = repository.garbage_collection().rules();
    refused(rules.set(7).await, "set_gc_rules", 403, kind, words);
    refused(rules.delete().await, "delete_gc_rules", 403, kind, words);
    assert_eq!(patterns(&protection).await, set(&[]));
    // Metadata are no settings.
    repository.metadata().set([("k", "v")]).await.unwrap();
}
