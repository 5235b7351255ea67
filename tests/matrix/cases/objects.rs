//! Objects: reading, writing, listing, deleting, copying.

use futures::StreamExt as _;
use lakefs::{TryStreamExt as _, models};

use crate::case::Effect::{Checked, Idempotent, Read};
use crate::case::{Case, case, value};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = reads();
    cases.extend(writes());
    cases.extend(deletions());
    cases
}

fn reads() -> Vec<Case> {
    vec![
        case("get_object", Read, |w, _| async move { value(w.main().object("a").read().await?) }),
        case("get_object (by the generated client)", Read, |w, _| async move {
            let request = w.api().get_object().repository(&w.repository).ref_("main").path("a");
            let body = request.send().await?.into_inner();
            value(body.map(|chunk| chunk.map(|bytes| bytes.to_vec())).try_concat().await?)
        }),
        case("head_object", Read, |w, _| async move { value(w.main().object("a").head().await?) }),
        case("stat_object", Read, |w, _| async move { value(w.main().object("a").stat().await?) }),
        case("get_underlying_properties", Read, |w, _| async move {
            value(w.main().object("a").underlying_properties().await?)
        }),
        case(
            "list_objects",
            Read,
            |w, _| async move { value(w.main().objects().try_collect::<Vec<_>>().await?) },
        ),
        case("upload_object_preflight", Read, |w, _| async move {
            let request =
                w.api().upload_object_preflight().repository(&w.repository).branch("main").path("b");
            value(request.send().await?.into_inner())
        }),
    ]
}

fn writes() -> Vec<Case> {
    fn described(stats: &models::ObjectStats) -> lakefs::Result<String> {
        value((&stats.path, &stats.checksum, stats.size_bytes))
    }
    vec![
        case("upload_object", Idempotent, |w, _| async move {
            described(&w.main().object("b").upload("12345").content_type("a/b").metadata("k", "v").await?)
        }),
        // The condition fails for a second request.
        case("upload_object (if_none_match)", Checked, |w, _| async move {
            described(&w.main().object("b").upload("12345").if_none_match("*").await?)
        }),
        case("upload_object (writer)", Idempotent, |w, _| async move {
            use tokio::io::AsyncWriteExt as _;
            let mut writer = w.main().object("b").writer().await?;
            writer.write_all(b"12345").await.unwrap();
            described(&writer.finish().await?)
        }),
        case("copy_object", Idempotent, |w, _| async move {
            described(&w.main().object("a").copy_to(w.main(), "b").await?)
        }),
        case("update_object_user_metadata", Idempotent, |w, _| async move {
            described(&w.main().object("a").update_metadata([("k", "v")]).await?)
        }),
    ]
}

fn deletions() -> Vec<Case> {
    vec![
        case("delete_object", Idempotent, |w, _| async move { value(w.main().object("a").delete().await?) }),
        case(
            "delete_objects",
            Idempotent,
            |w, _| async move { value(w.main().delete_objects(["a"]).await?) },
        ),
    ]
}
