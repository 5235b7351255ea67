//! Physical addresses and multipart uploads.

use lakefs::models;

use crate::case::Effect::{Checked, Idempotent, Once};
use crate::case::{Case, case, value};
use crate::world::World;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = addresses();
    cases.extend(multipart_uploads());
    cases
}

fn addresses() -> Vec<Case> {
    vec![
        // An address that nobody links is nothing.
        case("get_physical_address", Idempotent, |w, _| async move {
            value(w.main().object("b").physical_address().await?.physical_address.is_some())
        }),
        case("link_physical_address", Idempotent, |w, address| async move {
            let staging: models::StagingLocation = serde_json::from_str(&address).unwrap();
            value(w.main().object("b").link(staging, "c0ffee", 7).await?.checksum)
        })
        .prepare(address),
        // The condition fails for a second request.
        case("link_physical_address (if_none_match)", Checked, |w, address| async move {
            let staging: models::StagingLocation = serde_json::from_str(&address).unwrap();
            value(w.main().object("b").link(staging, "c0ffee", 7).if_none_match("*").await?.checksum)
        })
        .prepare(address),
        case("link_physical_address (exclusive)", Checked, |w, address| async move {
            let staging: models::StagingLocation = serde_json::from_str(&address).unwrap();
            value(w.main().object("b").link(staging, "c0ffee", 7).exclusive(true).await?.checksum)
        })
        .prepare(address),
        case("stage_object", Idempotent, |w, address| async move {
            value(w.main().object("b").stage(address, "c0ffee", 1).await?.checksum)
        })
        .prepare(|w| async move { Ok(w.main().object("a").get().await?.physical_address) }),
    ]
}

async fn address(w: World) -> lakefs::Result<String> {
    let address = w.main().object("b").physical_address().await?;
    Ok(serde_json::to_string(&address).unwrap())
}

/// Splits the value of `World::create_multipart_upload`.
fn upload(value: &str) -> (&str, &str) {
    value.split_once(' ').unwrap()
}

fn multipart_uploads() -> Vec<Case> {
    vec![
        case("create_presign_multipart_upload", Once, |w, _| async move {
            value(w.create_multipart_upload().await?.contains(' '))
        }),
        case("upload_part", Idempotent, |w, created| async move {
            let (id, address) = upload(&created);
            let request = w.api().upload_part().upload_id(id).part_number(1);
            let request = request.repository(&w.repository).branch("main").path("large");
            let part = request.body(models::UploadPartFrom::new(address)).send().await?.into_inner();
            value(!part.presigned_url.is_empty())
        })
        .prepare(|w| async move { w.create_multipart_upload().await }),
        case("upload_part_copy", Idempotent, |w, created| async move {
            let (id, address) = upload(&created);
            let source = models::CopyPartSource::new(&*w.repository, "main", "a");
            let request = w.api().upload_part_copy().upload_id(id).part_number(1);
            let request = request.repository(&w.repository).branch("main").path("large");
            value(request.body(models::UploadPartCopyFrom::new(address, source)).send().await?.into_inner())
        })
        .prepare(|w| async move { w.create_multipart_upload().await }),
        case("complete_presign_multipart_upload", Once, |w, created| async move {
            let (etag, created) = created.split_once(' ').unwrap();
            let (id, address) = upload(created);
            let parts = [models::UploadPart::new(1, etag)];
            let body = models::CompletePresignMultipartUpload::new(address, parts);
            let request = w.api().complete_presign_multipart_upload().upload_id(id);
            let request = request.repository(&w.repository).branch("main").path("large");
            value(request.body(body).send().await?.into_inner().size_bytes)
        })
        .prepare(|w| async move {
            let created = w.create_multipart_upload().await?;
            let (id, address) = upload(&created);
            let source = models::CopyPartSource::new(&*w.repository, "main", "a");
            let request = w.api().upload_part_copy().upload_id(id).part_number(1);
            let request = request.repository(&w.repository).branch("main").path("large");
            let copied = request.body(models::UploadPartCopyFrom::new(address, source)).send().await?;
            Ok(format!("{} {created}", copied.header("etag").unwrap()))
        }),
        case("abort_presign_multipart_upload", Once, |w, created| async move {
            let (id, address) = upload(&created);
            let request = w.api().abort_presign_multipart_upload().upload_id(id);
            let request = request.repository(&w.repository).branch("main").path("large");
            value(request.body(models::AbortPresignMultipartUpload::new(address)).send().await?.into_inner())
        })
        .prepare(|w| async move { w.create_multipart_upload().await }),
    ]
}
