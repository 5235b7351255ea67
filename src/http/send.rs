//! The transport: sends the requests of a call until one succeeds or must not be retried.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use futures::future::{self, BoxFuture};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Request, StatusCode};
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

use crate::error::{Error, ErrorKind, Result};
use crate::http::attempt::send_request;
use crate::http::authorize::Authorizer;
use crate::http::call::Call;
use crate::http::http_client::HttpClient;
use crate::http::limits::Limits;
use crate::http::metrics::{self, CallMeter};
use crate::http::outcome::changed_nothing;
use crate::http::recognition::{is_commit_id, is_success};
use crate::http::request_body::BodyMonitor;
use crate::http::response::{ByteStream, Response};
use crate::http::response_body::{body_stream, read_body, read_error_body};
use crate::http::retry::{RetryPolicy, retry_after};
use crate::http::retry_budget::FailedAttempt;
use crate::http::telemetry;

/// A decoded body, of a type that the caller knows.
pub(crate) type Decoded = Box<dyn Any + Send>;

/// Decodes a body.
pub(crate) type Decode = fn(&[u8]) -> serde_json::Result<Decoded>;

/// Decodes a JSON body into a value of type `T`.
pub(crate) fn decode_json<T: DeserializeOwned + Send + 'static>(body: &[u8]) -> serde_json::Result<Decoded> {
    Ok(Box::new(serde_json::from_slice::<T>(body)?))
}

/// Sends calls: credentials, attempts, and the reading of responses.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: HttpClient,
    authorizer: Option<Arc<Authorizer>>,
    retries: RetryPolicy,
}

impl Transport {
    pub(crate) fn new(http: HttpClient, authorizer: Option<Arc<Authorizer>>, retries: RetryPolicy) -> Self {
        Self { http, authorizer, retries }
    }

    /// The retry policy of the client.
    pub(crate) fn retries(&self) -> &RetryPolicy {
        &self.retries
    }

