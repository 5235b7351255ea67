//! Sends data to pre-signed URLs of the storage.

use crate::api::Response;
use crate::error::{Error, ErrorKind, Result};
use crate::http::call::Call;
use crate::http::operation::WRITE_DATA;
use crate::transfer::digest::{content_md5, hex};
use crate::transfer::etag::{self, Comparison};
use crate::transfer::md5::Md5Digest;
use crate::transfer::part_size::MIB;
use crate::transfer::write::payload::Payload;
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::tally::Tally;
use crate::verify::Verify;

/// How often data are sent if they did not arrive unchanged, or if the URL is refused and the caller has chosen the storage.
const MAX_ATTEMPTS: u32 = 3;

/// How often data are sent if the URL is refused and they can go through the server instead. The first URL may have
/// expired.
const MAX_REFUSALS: u32 = 2;

/// The longest data that are hashed before they are sent. The storage then verifies them, whatever its ETags are.
const MAX_HASHED_FIRST: u64 = 16 * MIB;

/// A place in the storage for which the server signs a new URL on request.
pub(crate) trait UploadTarget {
    /// What identifies the place to the server.
    type Address: Send;

    /// Whether the storage returns the MD5 of the data as their ETag, unless it encrypts them.
    fn has_md5_etag(&self) -> bool {
        true
    }

    /// Returns a call that writes to the place.
    fn sign(&self) -> impl Future<Output = Result<(Call, Self::Address)>> + Send;
}

/// Why data were not sent.
pub(crate) enum Failure {
    /// The storage cannot be reached, or refuses the URLs that the server signs. The data can go through the server.
    Unusable(Error),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Data that the storage has received.
pub(crate) struct UploadedPart {
    pub(crate) bytes: u64,
    /// `None` if the data were not hashed.
    pub(crate) md5: Option<Md5Digest>,
    /// The ETag as the storage returned it; empty if it returned none.
    pub(crate) etag: String,
    /// The storage encrypts the data with a key, so that the ETag is no MD5.
    pub(crate) is_encrypted: bool,
}

impl UploadedPart {
    /// Returns the checksum of an object with these data: the MD5, or what the storage returned.
    pub(crate) fn checksum(&self) -> String {
        self.md5.map_or_else(|| etag::checksum_of(&self.etag).to_owned(), |md5| hex(&md5))
    }
}

/// Sends data; again to a new URL if the storage refuses the URL, or if the data did not arrive unchanged.
///
/// Short data are hashed before they are sent, so that the storage can verify them. Others are hashed while they are sent,
/// and the ETag that the storage returns is compared with the MD5.
pub(crate) async fn send<T: UploadTarget + Sync>(
    spec: &UploadSpec,
    target: &T,
    payload: Payload,
) -> Result<(T::Address, UploadedPart), Failure> {
    let hashed_first = match &payload {
        Payload::Replayable(data) if spec.verify != Verify::Off => {
            (data.length() <= MAX_HASHED_FIRST || !target.has_md5_etag()).then_some(data)
        }
        _ => None,
    };
    let progress = spec.progress.clone();
    let tally =
        if hashed_first.is_some() { Tally::unhashed(progress) } else { Tally::new(progress, spec.verify) };
    let mut unfinished = tally.discard_on_drop();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let known = match hashed_first {
            Some(data) => Some(data.md5().await.map_err(|error| spec.unreadable(error))?),
            None => None,
        };
        let (mut call, address) = target.sign().await?;
        let action = call.describe();
        if let Some(md5) = &known {
            // The storage verifies the header. The signature does not cover it, so it may be added.
            call = call.header("content-md5", &content_md5(md5))?;
        }
        let body = payload.clone().into_request_body(&tally);
        let response = spec.transport().empty(call.body(body)).await;
        tally.finish().await.map_err(|error| spec.unreadable(error))?;
        let (bytes, hashed) = tally.last_attempt().unwrap_or_default();
        let uploaded = response.and_then(|response| {
            verify(&response, known, hashed, spec.verify, &action)?;
            let etag = response.header("etag").unwrap_or_default().to_owned();
            let is_encrypted = etag::is_of_encrypted(&response);
            Ok(UploadedPart { bytes, md5: known.or(hashed), etag, is_encrypted })
        });
        match uploaded {
            Ok(uploaded) => {
                unfinished.keep();
                return Ok((address, uploaded));
            }
            Err(error) if attempts < max_attempts(spec, &error) && payload.lost().is_none() => {
                tracing::debug!(attempts, %error, "data did not arrive at the storage, sending them again");
            }
            Err(error) if error.is_unreached() || is_refusal(&error) => return Err(Failure::Unusable(error)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the storage refuses the URL: it expired, a clock is wrong, or a policy does not permit this program.
fn is_refusal(error: &Error) -> bool {
    error.is_from_storage() && error.kind() == ErrorKind::PermissionDenied
}

/// How often data are sent that did not arrive for this reason.
fn max_attempts(spec: &UploadSpec, error: &Error) -> u32 {
    match error.kind() {
        ErrorKind::Integrity => MAX_ATTEMPTS,
        _ if !is_refusal(error) => 1,
        _ if spec.presign.is_some() => MAX_ATTEMPTS,
        _ => MAX_REFUSALS,
    }
}

/// Verifies the ETag of the stored data, if it is an MD5, against the MD5 of the data that were sent. The storage itself has
/// verified the data if their MD5 was `known` before.
fn verify(
    response: &Response<()>,
    known: Option<Md5Digest>,
    hashed: Option<Md5Digest>,
    mode: Verify,
    action: &str,
) -> Result<()> {
    let Some(md5) = known.or(hashed).map(|md5| hex(&md5)) else { return Ok(()) };
    let etag = response.header("etag").unwrap_or_default();
    let message = match etag::compare_response_with_md5(response, &md5) {
        Comparison::Different => {
            format!("the bytes that were sent have the MD5 {md5}, but the storage reports the ETag {etag}")
        }
        Comparison::Incomparable if mode == Verify::Strict && known.is_none() => {
            format!(
                "the ETag {etag:?} of the storage is no MD5, so it cannot be compared with the bytes that were sent"
            )
        }
        Comparison::Incomparable | Comparison::Equal => return Ok(()),
    };
    Err(Error::new(ErrorKind::Integrity, action, message).during(WRITE_DATA.id, String::new))
}
