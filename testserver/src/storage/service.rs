//! The HTTP interface of the storage: `GET`, `HEAD` and `PUT` of objects, and `PUT` of parts, as S3 has them.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH,
    LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::error::StorageError;
use super::signing::SignatureError;
use super::store::{Storage, StoredObject};
use crate::faults::ConnectionDropped;
use crate::http::{
    ByteRange, Query, RangeError, Response, decode, empty, format_http_date, set_header, with_content_type,
};
use crate::interceptor::Interceptor;

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// The names of the storage's operations in faults and recorded requests.
pub(crate) const OPERATIONS: [&str; 4] = [GET, HEAD, PUT, PUT_PART];
const GET: &str = "storageGet";
const HEAD: &str = "storageHead";
const PUT: &str = "storagePut";
const PUT_PART: &str = "storagePutPart";

/// Responds to a request for the storage.
pub(crate) async fn respond(
    storage: &Storage,
    interceptor: &Interceptor,
    request: Request<Body>,
) -> Result<Response, ConnectionDropped> {
    let (parts, mut body) = request.into_parts();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let operation = match parts.method {
        Method::GET => GET,
        Method::HEAD => HEAD,
        Method::PUT if query.bytes("partNumber").is_some() => PUT_PART,
        Method::PUT => PUT,
        _ => return Ok(METHOD_NOT_ALLOWED.into_response()),
    };
    let interception = interceptor.begin(operation, &parts);
    if interception.replaces_response() || interception.reads_request() {
        // A client that is still sending might see a broken connection instead of the response.
        let received = axum::body::to_bytes(std::mem::take(&mut body), usize::MAX).await;
        body = received.map_or_else(|_| Body::empty(), Body::from);
    }
    interception.run(handle(storage, parts, &query, body)).await
}

async fn handle(storage: &Storage, parts: request::Parts, query: &Query, body: Body) -> Response {
    let handled = try_handle(storage, &parts, query, body).await;
    let mut response = handled.unwrap_or_else(ErrorResponse::into_response);
    set_header(&mut response, REQUEST_ID, &uuid::Uuid::new_v4().simple().to_string());
    response
}

async fn try_handle(
    storage: &Storage,
    parts: &request::Parts,
    query: &Query,
    body: Body,
) -> Result<Response, ErrorResponse> {
    let denied = |code, message| ErrorResponse { status: StatusCode::FORBIDDEN, code, message };
    if parts.headers.contains_key(AUTHORIZATION) {
        return Err(denied("AccessDenied", "Only one mechanism of authentication is allowed."));
    }
    let target = parts.uri.path_and_query().map(|target| target.as_str()).unwrap_or_default();
    storage.verify(parts.method.as_str(), target).map_err(|error| match error {
        SignatureError::Missing => denied("AccessDenied", "Access Denied"),
        SignatureError::Mismatch => {
            denied("SignatureDoesNotMatch", "The signature does not match the request.")
        }
        SignatureError::Expired => denied("AccessDenied", "Request has expired"),
    })?;
    let key = parts.uri.path().trim_start_matches('/');
    let key = decode(key, false).and_then(|key| String::from_utf8(key).ok()).ok_or(NO_SUCH_KEY)?;
    if parts.method == Method::PUT {
        return put(storage, &key, &parts.headers, query, body).await;
    }
    get(&storage.get(&key).ok_or(NO_SUCH_KEY)?, &parts.headers)
}

async fn put(
    storage: &Storage,
    key: &str,
    headers: &HeaderMap,
    query: &Query,
    body: Body,
) -> Result<Response, ErrorResponse> {
    let bad = |code, message| ErrorResponse { status: StatusCode::BAD_REQUEST, code, message };
    let content = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|_| bad("IncompleteBody", "The body is shorter than its Content-Length."))?;
    if let Some(expected) = headers.get(CONTENT_MD5) {
        let expected = STANDARD.decode(expected).ok().filter(|digest| digest.len() == 16);
        let expected = expected.ok_or_else(|| {
            bad("InvalidDigest", "The Content-MD5 header is not the Base64 of an MD5 digest.")
        })?;
        if Md5::digest(&content)[..] != expected[..] {
            return Err(bad("BadDigest", "The Content-MD5 header does not match the received body."));
        }
    }
    let etag = if let (Some(upload), Some(number)) = (query.text("uploadId"), query.text("partNumber")) {
        let number =
            number.parse().map_err(|_| bad("InvalidArgument", "The part number is not an integer."))?;
        storage.put_part((&upload, key), number, content)?
    } else {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        storage.put(key, StoredObject::new(content, content_type.map(str::to_owned)))
    };
    let mut response = empty(StatusCode::OK);
    set_header(&mut response, ETAG, &format!("\"{etag}\""));
    Ok(response)
}

fn get(object: &StoredObject, headers: &HeaderMap) -> Result<Response, ErrorResponse> {
    let etag = format!("\"{}\"", object.etag);
    let matches_etag = |name| {
        let value = headers.get(name)?.to_str().unwrap_or_default();
        Some(value == "*" || value.split(',').any(|tag| tag.trim() == etag))
    };
    if matches_etag(IF_MATCH) == Some(false) {
        return Err(PRECONDITION_FAILED);
    }
    if matches_etag(IF_NONE_MATCH) == Some(true) {
        let mut response = empty(StatusCode::NOT_MODIFIED);
        set_header(&mut response, ETAG, &etag);
        return Ok(response);
    }
    let size = i64::try_from(object.content.len()).unwrap_or(i64::MAX);
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let (status, content, content_range) = match range.map(|range| ByteRange::parse(range, size)) {
        // S3 ignores a malformed range.
        None | Some(Err(RangeError::Malformed)) => (StatusCode::OK, object.content.clone(), None),
        Some(Err(RangeError::Unsatisfiable)) => return Err(StorageError::InvalidRange.into()),
        Some(Ok(range)) => {
            (StatusCode::PARTIAL_CONTENT, range.slice(&object.content), Some(range.content_range(size)))
        }
    };
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    set_header(&mut response, ETAG, &etag);
    set_header(&mut response, LAST_MODIFIED, &format_http_date(object.modified));
    set_header(&mut response, ACCEPT_RANGES, "bytes");
    let content_type = object.content_type.as_deref().unwrap_or("binary/octet-stream");
    set_header(&mut response, CONTENT_TYPE, content_type);
    if let Some(content_range) = content_range {
        set_header(&mut response, CONTENT_RANGE, &content_range);
    }
    Ok(response)
}

/// An error in S3's XML format.
#[derive(Debug, Clone, Copy)]
struct ErrorResponse {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

const NO_SUCH_KEY: ErrorResponse =
    ErrorResponse { status: StatusCode::NOT_FOUND, code: "NoSuchKey", message: "The key does not exist." };
const METHOD_NOT_ALLOWED: ErrorResponse = ErrorResponse {
    status: StatusCode::METHOD_NOT_ALLOWED,
    code: "MethodNotAllowed",
    message: "The method is not allowed here.",
};
const PRECONDITION_FAILED: ErrorResponse = ErrorResponse {
    status: StatusCode::PRECONDITION_FAILED,
    code: "PreconditionFailed",
    message: "At least one of the preconditions did not hold.",
};

impl From<StorageError> for ErrorResponse {
    fn from(error: StorageError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, code: error.code(), message: error.message() }
    }
}

impl ErrorResponse {
    fn into_response(self) -> Response {
        let Self { status, code, message } = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        with_content_type(status, "application/xml", body)
    }
}