    /// Sends a call whose response is a JSON document.
    pub(crate) async fn json<T>(&self, call: Call) -> Result<Response<T>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.decode(call, decode_json::<T>).await?.downcast()
    }

    /// Sends a call, and decodes the body of the response. The type of the value is erased, so that the attempts are
    /// compiled once instead of for every type.
    pub(crate) fn decode(&self, call: Call, decode: Decode) -> BoxFuture<'_, Result<Response<Decoded>>> {
        let decode = move |body: &[u8]| decode(body).map_err(Undecodable::from);
        Box::pin(self.run(call, move |call, response| buffered(call, response, decode)))
    }

    /// Sends a call whose response is the id of a commit, as text.
    pub(crate) async fn text(&self, call: Call) -> Result<Response<String>> {
        self.run(call, |call, response| buffered(call, response, decode_commit_id)).await
    }

    /// Sends a call whose response has no value. A body is read and ignored.
    pub(crate) async fn empty(&self, call: Call) -> Result<Response<()>> {
        let ignore = |_: &[u8]| Ok(());
        self.run(call, |call, response| buffered(call, response, ignore)).await
    }

    /// Sends a call whose response is a stream of bytes.
    pub(crate) async fn stream(&self, call: Call) -> Result<Response<ByteStream>> {
        self.run(call, |call, response| {
            let (status, headers) = (response.status(), response.headers().clone());
            let (operation, server_url) = (call.operation(), call.server_url().clone());
            let body = body_stream(response)
                .inspect_ok(|bytes| metrics::received(operation.id, bytes.len()))
                .map_err(move |error| error.during(operation.id, || operation.describe(&server_url)));
            future::ready(Ok(Response::new(ByteStream::new(body), status, headers)))
        })
        .await
    }

    /// Sends the request until it succeeds, or must not be retried.
    async fn run<T, F>(
        &self,
        mut call: Call,
        read: impl Fn(&Call, reqwest::Response) -> F + Send + Sync,
    ) -> Result<Response<T>>
    where
        T: Send,
        F: Future<Output = Result<Response<T>>> + Send,
    {
        call.add_option_headers()?;
        let span = telemetry::span(&call);
        async {
            let start = Instant::now();
            let meter = CallMeter::start(call.operation().id);
            let mut attempts = 0;
            let outcome = self.attempts(&mut call, start, &mut attempts, &meter, &read).await;
            telemetry::record(&span, &outcome, attempts, start.elapsed());
            meter.finish(outcome.as_ref().err());
            outcome
        }
        .instrument(span.clone())
        .await
    }

    async fn attempts<T, F>(
        &self,
        call: &mut Call,
        start: Instant,
        attempts: &mut u32,
        meter: &CallMeter,
        read: &(impl Fn(&Call, reqwest::Response) -> F + Send + Sync),
    ) -> Result<Response<T>>
    where
        T: Send,
        F: Future<Output = Result<Response<T>>> + Send,
    {
        let idempotent = call.class().is_idempotent();
        let limits = Limits::of(call);
        let mut outcome_unknown = false;
        let mut is_renewed = false;
        loop {
            let (mut request, monitor) = call.next_attempt();
            let sending = monitor.clone();
            // A login is a call of its own, with its own attempts.
            let authorization = match limits.prepare(self.authorization(call)).await {
                Ok(authorization) => authorization,
                Err(error) => return Err(unauthorized(call, error, *attempts, outcome_unknown)),
            };
            if let Some(value) = &authorization {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
            }
            if !call.is_at_storage() {
                self.http.trace(&mut request);
            }
            *attempts += 1;
            meter.attempt(&request);
            let attempt_start = Instant::now();
            let attempt = self.attempt(call, request, monitor, read);
            let Failure { error, retry_after } = match limits.attempt(call, attempt).await {
                Ok(response) => {
                    telemetry::attempted(*attempts, Ok(&response), attempt_start.elapsed());
                    self.http.retry_budget.succeed(*attempts);
                    return Ok(response);
                }
                Err(failure) => failure,
            };
            telemetry::attempted::<T>(*attempts, Err(&error), attempt_start.elapsed());
            meter.failed_attempt(&error);
            let not_applied = changed_nothing(call.operation().id, &error);
            let error = error.with_not_applied(not_applied);
            outcome_unknown |= !error.not_applied() && !idempotent;
            limits.set_outcome_unknown(outcome_unknown);
            if error.kind() == ErrorKind::Unauthenticated
                && let Some((authorizer, value)) = self.authorizer.as_ref().zip(authorization.as_ref())
            {
                // A body that cannot be sent again ends the call, and the next one renews the credentials.
                authorizer.reject(value);
                if !is_renewed && authorizer.renews() && call.lost_body().is_none() {
                    is_renewed = true;
                    match limits.prepare(authorizer.authorization()).await {
                        Ok(renewed) if renewed != *value => continue,
                        Ok(_) => {}
                        Err(error) => return Err(unauthorized(call, error, *attempts, outcome_unknown)),
                    }
                }
            }
            let allows = call.class().allows(&error) && !self.http.storage.is_out_of_reach(call, &error);
            if error.status().is_none() && sending.is_some_and(|sending| sending.is_partial()) {
                call.interrupt();
            }
            let (error, is_retried) = match call.lost_body().filter(|_| allows) {
                None => (error, allows),
                Some(why) => {
                    // A retry would have settled it.
                    outcome_unknown |= !error.not_applied();
                    (error.with_note(&format!("the data cannot be sent again: {why}")), false)
                }
            };
            let failed =
                FailedAttempt { attempts: *attempts, elapsed: start.elapsed(), retry_after, error: &error };
            let retries = call.options().retry_policy().unwrap_or(&self.retries);
            let backoff = if is_retried { self.http.retry_budget.backoff(retries, &failed) } else { None };
            let Some(backoff) = backoff.filter(|backoff| limits.allow(*backoff)) else {
                self.http.storage.record_failure(call, &error);
                return Err(call.with_context(error).after(*attempts, outcome_unknown));
            };
            telemetry::retrying(*attempts, backoff, &error);
            tokio::time::sleep(backoff).await;
        }
    }

    /// The credentials for a request. A storage gets none.
    async fn authorization(&self, call: &Call) -> Result<Option<HeaderValue>> {
        match &self.authorizer {
            Some(authorizer) if !call.is_at_storage() => authorizer.authorization().await.map(Some),
            _ => Ok(None),
        }
    }

    /// Sends the request once.
    async fn attempt<T, F>(
        &self,
        call: &Call,
        request: Request,
        monitor: Option<BodyMonitor>,
        read: &(impl Fn(&Call, reqwest::Response) -> F + Send + Sync),
    ) -> std::result::Result<Response<T>, Failure>
    where
        T: Send,
        F: Future<Output = Result<Response<T>>> + Send,
    {
        let mut response = send_request(&self.http, call, request, monitor).await?;
        let redirected = call.redirected(&response);
        let is_at_storage = call.is_at_storage() || redirected.is_some();
        if let Some(request) = redirected {
            response = send_request(&self.http, call, request, None).await?;
        }
        let is_status_of_success = response.status().is_success();
        if is_at_storage && is_status_of_success || !is_at_storage && is_success(call, &response) {
            return Ok(read(call, response).await?);
        }
        // Without a status of its own, a request with a large body would be sent again. Others are sent again soon, and an
        // incomplete body does not show who wrote it, on which the meaning of some statuses depends.
        let keeps_incomplete = call.has_streamed_body() || is_certain_without_body(response.status());
        let response = read_error_body(response, keeps_incomplete).await?;
        let retry_after = retry_after(&response.headers);
        let origin = call.origin(&response.url);
        let response = response.into_error_response();
        let error = if is_at_storage {
            Error::storage(&origin, response)
        } else if is_status_of_success {
            Error::foreign(&origin, response)
        } else {
            Error::response(&origin, response)
        };
        Err(Failure { error, retry_after })
    }
}

