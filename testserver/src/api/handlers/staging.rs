//! Staging of objects whose content clients write directly to the storage.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::physical_address::{issued_location, location_of, namespace, new_address};
use super::presign;
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, ok};
use crate::api::state::BLOCKSTORE;
use crate::api::wire::{ObjectStats, parsed_address};
use crate::model::{Entry, Location, Metadata, NewEntry, Timestamp, WriteOptions};
use crate::storage::PresignedAction;

/// The URL schemes of the storages that lakeFS supports.
const STORAGE_SCHEMES: [&str; 6] = ["gs", "http", "https", "local", "mem", "s3"];

/// The precondition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteCondition {
    None,
    /// There is no object at the path.
    IfAbsent,
}

/// Reads the precondition from the headers of a request.
pub(crate) fn write_condition(call: &Call<'_>) -> Result<WriteCondition, ApiError> {
    match (call.header("if-match"), call.header("if-none-match").as_deref()) {
        (None, None) => Ok(WriteCondition::None),
        (None, Some("*")) => Ok(WriteCondition::IfAbsent),
        _ => Err(ApiError::not_implemented()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LinkRequest {
    staging: StagingLocation,
    checksum: String,
    size_bytes: i64,
    user_metadata: Metadata,
    content_type: String,
    mtime: Option<i64>,
    force: bool,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct StagingLocation {
    physical_address: Option<String>,
    presigned_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presigned_url_expiry: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StageRequest {
    physical_address: String,
    checksum: String,
    size_bytes: i64,
    mtime: Option<i64>,
    metadata: Metadata,
    content_type: String,
    force: bool,
}

/// Issues a physical address, and a pre-signed URL to write to it if the request asks for one.
pub(crate) fn get_physical_address(call: &Call<'_>) -> ApiResult {
    let address = new_address(call, &namespace(call)?);
    let storage = presign::requested_storage(call)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let presigned = storage
        .zip(presign::key_of(&address))
        .map(|(storage, key)| storage.presign(key, PresignedAction::Put));
    let (url, expiry) = presigned.map(|presigned| (presigned.url, presigned.expires_at)).unzip();
    ok(&StagingLocation { physical_address: Some(address), presigned_url: url, presigned_url_expiry: expiry })
}

pub(crate) fn link(call: &Call<'_>) -> ApiResult {
    let body: LinkRequest = call.body("LinkPhysicalAddress")?;
    let namespace = namespace(call)?;
    let address = body.staging.physical_address.unwrap_or_default();
    let location = match issued_location(call, &namespace, &address)? {
        Some(location) => Location::Relative(location),
        None => Location::Full(address.clone()),
    };
    let checksum = body.checksum.trim_matches([' ', '"']).to_owned();
    if checksum.is_empty() {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "checksum is required"));
    }
    let condition = write_condition(call)?;
    let entry = Entry::new(NewEntry {
        size: body.size_bytes,
        checksum,
        content_type: body.content_type,
        metadata: body.user_metadata,
        modified: body.mtime.map_or_else(Timestamp::now, Timestamp::from_seconds),
        location,
        content: presign::stored_object(call, &address).map(|object| object.content),
    });
    let path = call.path("path");
    // The response repeats the address of the request, even one that cannot be parsed later.
    let stats = ObjectStats::with_address(address, &path, &entry);
    let options = WriteOptions { force: body.force, if_absent: condition == WriteCondition::IfAbsent };
    call.catalog_mut().put_entry(call.repository(), call.branch(), path, entry, options)?;
    ok(&stats)
}

pub(crate) fn stage(call: &Call<'_>) -> ApiResult {
    let body: StageRequest = call.body("StageObject")?;
    let namespace = call.catalog().repository(call.repository())?.namespace.trim_end_matches('/').to_owned();
    let address = body.physical_address;
    parsed_address(&address)?;
    let scheme = address.split("://").next().unwrap_or_default().to_lowercase();
    if !STORAGE_SCHEMES.contains(&&*scheme) {
        let message = format!("invalid storage scheme {scheme}: invalid address");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
    }
    if scheme != BLOCKSTORE {
        let message = format!("physical address is not valid for block adapter: {BLOCKSTORE}");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
    }
    let location = location_of(&namespace, &address);
    let content = match presign::stored_object(call, &address) {
        Some(object) => Some(object.content),
        None => call.catalog().repository(call.repository())?.content_at(&location),
    };
    let entry = Entry::new(NewEntry {
        size: body.size_bytes,
        checksum: body.checksum,
        content_type: body.content_type,
        metadata: body.metadata,
        modified: body.mtime.map_or_else(Timestamp::now, Timestamp::from_seconds),
        location,
        content,
    });
    let path = call.path("path");
    let stats = ObjectStats { metadata: None, ..ObjectStats::object(&namespace, &path, &entry)? };
    let options = WriteOptions { force: body.force, if_absent: false };
    call.catalog_mut().put_entry(call.repository(), call.branch(), path, entry, options)?;
    created(&stats)
}
