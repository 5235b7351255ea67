//! Physical addresses that the server issues, and the check that a client uses them as issued.

use axum::http::StatusCode;

use crate::api::call::Call;
use crate::api::response::ApiError;
use crate::model::{Error, ErrorKind, Location, ascending_id, descending_id};

/// Creates the location of a new object.
pub(crate) fn new_location() -> Location {
    Location::Relative(format!("data/{}/{}", descending_id(), ascending_id()))
}

/// Issues a physical address for the path of a request, signed so that it is valid for this path and branch
/// only.
pub(crate) fn new_address(call: &Call<'_>, namespace: &str) -> String {
    let (Location::Relative(location) | Location::Full(location)) = new_location();
    let signature = call.state.auth.sign(&signed_text(call, &location));
    format!("{namespace}/{location},{signature}")
}

/// Returns the storage namespace of the repository without trailing slashes.
pub(crate) fn namespace(call: &Call<'_>) -> Result<String, ApiError> {
    let catalog = call.catalog();
    let repository = catalog.repository(call.repository()).map_err(|error| match error.kind() {
        ErrorKind::RepositoryNotFound => ApiError::from(error),
        _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    Ok(repository.namespace.trim_end_matches('/').to_owned())
}

/// Returns the location of a physical address: relative if it is in the data of the repository.
pub(crate) fn location_of(namespace: &str, address: &str) -> Location {
    let path = address.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/'));
    match path.filter(|path| path.starts_with("data/")) {
        Some(path) => Location::Relative(path.to_owned()),
        None => Location::Full(address.to_owned()),
    }
}

/// Returns the text whose signature is part of an issued address.
fn signed_text(call: &Call<'_>, location: &str) -> String {
    let path = hex::encode(call.path("path"));
    format!("{}/{}/{path}/{location}", call.repository(), call.branch())
}

/// Returns the location of an address in the data of the repository, or `None` for any other address.
///
/// Fails unless the address was issued for the path of the request.
pub(crate) fn issued_location(
    call: &Call<'_>,
    namespace: &str,
    address: &str,
) -> Result<Option<String>, Error> {
    let Location::Relative(location) = location_of(namespace, address) else { return Ok(None) };
    let Some((unsigned, signature)) = location.rsplit_once(',') else {
        return Err(Error::from(ErrorKind::LinkAddressInvalid).context("address is not signed"));
    };
    match call.state.auth.verify(&signed_text(call, unsigned), signature) {
        Some(true) => Ok(Some(location)),
        Some(false) => Err(Error::from(ErrorKind::InvalidAddress).context("invalid address signature")),
        None => Err(Error::from(ErrorKind::LinkAddressInvalid).context("malformed address signature")),
    }
}
