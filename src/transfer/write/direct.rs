//! Uploads through the server.

use crate::error::Result;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::http::response::Response;
use crate::models::ObjectStats;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::payload::Payload;
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::tally::Tally;

/// Uploads an object with one request to the server.
pub(crate) async fn upload(spec: &UploadSpec, payload: Payload) -> Result<ObjectStats> {
    let tally = Tally::new(spec.progress.clone(), spec.verify);
    let call = spec.call()?.body(payload.into_request_body(&tally));
    let action = call.describe();
    let result = spec.transport().json::<ObjectStats>(call).await.map(Response::into_inner);
    tally.finish().await.map_err(|error| spec.unreadable(error))?;
    // Only an upload with the condition is not retried, so only its outcome can be unknown.
    let find_applied = async || {
        let stats = StatRequest::new(spec.object.clone()).await?;
        Ok(tally.is_object(&stats).then_some(stats))
    };
    let stats = reconcile(result, spec.object.api().retries(), find_applied, OnMissing::Unknown).await?;
    tally.verify(&stats, &action)?;
    Ok(stats)
}
