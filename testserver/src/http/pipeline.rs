//! What happens to a request, in lakeFS's order: find the operation, hold the request against the contract,
//! look at credentials, bind parameters, and only then do what is asked.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, request};

use super::App;
use super::call::Call;
use super::operations::{Access, Handler, Operation};
use super::query::Query;
use super::reply::{self, Failure, Reply};
use super::route;
use crate::record::RecordedRequest;
use crate::suffer::{ConnectionDropped, suffer};

/// The methods that lakeFS's router has heard of.
const KNOWN_METHODS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::HEAD,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request.
pub(crate) async fn respond(app: Arc<App>, request: Request<Body>) -> Result<Reply, ConnectionDropped> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let Some((operation, segments)) = route::find(&parts.method, path) else {
        return Ok(outside(&app, &parts.method, path));
    };
    let fault = app.faults.take(operation.id, path);
    let log = app.requests.begin(RecordedRequest::new(operation.id, &parts));
    let reply = match fault {
        None => act(&app, operation, segments, parts, body).await,
        Some(fault) => {
            let act = act(&app, operation, segments, parts, body);
            suffer(fault, act).await.inspect_err(|_| app.requests.end(log, None))?
        }
    };
    app.requests.end(log, Some(reply.status().as_u16()));
    Ok(reply)
}

/// Answers what is not an operation.
fn outside(app: &App, method: &Method, path: &str) -> Reply {
    if !KNOWN_METHODS.contains(method) {
        return reply::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    match (path, &app.contract) {
        ("/openapi.json", Some(contract)) if *method == Method::GET => {
            let mut reply = Response::new(Body::from(contract.clone()));
            reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            reply
        }
        ("/_health", _) => reply::text(StatusCode::OK, format!("alive! {}", app.instance)),
        _ if path == "/api/v1" || path.starts_with("/api/v1/") => {
            Failure::new(StatusCode::NOT_FOUND, "invalid API endpoint").into_reply()
        }
        // Where a real server has its web interface, which answers whatever it is asked.
        _ => reply::html("<!DOCTYPE html><title>lakeFS test server</title>\n"),
    }
}

async fn act(
    app: &App,
    operation: &'static Operation,
    segments: Vec<(&'static str, String)>,
    parts: request::Parts,
    body: Body,
) -> Reply {
    let (checked, body) = match check(app, operation, segments, parts, body).await {
        Ok(checked) => checked,
        // What violates the contract is refused before a request has an identity.
        Err(violation) => return Failure::new(StatusCode::BAD_REQUEST, violation).into_reply(),
    };
    let mut reply = perform(operation, checked, body).await.unwrap_or_else(Failure::into_reply);
    reply::set(&mut reply, REQUEST_ID, &uuid::Uuid::new_v4().to_string());
    #[cfg(feature = "validate")]
    if let Some(check) = app.check.as_ref().filter(|_| operation.method != Method::HEAD) {
        return check.look_at(operation.id, reply).await;
    }
    reply
}

/// Holds a request against the contract.
async fn check<'a>(
    app: &'a App,
    operation: &'static Operation,
    segments: Vec<(&'static str, String)>,
    parts: request::Parts,
    mut body: Body,
) -> Result<(Call<'a>, Body), String> {
    if let Some((name, _)) = segments.iter().find(|(_, value)| value.is_empty()) {
        return Err(format!("parameter \"{name}\" in path has an error: value is required but missing"));
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    for param in operation.params() {
        param.check(&query, &parts.headers)?;
    }
    let mut json = None;
    if let Some(expected) = operation.body {
        let bytes = axum::body::to_bytes(std::mem::take(&mut body), usize::MAX)
            .await
            .map_err(|error| format!("request body has an error: reading failed: {error}"))?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        json = expected.check(content_type, &bytes)?;
    }
    Ok((Call { app, segments, query, headers: parts.headers, json, user: None }, body))
}

async fn perform(operation: &'static Operation, mut call: Call<'_>, body: Body) -> Result<Reply, Failure> {
    if operation.access != Access::Anyone {
        call.user = call.app.auth.identify(&call.headers)?;
    }
    for param in operation.params() {
        param.bind(&call.query, &call.headers).map_err(Failure::Binding)?;
    }
    if operation.access == Access::User && call.user.is_none() {
        if operation.method == Method::HEAD {
            return Ok(reply::empty(StatusCode::UNAUTHORIZED));
        }
        return Err(Failure::unauthenticated());
    }
    match operation.handler {
        Handler::Answer(answer) => answer(&call),
        Handler::Upload => super::upload::upload(&call, body).await,
        Handler::Missing => Err(Failure::not_implemented()),
    }
}
