//! The storage as clients see it: the part of S3 that signed addresses lead to.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH,
    LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::signature::Wrong;
use super::{GET, HEAD, PUT, PUT_PART, Refusal, Storage, Stored};
use crate::fault::Fault;
use crate::http::{App, Query, Reply, decode, empty_reply, http_date, set_header};
use crate::range::{ByteRange, WrongRange};
use crate::record::RecordedRequest;
use crate::suffer::{ConnectionDropped, suffer};

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// Answers a request for the storage.
pub(crate) async fn respond(app: Arc<App>, request: Request<Body>) -> Result<Reply, ConnectionDropped> {
    let (parts, mut body) = request.into_parts();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let operation = match parts.method {
        Method::GET => GET,
        Method::HEAD => HEAD,
        Method::PUT if query.bytes("partNumber").is_some() => PUT_PART,
        Method::PUT => PUT,
        _ => return Ok(NOT_ALLOWED.into_reply()),
    };
    let fault = app.faults.take(operation, parts.uri.path());
    let log = app.requests.begin(RecordedRequest::new(operation, &parts));
    if fault.as_ref().is_some_and(Fault::is_reply) {
        // A client that is still sending might see a broken connection instead of the reply.
        let sent = axum::body::to_bytes(std::mem::take(&mut body), usize::MAX).await;
        body = sent.map_or_else(|_| Body::empty(), Body::from);
    }
    let act = act(app.storage.as_ref(), parts, &query, body);
    let reply = match fault {
        None => act.await,
        Some(fault) => suffer(fault, act).await.inspect_err(|_| app.requests.end(log, None))?,
    };
    app.requests.end(log, Some(reply.status().as_u16()));
    Ok(reply)
}

async fn act(storage: Option<&Storage>, parts: request::Parts, query: &Query, body: Body) -> Reply {
    let acted = match storage {
        Some(storage) => attempt(storage, &parts, query, body).await,
        None => Err(NO_SUCH_KEY),
    };
    let mut reply = acted.unwrap_or_else(Refused::into_reply);
    set_header(&mut reply, REQUEST_ID, &uuid::Uuid::new_v4().simple().to_string());
    reply
}

async fn attempt(
    storage: &Storage,
    parts: &request::Parts,
    query: &Query,
    body: Body,
) -> Result<Reply, Refused> {
    let denied = |code, words| Refused(StatusCode::FORBIDDEN, code, words);
    if parts.headers.contains_key(AUTHORIZATION) {
        return Err(denied("AccessDenied", "Only one mechanism of authentication is allowed."));
    }
    let target = parts.uri.path_and_query().map(|target| target.as_str()).unwrap_or_default();
    storage.key.verify(parts.method.as_str(), target).map_err(|wrong| match wrong {
        Wrong::Unsigned => denied("AccessDenied", "Access Denied"),
        Wrong::Signature => denied("SignatureDoesNotMatch", "The signature is not that of the request."),
        Wrong::Expired => denied("AccessDenied", "Request has expired"),
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
) -> Result<Reply, Refused> {
    let bad = |code, words| Refused(StatusCode::BAD_REQUEST, code, words);
    let content = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|_| bad("IncompleteBody", "The body is shorter than its length."))?;
    if let Some(expected) = headers.get(CONTENT_MD5) {
        let expected = STANDARD.decode(expected).ok().filter(|digest| digest.len() == 16);
        let expected = expected.ok_or_else(|| bad("InvalidDigest", "The Content-MD5 is none."))?;
        if Md5::digest(&content)[..] != expected[..] {
            return Err(bad("BadDigest", "The Content-MD5 is not that of what arrived."));
        }
    }
    let etag = if let (Some(upload), Some(number)) = (query.text("uploadId"), query.text("partNumber")) {
        let number = number.parse().map_err(|_| bad("InvalidArgument", "The part number is none."))?;
        storage.put_part((&upload, key), number, content)?
    } else {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        storage.put(key, Stored::new(content, content_type.map(str::to_owned)))
    };
    let mut reply = empty_reply(StatusCode::OK);
    set_header(&mut reply, ETAG, &format!("\"{etag}\""));
    Ok(reply)
}

fn get(stored: &Stored, headers: &HeaderMap) -> Result<Reply, Refused> {
    let etag = format!("\"{}\"", stored.etag);
    let holds = |name| {
        let value = headers.get(name)?.to_str().unwrap_or_default();
        Some(value == "*" || value.split(',').any(|tag| tag.trim() == etag))
    };
    if holds(IF_MATCH) == Some(false) {
        let words = "At least one of the preconditions did not hold.";
        return Err(Refused(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", words));
    }
    if holds(IF_NONE_MATCH) == Some(true) {
        let mut reply = empty_reply(StatusCode::NOT_MODIFIED);
        set_header(&mut reply, ETAG, &etag);
        return Ok(reply);
    }
    let size = i64::try_from(stored.content.len()).unwrap_or(i64::MAX);
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let (status, content, range) = match range.map(|range| ByteRange::parse(range, size)) {
        // A range that is none is as good as no range.
        None | Some(Err(WrongRange::Malformed)) => (StatusCode::OK, stored.content.clone(), None),
        Some(Err(WrongRange::Unsatisfiable)) => return Err(Refusal::InvalidRange.into()),
        Some(Ok(range)) => (StatusCode::PARTIAL_CONTENT, range.of(&stored.content), Some(range.header(size))),
    };
    let mut reply = Reply::new(Body::from(content));
    *reply.status_mut() = status;
    set_header(&mut reply, ETAG, &etag);
    set_header(&mut reply, LAST_MODIFIED, &http_date(stored.modified));
    set_header(&mut reply, ACCEPT_RANGES, "bytes");
    let content_type = stored.content_type.as_deref().unwrap_or("binary/octet-stream");
    set_header(&mut reply, CONTENT_TYPE, content_type);
    if let Some(range) = range {
        set_header(&mut reply, CONTENT_RANGE, &range);
    }
    Ok(reply)
}

/// What is answered in place of what was asked for: a status, a code of S3, and words.
#[derive(Debug, Clone, Copy)]
struct Refused(StatusCode, &'static str, &'static str);

const NO_SUCH_KEY: Refused = Refused(StatusCode::NOT_FOUND, "NoSuchKey", "The key does not exist.");
const NOT_ALLOWED: Refused =
    Refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The method is not allowed here.");

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self(status, refusal.code(), refusal.words())
    }
}

impl Refused {
    fn into_reply(self) -> Reply {
        let Self(status, code, words) = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{words}</Message></Error>"
        );
        let mut reply = Reply::new(Body::from(body));
        *reply.status_mut() = status;
        set_header(&mut reply, CONTENT_TYPE, "application/xml");
        reply
    }
}