/// Whether a status means the same whoever wrote the response.
fn is_certain_without_body(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 400 | 404 | 405 | 408 | 409 | 410 | 499)
}

/// The error of a call whose credentials cannot be renewed. Before its first attempt, the attempts of a login count.
fn unauthorized(call: &Call, error: Error, attempts: u32, outcome_unknown: bool) -> Error {
    let attempts = if attempts == 0 { error.attempts() } else { attempts };
    call.with_context(error).after(attempts, outcome_unknown)
}

/// An attempt that failed.
struct Failure {
    error: Error,
    retry_after: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, retry_after: None }
    }
}

/// A body that cannot be decoded.
struct Undecodable {
    /// The body is a document of the expected format, but not of the expected shape.
    is_document: bool,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl From<serde_json::Error> for Undecodable {
    fn from(error: serde_json::Error) -> Self {
        Self { is_document: error.is_data(), source: error.into() }
    }
}

fn decode_commit_id(body: &[u8]) -> Result<String, Undecodable> {
    match std::str::from_utf8(body) {
        Ok(text) if is_commit_id(text) => Ok(text.to_owned()),
        Ok(_) => Err(Undecodable { is_document: false, source: "the text is not the id of a commit".into() }),
        Err(error) => Err(Undecodable { is_document: false, source: error.into() }),
    }
}

/// Reads the body of a success and decodes it.
fn buffered<T, D>(
    call: &Call,
    response: reqwest::Response,
    decode: D,
) -> impl Future<Output = Result<Response<T>>> + use<T, D>
where
    D: Fn(&[u8]) -> Result<T, Undecodable>,
{
    let (origin, operation) = (call.origin(response.url()), call.operation().id);
    async move {
        let response = read_body(response).await?;
        metrics::received(operation, response.body.len());
        match decode(&response.body) {
            Ok(value) => Ok(Response::new(value, response.status, response.headers)),
            Err(Undecodable { is_document, source }) => {
                Err(Error::decode(&origin, response.into_error_response(), is_document, source))
            }
        }
    }
}
