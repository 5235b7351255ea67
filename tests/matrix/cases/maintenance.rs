//! Dumps, restores, imports, garbage collection, actions, metadata files.

use futures::StreamExt as _;
use lakefs::{TryStreamExt as _, models};

use crate::case::Effect::{Idempotent, Once, Read};
use crate::case::{Case, case, value};
use crate::world::World;

const RUN: &str = r#"{"run_id":"7","branch":"main","commit_id":"c","start_time":"2026-07-01T10:11:12Z","event_type":"pre-commit","status":"completed"}"#;
const HOOKS: &str = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
    {"hook_run_id":"1","action":"a","hook_id":"h","start_time":"2026-07-01T10:11:12Z","status":"completed"}]}"#;
const IMPORT: &str = r#"{"completed":false,"ingested_objects":7,"update_time":"2026-01-01T00:00:00Z"}"#;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = dumps();
    cases.extend(imports());
    cases.extend(garbage_collection());
    cases.extend(actions());
    cases.extend(metadata_files());
    cases
}

/// Creates another repository, dumps it, and creates the repository over the same namespace to restore it.
async fn bare_copy(w: World) -> lakefs::Result<String> {
    let source = World { repository: format!("{}-source", w.repository), ..w.clone() };
    source.create().await?;
    let dump = source.repository().dump().await?;
    w.repository().create(source.namespace()).bare(true).await?;
    Ok(serde_json::to_string(&dump).unwrap())
}

fn dumps() -> Vec<Case> {
    fn restored(dump: &str) -> models::RefsRestore {
        serde_json::from_str(dump).unwrap()
    }
    vec![
        // A dump writes files that nothing refers to.
        case("dump_refs", Idempotent, |w, _| async move {
            value(
                !w.api()
                    .dump_refs()
                    .repository(&w.repository)
                    .send()
                    .await?
                    .into_inner()
                    .branches_meta_range_id
                    .is_empty(),
            )
        }),
        case("restore_refs", Once, |w, dump| async move {
            let request = w.api().restore_refs().repository(&w.repository).body(restored(&dump));
            value(request.send().await?.into_inner())
        })
        .without_repository()
        .prepare(bare_copy),
        case("dump_submit", Once, |w, _| async move {
            value(!w.repository().dump().start().await?.id().is_empty())
        }),
        case(
            "dump_status",
            Read,
            |w, id| async move { value(w.repository().dump_task(id).status().await?.done) },
        )
        .prepare(|w| async move { Ok(w.repository().dump().start().await?.id().to_owned()) }),
        case("restore_submit", Once, |w, dump| async move {
            let dump: models::RefsDump = serde_json::from_str(&dump).unwrap();
            value(!w.repository().restore(dump).start().await?.id().is_empty())
        })
        .without_repository()
        .prepare(bare_copy),
        case("restore_status", Read, |w, id| async move {
            value(w.repository().restore_task(id).status().await?.done)
        })
        .without_repository()
        .prepare(|w| async move {
            let dump: models::RefsDump = serde_json::from_str(&bare_copy(w.clone()).await?).unwrap();
            Ok(w.repository().restore(dump).start().await?.id().to_owned())
        }),
    ]
}

fn imports() -> Vec<Case> {
    vec![
        case("import_start", Once, |w, _| async move {
            value(w.main().import().prefix("s3://bucket/raw/", "raw/").await?.id().to_owned())
        })
        .emulated([(202, r#"{"id":"7"}"#)]),
        case("import_status", Read, |w, _| async move { value(w.main().import_task("7").status().await?) })
            .emulated([(200, IMPORT)]),
        case(
            "import_cancel",
            Idempotent,
            |w, _| async move { value(w.main().import_task("7").cancel().await?) },
        )
        .emulated([(204, "")]),
    ]
}

fn garbage_collection() -> Vec<Case> {
    vec![
        case("prepare_garbage_collection_commits", Once, |w, _| async move {
            value(!w.repository().garbage_collection().prepare_commits().await?.run_id.is_empty())
        })
        .prepare(|w| async move { value(w.repository().garbage_collection().rules().set(7).await?) }),
        case("prepare_garbage_collection_commits_async", Once, |w, _| async move {
            value(!w.repository().garbage_collection().prepare_commits().start().await?.id().is_empty())
        })
        .prepare(|w| async move { value(w.repository().garbage_collection().rules().set(7).await?) }),
        case("prepare_garbage_collection_commits_status", Read, |w, id| async move {
            value(w.repository().garbage_collection().prepare_commits_task(id).status().await?.completed)
        })
        .prepare(|w| async move {
            w.repository().garbage_collection().rules().set(7).await?;
            Ok(w.repository().garbage_collection().prepare_commits().start().await?.id().to_owned())
        }),
        case("prepare_garbage_collection_uncommitted", Once, |w, _| async move {
            let mut parts = w.repository().garbage_collection().prepare_uncommitted();
            value(parts.try_next().await?.is_some())
        }),
    ]
}

fn actions() -> Vec<Case> {
    vec![
        case("list_repository_runs", Read, |w, _| async move {
            value(w.repository().action_runs().try_collect::<Vec<_>>().await?)
        }),
        case("get_run", Read, |w, _| async move { value(w.repository().action_run("7").get().await?) })
            .emulated([(200, RUN)]),
        case("list_run_hooks", Read, |w, _| async move {
            value(w.repository().action_run("7").hooks().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, HOOKS)]),
        case("get_run_hook_output", Read, |w, _| async move {
            let output = w.repository().action_run("7").hook_output("1").await?;
            value(output.map(|chunk| chunk.map(|bytes| bytes.to_vec())).try_concat().await?)
        })
        .emulated([(200, "the output of the hook")]),
    ]
}

fn metadata_files() -> Vec<Case> {
    vec![
        case("get_metadata_object", Read, |w, _| async move {
            let request = w.api().get_metadata_object().repository(&w.repository);
            let output = request.object_id("7").type_("range").send().await?.into_inner();
            value(output.map(|chunk| chunk.map(|bytes| bytes.to_vec())).try_concat().await?)
        })
        .emulated([(200, "the content of the range")]),
        case("get_meta_range", Read, |w, _| async move {
            let request = w.api().get_meta_range().repository(&w.repository).meta_range("7");
            value(request.send().await?.into_inner())
        }),
        case("get_range", Read, |w, _| async move {
            let request = w.api().get_range().repository(&w.repository).range("7");
            value(request.send().await?.into_inner())
        }),
        case("create_symlink_file", Once, |w, _| async move {
            let request = w.api().create_symlink_file().repository(&w.repository).branch("main");
            value(request.send().await?.into_inner().location.is_empty())
        }),
    ]
}
