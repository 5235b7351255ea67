//! Commits, merges, logs and diffs.

use lakefs::{Error, TryStreamExt as _, models};

use crate::case::Effect::{Checked, Once, Read};
use crate::case::{Case, case, value};
use crate::world::World;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = reads();
    cases.extend(commits());
    cases.extend(merges());
    cases.extend(transactions());
    cases
}

fn reads() -> Vec<Case> {
    vec![
        case("log_commits", Read, |w, _| async move { value(w.main().log().try_collect::<Vec<_>>().await?) }),
        case("get_commit", Read, |w, _| async move { value(w.main().get_commit().await?) }),
        case("diff_branch", Read, |w, _| async move {
            value(w.main().uncommitted().try_collect::<Vec<_>>().await?)
        })
        .prepare(|w| async move { value(w.main().object("b").upload("1").await?) }),
        case(
            "diff_refs",
            Read,
            |w, _| async move { value(w.main().diff("exp").try_collect::<Vec<_>>().await?) },
        )
        .prepare(|w| async move { value(w.create_exp().await?) }),
        case("find_merge_base", Read, |w, _| async move { value(w.main().merge_base("exp").await?) })
            .prepare(|w| async move { value(w.create_exp().await?) }),
    ]
}

fn described(commit: &models::Commit) -> lakefs::Result<String> {
    value((&commit.message, commit.parents.len()))
}

fn commits() -> Vec<Case> {
    vec![
        case("commit", Checked, |w, _| async move { described(&w.main().commit("new").await?) })
            .prepare(|w| async move { value(w.main().object("b").upload("1").await?) }),
        case("commit (allow_empty)", Once, |w, _| async move {
            described(&w.main().commit("new").allow_empty(true).await?)
        }),
        case("commit (by the generated client)", Once, |w, _| async move {
            let request = w.api().commit().repository(&w.repository).branch("main");
            described(&request.body(models::CommitCreation::new("new")).send().await?.into_inner())
        })
        .prepare(|w| async move { value(w.main().object("b").upload("1").await?) }),
        case("create_commit_record", Once, |w, _| async move {
            // The id of a commit record is the hash of its content, which lakeFS checks, so an existing one is used.
            let commit = w.main().log().try_next().await?.unwrap();
            let body = models::CommitRecordCreation::new(
                &*commit.id,
                commit.version.unwrap_or_default(),
                &*commit.committer,
                &*commit.message,
                &*commit.meta_range_id,
                commit.creation_date,
                commit.parents.clone(),
                commit.generation.unwrap_or_default(),
            );
            let request = w.api().create_commit_record().repository(&w.repository).body(body);
            value(request.send().await?.into_inner())
        })
        .emulated([(204, ""), (409, r#"{"message":"commit already exists"}"#)]),
        case("cherry_pick", Once, |w, _| async move { described(&w.main().cherry_pick("exp").await?) })
            .prepare(|w| async move { value(w.create_exp().await?) }),
        case("revert_branch", Checked, |w, id| async move { value(w.main().revert(id).await?) })
            .prepare(|w| async move { w.commit("1").await }),
        case("revert_branch (main)", Once, |w, _| async move { value(w.main().revert("main").await?) })
            .prepare(|w| async move { w.commit("1").await }),
        case("revert_branch (allow_empty)", Once, |w, id| async move {
            value(w.main().revert(id).allow_empty(true).await?)
        })
        .prepare(|w| async move { w.commit("1").await }),
    ]
}

fn merges() -> Vec<Case> {
    /// Merges a commit into `main` after `main` has moved on.
    async fn prepare(w: World) -> lakefs::Result<String> {
        w.create_exp().await?;
        w.commit("1").await
    }
    vec![
        case("merge_into_branch", Checked, |w, _| async move {
            let merged = w.exp().merge_into("main").await?;
            value(merged.reference == w.head().await?)
        })
        .prepare(prepare),
        case("merge_into_branch (squash)", Once, |w, _| async move {
            let merged = w.exp().merge_into("main").squash(true).await?;
            value(merged.reference == w.head().await?)
        })
        .prepare(prepare),
        case("merge_into_branch (allow_empty)", Once, |w, _| async move {
            let merged = w.exp().merge_into("main").allow_empty(true).await?;
            value(merged.reference == w.head().await?)
        })
        .prepare(prepare),
    ]
}

/// Runs a transaction on `main`. The fault applies to one of its operations.
async fn transaction(w: World) -> lakefs::Result<String> {
    let transaction = w.main().transaction("new");
    let outcome = transaction
        .run(async |tx| {
            tx.object("b").upload("1").await?;
            Ok::<_, Error>(7)
        })
        .await?;
    value((outcome.value, outcome.merge == Some(w.head().await?)))
}

fn transactions() -> Vec<Case> {
    vec![
        case("create_branch (transaction)", Once, |w, _| transaction(w)),
        case("commit (transaction)", Once, |w, _| transaction(w)),
        case("merge_into_branch (transaction)", Once, |w, _| transaction(w)),
        case("delete_branch (transaction)", Once, |w, _| transaction(w)),
    ]
}
