//! Objects whose bytes a client writes to the storage by itself.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::presign;
use super::reply::{Failure, Outcome, created, ok};
use super::wire::{ObjectStats, parsed_address};
use crate::model::{
    Entry, Error, ErrorKind, Location, Metadata, NewEntry, Timestamp, WriteOptions, ascending_id,
    descending_id,
};
use crate::storage::Purpose;

/// The schemes of addresses that lakeFS has a storage for.
const STORAGES: [&str; 6] = ["gs", "http", "https", "local", "mem", "s3"];

/// What must be true of an object before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Nothing,
    Absent,
}

/// The condition that the headers of a request state.
pub(crate) fn condition(call: &Call<'_>) -> Result<Condition, Failure> {
    match (call.header("if-match"), call.header("if-none-match").as_deref()) {
        (None, None) => Ok(Condition::Nothing),
        (None, Some("*")) => Ok(Condition::Absent),
        _ => Err(Failure::not_implemented()),
    }
}

/// A place for a new object.
pub(crate) fn new_location() -> Location {
    Location::Relative(format!("data/{}/{}", descending_id(), ascending_id()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
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
struct Stage {
    physical_address: String,
    checksum: String,
    size_bytes: i64,
    mtime: Option<i64>,
    metadata: Metadata,
    content_type: String,
    force: bool,
}

/// An address to write to, signed so that only this path of this branch can be linked to it.
pub(crate) fn address(call: &Call<'_>) -> Outcome {
    let address = new_address(call, &namespace(call)?);
    let storage = presign::signer(call)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let signed =
        storage.zip(presign::key_of(&address)).map(|(storage, key)| storage.sign(key, Purpose::Write));
    let (url, expiry) = signed.map(|signed| (signed.url, signed.expires)).unzip();
    ok(&StagingLocation { physical_address: Some(address), presigned_url: url, presigned_url_expiry: expiry })
}

/// A whole address that is handed out for the path of a request.
pub(crate) fn new_address(call: &Call<'_>, namespace: &str) -> String {
    let (Location::Relative(location) | Location::Full(location)) = new_location();
    let signature = call.app.auth.sign(&signed_part(call, &location));
    format!("{namespace}/{location},{signature}")
}

pub(crate) fn link(call: &Call<'_>) -> Outcome {
    let body: Link = call.body("LinkPhysicalAddress")?;
    let namespace = namespace(call)?;
    let address = body.staging.physical_address.unwrap_or_default();
    let location = match own_location(call, &namespace, &address)? {
        Some(location) => Location::Relative(location),
        None => Location::Full(address.clone()),
    };
    let checksum = body.checksum.trim_matches([' ', '"']).to_owned();
    if checksum.is_empty() {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "checksum is required"));
    }
    let condition = condition(call)?;
    let entry = Entry::new(NewEntry {
        size: body.size_bytes,
        checksum,
        content_type: body.content_type,
        metadata: body.user_metadata,
        modified: body.mtime.map_or_else(Timestamp::now, Timestamp::from_seconds),
        location,
        content: presign::stored(call, &address).map(|stored| stored.content),
    });
    let path = call.path("path");
    // The answer repeats the address as it was given, even one that cannot be understood later.
    let stats = ObjectStats::at(address, &path, &entry);
    let options = WriteOptions { force: body.force, if_absent: condition == Condition::Absent };
    call.lake_mut().put_entry(call.repository(), call.branch(), path, entry, options)?;
    ok(&stats)
}

pub(crate) fn stage(call: &Call<'_>) -> Outcome {
    let body: Stage = call.body("StageObject")?;
    let namespace = call.lake().repository(call.repository())?.namespace.trim_end_matches('/').to_owned();
    let address = body.physical_address;
    parsed_address(&address)?;
    let scheme = address.split("://").next().unwrap_or_default().to_lowercase();
    if !STORAGES.contains(&&*scheme) {
        let message = format!("invalid storage scheme {scheme}: invalid address");
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    }
    if scheme != super::BLOCKSTORE {
        let message = format!("physical address is not valid for block adapter: {}", super::BLOCKSTORE);
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    }
    let location = location_of(&namespace, &address);
    let entry = Entry::new(NewEntry {
        size: body.size_bytes,
        checksum: body.checksum,
        content_type: body.content_type,
        metadata: body.metadata,
        modified: body.mtime.map_or_else(Timestamp::now, Timestamp::from_seconds),
        location,
        content: presign::stored(call, &address).map(|stored| stored.content),
    });
    let path = call.path("path");
    let stats = ObjectStats { metadata: None, ..ObjectStats::object(&namespace, &path, &entry)? };
    let options = WriteOptions { force: body.force, if_absent: false };
    call.lake_mut().put_entry(call.repository(), call.branch(), path, entry, options)?;
    created(&stats)
}

pub(crate) fn namespace(call: &Call<'_>) -> Result<String, Failure> {
    let lake = call.lake();
    let repository = lake.repository(call.repository()).map_err(|error| match error.kind() {
        ErrorKind::RepositoryNotFound => Failure::from(error),
        _ => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    Ok(repository.namespace.trim_end_matches('/').to_owned())
}

/// Where an address points to: into the data of the repository, or elsewhere.
fn location_of(namespace: &str, address: &str) -> Location {
    let path = address.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/'));
    match path.filter(|path| path.starts_with("data/")) {
        Some(path) => Location::Relative(path.to_owned()),
        None => Location::Full(address.to_owned()),
    }
}

fn signed_part(call: &Call<'_>, location: &str) -> String {
    let path = hex::encode(call.path("path"));
    format!("{}/{}/{path}/{location}", call.repository(), call.branch())
}

/// Where in the data of the repository an address lies, if it does; then it must have been handed out for this path.
pub(crate) fn own_location(call: &Call<'_>, namespace: &str, address: &str) -> Result<Option<String>, Error> {
    let Location::Relative(location) = location_of(namespace, address) else { return Ok(None) };
    let Some((place, signature)) = location.rsplit_once(',') else {
        return Err(Error::from(ErrorKind::LinkAddressInvalid).context("address is not signed"));
    };
    match call.app.auth.has_signed(&signed_part(call, place), signature) {
        Some(true) => Ok(Some(location)),
        Some(false) => Err(Error::from(ErrorKind::InvalidAddress).context("invalid address signature")),
        None => Err(Error::from(ErrorKind::LinkAddressInvalid).context("malformed address signature")),
    }
}
