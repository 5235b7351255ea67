//! Sends data to pre-signed URLs of the storage.

use crate::api::Response;
use crate::error::{Error, ErrorKind, Result};
use crate::http::call::Call;
use crate::http::operation::WRITE_DATA;
use crate::http::request_body::Chunks;
use crate::transfer::digest::{content_md5, hex};
use crate::transfer::etag::{self, Comparison};
use crate::transfer::md5::Md5Digest;
use crate::transfer::write::payload::{Payload, Replayable};
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::tally::Tally;

/// How often data are sent if the URL expired, or if they did not arrive unchanged.
const MAX_ATTEMPTS: u32 = 3;

/// A place in the storage for which the server signs a new URL on request.
pub(crate) trait UploadTarget {
    /// What identifies the place to the server.
    type Address: Send;

    /// Returns a call that writes to the place.
    fn sign(&self) -> impl Future<Output = Result<(Call, Self::Address)>> + Send;
}

/// Data that the storage has received.
pub(crate) struct UploadedPart {
    pub(crate) md5: Md5Digest,
    /// The ETag as the storage returned it; empty if it returned none.
    pub(crate) etag: String,
}

/// Sends data; again to a new URL if the URL expired, or if the data did not arrive unchanged.
pub(crate) async fn send<T: UploadTarget + Sync>(
    spec: &UploadSpec,
    target: &T,
    data: &Replayable,
) -> Result<(T::Address, UploadedPart)> {
    let tally = Tally::unhashed(spec.progress.clone());
    let mut attempts = 0;
    loop {
        attempts += 1;
        let md5 = data.md5().await.map_err(|error| spec.unreadable(error))?;
        let (call, address) = target.sign().await?;
        let action = call.describe();
        // The storage verifies the header. The signature does not cover it, so it may be added.
        let call = call.header("content-md5", &content_md5(&md5))?;
        let response = spec.transport().empty(call.body(data.clone().into_request_body(&tally))).await;
        let uploaded = response.and_then(|response| {
            verify(&response, &hex(&md5), &action)?;
            Ok(UploadedPart { md5, etag: response.header("etag").unwrap_or_default().to_owned() })
        });
        match uploaded {
            Ok(uploaded) => return Ok((address, uploaded)),
            Err(error) if attempts < MAX_ATTEMPTS && is_transient(&error) => {
                tracing::debug!(attempts, %error, "data did not arrive at the storage, sending them again");
            }
            Err(error) => {
                tally.discard();
                return Err(error);
            }
        }
    }
}

/// Sends a stream, which cannot be sent again. Returns also how many bytes it had, and their MD5 in hexadecimal.
pub(crate) async fn send_stream<T: UploadTarget + Sync>(
    spec: &UploadSpec,
    target: &T,
    chunks: Chunks,
    length: Option<u64>,
) -> Result<(T::Address, u64, String)> {
    let tally = Tally::new(spec.progress.clone());
    let (call, address) = target.sign().await?;
    let action = call.describe();
    let body = Payload::OneShot(chunks, length).into_request_body(&tally);
    let response = spec.transport().empty(call.body(body)).await?;
    let (bytes, md5) = tally.last_attempt().unwrap_or_default();
    verify(&response, &md5, &action)?;
    Ok((address, bytes, md5))
}

/// Whether the URL expired, or the data did not arrive unchanged.
fn is_transient(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Integrity)
}

/// Verifies the ETag of the stored data, if it is an MD5, against the MD5 of the data that were sent.
fn verify(response: &Response<()>, md5: &str, action: &str) -> Result<()> {
    if etag::compare_response_with_md5(response, md5) != Comparison::Different {
        return Ok(());
    }
    let etag = response.header("etag").unwrap_or_default();
    let message =
        format!("the bytes that were sent have the MD5 {md5}, but the storage reports the ETag {etag}");
    Err(Error::new(ErrorKind::Integrity, action, message).during(WRITE_DATA.id, String::new))
}
