//! Uploads of objects through lakeFS.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use md5::{Digest, Md5};

use super::objects::branch_not_found;
use super::physical_address::new_location;
use super::staging::{WriteCondition, write_condition};
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created};
use crate::api::wire::ObjectStats;
use crate::model::{Entry, ErrorKind, Metadata, NewEntry, Timestamp, WriteOptions};

const USER_METADATA_HEADER: &str = "x-lakefs-meta-";
const INTERNAL_METADATA_HEADER: &str = "x-lakefs-internal-";
const INTERNAL_KEY_PREFIX: &str = "::lakefs::";
pub(super) const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// Stores the body of a request, or the part `content` of a form, as an object.
///
/// Checks what it can before it reads the body.
pub(crate) async fn upload(call: &Call<'_>, body: Body) -> ApiResult {
    let path = call.path("path");
    let condition = check_before_body(call, &path)?;
    let content_type = match call.header(CONTENT_TYPE.as_str()) {
        Some(content_type) if !content_type.is_empty() => content_type.into_owned(),
        _ => DEFAULT_CONTENT_TYPE.to_owned(),
    };
    let media_type = MediaType::parse(&content_type).map_err(internal)?;
    let (content, content_type) = if media_type.name == "multipart/form-data" {
        let boundary =
            media_type.boundary.ok_or_else(|| internal("no multipart boundary param in Content-Type"))?;
        read_form(body, boundary).await?
    } else {
        (read_all(body.into_data_stream()).await?, content_type)
    };
    let metadata = user_metadata(call)?;
    let entry = new_entry(content, &content_type, metadata.clone());
    let mut catalog = call.catalog_mut();
    let namespace = catalog.repository(call.repository())?.namespace.clone();
    let stats =
        ObjectStats { content_type: Some(content_type), ..ObjectStats::object(&namespace, &path, &entry)? };
    let options =
        WriteOptions { force: call.is_true("force"), if_absent: condition == WriteCondition::IfAbsent };
    catalog.put_entry(call.repository(), call.branch(), path, entry, options).map_err(|error| match error
        .kind()
    {
        ErrorKind::PreconditionFailed => path_exists(),
        _ => error.into(),
    })?;
    created(&stats)
}

/// Creates the entry of content that is written now.
pub(crate) fn new_entry(content: Bytes, content_type: &str, metadata: Metadata) -> Entry {
    Entry::new(NewEntry {
        size: i64::try_from(content.len()).unwrap_or(i64::MAX),
        checksum: hex::encode(Md5::digest(&content)),
        content_type: content_type.to_owned(),
        metadata,
        modified: Timestamp::now(),
        location: new_location(),
        content: Some(content),
    })
}

fn check_before_body(call: &Call<'_>, path: &[u8]) -> Result<WriteCondition, ApiError> {
    let catalog = call.catalog();
    catalog.repository(call.repository())?;
    if !catalog.branch_exists(call.repository(), call.branch())? {
        return Err(branch_not_found(call.branch()));
    }
    if call.header("if-none-match").is_some_and(|value| value == "*") {
        match catalog.entry(call.repository(), call.branch(), path) {
            Ok(_) => return Err(path_exists()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(internal(error)),
        }
    }
    write_condition(call)
}

fn path_exists() -> ApiError {
    ApiError::new(StatusCode::PRECONDITION_FAILED, "path already exists")
}

fn internal(error: impl Display) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn read_all<E: Display>(stream: impl Stream<Item = Result<Bytes, E>>) -> Result<Bytes, ApiError> {
    let mut stream = std::pin::pin!(stream);
    let mut content = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        content.extend_from_slice(&chunk.map_err(internal)?);
    }
    Ok(content.freeze())
}

/// Reads the part `content` of a form. Returns its content and content type.
async fn read_form(body: Body, boundary: String) -> Result<(Bytes, String), ApiError> {
    let mut form = multer::Multipart::new(body.into_data_stream(), boundary);
    while let Some(field) = form.next_field().await.map_err(|_| internal("multipart: NextPart: EOF"))? {
        if field.name() == Some("content") {
            let content_type = field.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            let content = read_all(field).await.map_err(|_| internal("unexpected EOF"))?;
            return Ok((content, content_type));
        }
    }
    Err(internal("multipart upload missing key 'content': http: no such file"))
}

/// Reads user metadata from the headers.
fn user_metadata(call: &Call<'_>) -> Result<Metadata, ApiError> {
    let mut metadata = Metadata::new();
    for name in call.headers.keys() {
        let key = match (
            name.as_str().strip_prefix(USER_METADATA_HEADER),
            name.as_str().strip_prefix(INTERNAL_METADATA_HEADER),
        ) {
            (Some(key), _) => key.to_owned(),
            (_, Some(key)) => format!("{INTERNAL_KEY_PREFIX}{key}"),
            _ => continue,
        };
        let value = call.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        let value =
            std::str::from_utf8(value).map_err(|_| internal("string field contains invalid UTF-8"))?;
        metadata.insert(key, value.to_owned());
    }
    Ok(metadata)
}

/// The parts of a media type that an upload needs.
#[derive(Debug, PartialEq, Eq)]
struct MediaType {
    name: String,
    boundary: Option<String>,
}

impl MediaType {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_token = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
        };
        let well_formed = match name.split_once('/') {
            None => is_token(&name),
            Some((kind, subtype)) => is_token(kind) && is_token(subtype),
        };
        if !well_formed {
            let reason = match name.split_once('/') {
                _ if name.is_empty() => "no media type",
                None => "expected slash after first token",
                Some((_, "")) => "expected token after slash",
                Some(_) => "unexpected content after media subtype",
            };
            return Err(format!("mime: {reason}"));
        }
        let mut parameters = BTreeMap::new();
        for parameter in parts.map(str::trim).filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').ok_or("mime: invalid media parameter")?;
            let key = key.trim_end().to_ascii_lowercase();
            if !is_token(&key) || value.trim().is_empty() {
                return Err("mime: invalid media parameter".to_owned());
            }
            let value = value.trim().trim_matches('"');
            if parameters.insert(key, value).is_some_and(|other| other != value) {
                return Err("mime: duplicate parameter name".to_owned());
            }
        }
        let boundary = parameters.remove("boundary").map(str::to_owned);
        Ok(Self { name, boundary })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_is_parsed_with_its_boundary() {
        let boundary = |text| MediaType::parse(text).map(|media_type| media_type.boundary);
        assert_eq!(boundary("text/plain"), Ok(None));
        assert_eq!(boundary("Multipart/Form-Data; boundary=\"a b\""), Ok(Some("a b".into())));
        assert_eq!(boundary("multipart/form-data; charset=x; Boundary=b"), Ok(Some("b".into())));
        assert!(boundary("text/").is_err());
        assert!(boundary("a b/c").is_err());
        assert!(boundary("text/plain; x").is_err());
    }
}
