//! Uploads through the server.

use crate::error::Result;
use crate::models::ObjectStats;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::payload::Payload;
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::tally::Tally;

/// Uploads an object with one request to the server.
pub(crate) async fn upload(spec: &UploadSpec, payload: Payload) -> Result<ObjectStats> {
    let tally = Tally::new(spec.progress.clone());
    let call = spec.call()?.body(payload.into_request_body(&tally));
    let action = call.describe();
    let stats = match spec.transport().json::<ObjectStats>(call).await {
        Ok(response) => response.into_inner(),
        // Other uploads are retried. With this condition, the object may be the one of this upload.
        Err(error) if spec.if_none_match.is_some() && error.is_outcome_unknown() => {
            match StatRequest::new(spec.object.clone()).await {
                Ok(stats) if tally.is_object(&stats) => stats,
                _ => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    tally.verify(&stats, &action)?;
    Ok(stats)
}
