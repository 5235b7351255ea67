//! Chooses the route of an upload: through the server, or to the storage.

use crate::error::{Error, ErrorKind, Result};
use crate::models::ObjectStats;
use crate::transfer::part_size::{MAX_REQUEST_LENGTH, MIB, MIN_PRESIGNED_LENGTH};
use crate::transfer::write::multipart::{self, Outcome};
use crate::transfer::write::payload::Payload;
use crate::transfer::write::signed_put::Failure;
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::{direct, presigned};

/// The largest object that Azure accepts in one request.
const MAX_AZURE_LENGTH: u64 = 5000 * MIB;

/// The largest object that lakeFS writes to S3 or Azure: 10,000 parts of 5 MiB, or 50,000 blocks of 1 MiB.
const MAX_SERVER_LENGTH: u64 = 50_000 * MIB;

/// The types of storages of which lakeFS accepts larger objects.
const UNLIMITED_STORAGES: [&str; 3] = ["gs", "local", "mem"];

/// The route of an upload.
pub(crate) enum Route {
    /// Through the server.
    Server,
    /// To the storage, at pre-signed URLs.
    Storage(Storage),
}

/// What the storage supports.
#[derive(Clone, Copy)]
pub(crate) struct Storage {
    is_azure: bool,
    /// The data are sent in parts.
    multipart: bool,
}

/// Chooses the route for data of this length.
///
/// # Errors
/// [`Unsupported`](ErrorKind::Unsupported): the caller has chosen the storage, and the upload cannot be sent there.
pub(crate) async fn choose(spec: &UploadSpec, length: Option<u64>) -> Result<Route> {
    let is_required = match spec.presign {
        Some(false) => return Ok(Route::Server),
        presign => presign.is_some(),
    };
    let fall_back = |why: &str| {
        if is_required {
            let message =
                format!("the data cannot be sent to the storage: {why}; leave out `.presign(true)`");
            Err(spec.failed(Error::new(ErrorKind::Unsupported, "", message)))
        } else {
            Ok(Route::Server)
        }
    };
    let repository = spec.object.repository();
    let is_small = length.is_some_and(|length| length < MIN_PRESIGNED_LENGTH);
    if !is_required && (is_small || repository.client().bypasses_storage(repository.name())) {
        return Ok(Route::Server);
    }
    if spec.if_match.is_some() || spec.if_none_match.as_deref().is_some_and(|etag| etag != "*") {
        return fall_back("only the server supports the condition");
    }
    if spec.storage_class.is_some() {
        return fall_back("only the server supports a storage class");
    }
    let storage = match repository.client().storage_of(repository).await {
        Ok(Some(storage)) if storage.pre_sign_support => storage,
        Ok(_) => return fall_back("the server reports no support for pre-signed URLs"),
        Err(error) if is_required => return Err(error),
        Err(_) => return Ok(Route::Server),
    };
    // The completion of a multipart upload supports neither conditions nor `force`.
    let supports_multipart = storage.pre_sign_multipart_upload == Some(true)
        && spec.if_none_match.is_none()
        && spec.force.is_none();
    let is_azure = storage.blockstore_type == "azure";
    let max_length = if is_azure { MAX_AZURE_LENGTH } else { MAX_REQUEST_LENGTH };
    match length {
        None if !supports_multipart => {
            fall_back("the length of the data is unknown, and the upload cannot be sent in parts")
        }
        Some(length) if length > max_length && !supports_multipart => {
            fall_back("the data are too large for one request, and the upload cannot be sent in parts")
        }
        _ => {
            let multipart = supports_multipart && multipart::has_several_parts(spec, length);
            Ok(Route::Storage(Storage { is_azure, multipart }))
        }
    }
}

/// Uploads the data on a route, and reports the progress.
///
/// # Errors
/// [`InvalidRequest`](ErrorKind::InvalidRequest): the data are larger than the server accepts for its storage.
pub(crate) async fn upload(spec: &UploadSpec, route: Route, payload: Payload) -> Result<ObjectStats> {
    spec.progress.expect(1, payload.length());
    let stats = match route {
        Route::Server => upload_to_server(spec, payload).await?,
        Route::Storage(storage) => {
            let repository = spec.object.repository();
            match upload_to_storage(spec, storage, payload).await? {
                Outcome::Uploaded(stats) => {
                    repository.client().storage_responded(repository.name());
                    stats
                }
                Outcome::SinglePart(payload) => upload_to_server(spec, payload).await?,
                Outcome::Unusable(error, _) if spec.presign.is_some() => return Err(error),
                Outcome::Unusable(error, payload) => {
                    repository.client().bypass_storage(repository.name(), &error);
                    if let Some(lost) = payload.lost() {
                        return Err(
                            error.with_note(&format!("the data cannot be sent to the server: {lost}"))
                        );
                    }
                    upload_to_server(spec, payload).await?
                }
            }
        }
    };
    spec.progress.finish_item();
    Ok(stats)
}

async fn upload_to_server(spec: &UploadSpec, payload: Payload) -> Result<ObjectStats> {
    if payload.length().is_some_and(|length| length > MAX_SERVER_LENGTH) {
        let repository = spec.object.repository();
        let storage = repository.client().storage_of(repository).await.ok().flatten();
        if storage.is_none_or(|storage| !UNLIMITED_STORAGES.contains(&&*storage.blockstore_type)) {
            let message = format!(
                "lakeFS accepts at most {MAX_SERVER_LENGTH} bytes (48.8 GiB) for this storage; send the data to the storage \
                 in parts, with pre-signed URLs, or import them"
            );
            return Err(spec.failed(Error::invalid("", message)));
        }
    }
    direct::upload(spec, payload).await
}

/// Uploads to the storage, unless the data turn out to be small.
async fn upload_to_storage(spec: &UploadSpec, storage: Storage, payload: Payload) -> Result<Outcome> {
    let payload = if storage.multipart {
        match multipart::upload(spec, payload).await? {
            Outcome::SinglePart(payload) => payload,
            outcome => return Ok(outcome),
        }
    } else {
        payload
    };
    let is_small = payload.length().is_some_and(|length| length < MIN_PRESIGNED_LENGTH);
    if spec.presign.is_none() && is_small {
        return Ok(Outcome::SinglePart(payload));
    }
    let payload = presigned::buffered(spec, payload).await?;
    match presigned::upload(spec, storage.is_azure, payload.clone()).await {
        Ok(stats) => Ok(Outcome::Uploaded(stats)),
        Err(Failure::Unusable(error)) => Ok(Outcome::Unusable(error, payload)),
        Err(Failure::Other(error)) => Err(error),
    }
}
