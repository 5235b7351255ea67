//! The path of a request, in lakeFS's order: find the operation, check the request against the contract,
//! authenticate, bind parameters, call the handler.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{Method, Request, StatusCode, request};

use super::call::Call;
use super::handlers::upload;
use super::operations::{Authentication, Handler, Operation};
use super::response::{ApiError, html, text};
use super::route;
use super::state::ApiState;
use crate::faults::ConnectionDropped;
use crate::http::{Query, Response, empty, set_header, with_content_type};
use crate::interceptor::Interceptor;

/// The methods that lakeFS's router knows.
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

/// Responds to a request.
pub(crate) async fn respond(
    state: &ApiState,
    interceptor: &Interceptor,
    request: Request<Body>,
) -> Result<Response, ConnectionDropped> {
    let (parts, mut body) = request.into_parts();
    let path = parts.uri.path();
    let Some((operation, path_parameters)) = route::find(&parts.method, path) else {
        return Ok(respond_without_operation(state, &parts.method, path));
    };
    let interception = interceptor.begin(operation.id, &parts);
    if interception.reads_request() {
        let received = axum::body::to_bytes(std::mem::take(&mut body), usize::MAX).await;
        body = received.map_or_else(|_| Body::empty(), Body::from);
    }
    interception.run(Box::pin(handle(state, operation, path_parameters, parts, body))).await
}

/// Responds to a request that is not an operation of the API.
fn respond_without_operation(state: &ApiState, method: &Method, path: &str) -> Response {
    if !KNOWN_METHODS.contains(method) {
        return empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    match (path, &state.contract) {
        ("/openapi.json", Some(contract)) if *method == Method::GET => {
            with_content_type(StatusCode::OK, "application/json", contract.clone())
        }
        ("/_health", _) => text(StatusCode::OK, format!("alive! {}", state.installation_id)),
        _ if path == "/api/v1" || path.starts_with("/api/v1/") => {
            ApiError::new(StatusCode::NOT_FOUND, "invalid API endpoint").into_response()
        }
        // lakeFS serves its web interface for all other paths.
        _ => html("<!DOCTYPE html><title>lakeFS test server</title>\n"),
    }
}

async fn handle(
    state: &ApiState,
    operation: &'static Operation,
    path_parameters: Vec<(&'static str, String)>,
    parts: request::Parts,
    body: Body,
) -> Response {
    let (call, body) = match check(state, operation, path_parameters, parts, body).await {
        Ok(checked) => checked,
        // lakeFS rejects a request that violates the contract before it assigns a request id.
        Err(violation) => return ApiError::new(StatusCode::BAD_REQUEST, violation).into_response(),
    };
    let mut response = perform(operation, call, body).await.unwrap_or_else(ApiError::into_response);
    set_header(&mut response, REQUEST_ID, &uuid::Uuid::new_v4().to_string());
    #[cfg(feature = "validate")]
    if let Some(validator) = state.validator.as_ref().filter(|_| operation.method != Method::HEAD) {
        return validator.validate(operation.id, response).await;
    }
    response
}

/// Checks a request against the contract.
async fn check<'a>(
    state: &'a ApiState,
    operation: &'static Operation,
    path_parameters: Vec<(&'static str, String)>,
    parts: request::Parts,
    mut body: Body,
) -> Result<(Call<'a>, Body), String> {
    if let Some((name, _)) = path_parameters.iter().find(|(_, value)| value.is_empty()) {
        return Err(format!("parameter \"{name}\" in path has an error: value is required but missing"));
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    for param in operation.params() {
        param.check(&query, &parts.headers)?;
    }
    let mut json = None;
    if let Some(schema) = operation.body {
        let bytes = axum::body::to_bytes(std::mem::take(&mut body), usize::MAX)
            .await
            .map_err(|error| format!("request body has an error: reading failed: {error}"))?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        json = schema.check(content_type, &bytes)?;
    }
    Ok((Call { state, path_parameters, query, headers: parts.headers, json, user: None }, body))
}

async fn perform(
    operation: &'static Operation,
    mut call: Call<'_>,
    body: Body,
) -> Result<Response, ApiError> {
    if operation.authentication != Authentication::None {
        call.user = call.state.auth.authenticate(&call.headers)?;
    }
    for param in operation.params() {
        param.bind(&call.query, &call.headers).map_err(ApiError::Binding)?;
    }
    if operation.authentication == Authentication::Required && call.user.is_none() {
        if operation.method == Method::HEAD {
            return Ok(empty(StatusCode::UNAUTHORIZED));
        }
        return Err(ApiError::unauthenticated());
    }
    match operation.handler {
        Handler::Sync(handler) => handler(&call),
        Handler::Upload => upload::upload(&call, body).await,
        Handler::NotImplemented => Err(ApiError::not_implemented()),
    }
}
