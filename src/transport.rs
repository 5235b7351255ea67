//! The one way to the server, and to its storage: credentials, retries, tracing, and the reading of replies.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::future::{self, BoxFuture, Either};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Method, Request, StatusCode, Url};
use serde::de::DeserializeOwned;
use tracing::{Instrument as _, Span, field};

use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operation;
use crate::outgoing::{Flow, Outgoing};
use crate::reply::{ByteStream, Response};
use crate::retry::{self, Check, Retries, Safety};

/// How much of the body of an error is kept.
const ERROR_BODY: usize = 64 * 1024;

/// Sends requests and reads replies.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: Http,
    authorizer: Option<Arc<dyn Authorize>>,
    retries: Retries,
}

/// What sends requests.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// It may know a limit to the silence of the server, which it counts from the beginning of a request.
    pub(crate) client: reqwest::Client,
    /// It knows no such limit, for bodies that take their time; and follows no redirects, which a body cannot.
    pub(crate) patient: reqwest::Client,
    /// How long the server may be silent after it has all of a body.
    pub(crate) silence: Option<Duration>,
}

/// Knows what to send in `Authorization`.
pub(crate) trait Authorize: fmt::Debug + Send + Sync {
    /// What to send. `refused` is what the server did not accept just now.
    fn authorization<'a>(&'a self, refused: Option<&'a HeaderValue>) -> BoxFuture<'a, Result<HeaderValue>>;

    /// Whether what the server did not accept can be had anew.
    fn renews(&self) -> bool;
}

/// One call of an operation.
pub(crate) struct Call {
    operation: &'static Operation,
    request: Request,
    safety: Safety,
    body: Option<Outgoing>,
    /// The body was a stream, and is gone.
    spent: bool,
    /// Of a request to the storage: the one to the server that it belongs to, for messages. Its own is signed, and a secret.
    instead_of: Option<Url>,
}

impl Call {
    /// Creates a call of the request that its builder made, or of the message that says why it made none.
    pub(crate) fn new(
        operation: &'static Operation,
        request: std::result::Result<Request, String>,
    ) -> Result<Self> {
        match request {
            Ok(request) => {
                let safety = Safety::of(operation.id);
                Ok(Self { operation, request, safety, body: None, spent: false, instead_of: None })
            }
            Err(message) => {
                let action = || operation.id.replace('_', " ");
                Err(Error::invalid(action(), message).during(operation.id, action))
            }
        }
    }

    /// A call of the storage in place of the server, at an address that the server has signed. It shows no credentials.
    pub(crate) fn at_storage(self, operation: &'static Operation, signed: Option<&str>) -> Result<Self> {
        let signed = signed.ok_or("the server gives no signed address");
        match signed
            .and_then(|signed| Url::parse(signed).map_err(|_| "what the server has signed is no address"))
        {
            Ok(signed) => {
                let request = Request::new(Method::PUT, signed);
                let instead_of = Some(self.request.url().clone());
                Ok(Self { operation, request, safety: Safety::Storage, instead_of, ..self })
            }
            Err(why) => Err(self.explain(Error::new(ErrorKind::Decode, "", why))),
        }
    }

    /// Sets a header of the request.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let name = reqwest::header::HeaderName::try_from(name);
        let value = HeaderValue::try_from(value);
        match (name, value) {
            (Ok(name), Ok(value)) => {
                self.request.headers_mut().insert(name, value);
                Ok(self)
            }
            (Err(_), _) => Err(self.invalid("a name that cannot be sent as an HTTP header")),
            (_, Err(_)) => Err(self.invalid("a value that cannot be sent as an HTTP header")),
        }
    }

    /// The body, in place of what the request has.
    pub(crate) fn body(mut self, body: Outgoing) -> Self {
        self.body = Some(body);
        self
    }

    /// Another safety than the one in the table, where this call is known to differ from its operation.
    pub(crate) fn safety(mut self, safety: Safety) -> Self {
        self.safety = safety;
        self
    }

    /// An error of this call, before anything is sent.
    pub(crate) fn invalid(&self, message: impl Into<String>) -> Error {
        self.explain(Error::invalid("", message))
    }

    fn explain(&self, error: Error) -> Error {
        error.during(self.operation.id, || self.describe())
    }

    /// What is being done, for messages.
    pub(crate) fn describe(&self) -> String {
        self.operation.describe(self.url())
    }

    /// The address of the server that it is about.
    fn url(&self) -> &Url {
        self.instead_of.as_ref().unwrap_or(self.request.url())
    }

    fn is_at_storage(&self) -> bool {
        self.instead_of.is_some()
    }

    /// The request for the next attempt, and what is seen of its body.
    fn attempt(&mut self) -> (Request, Option<Flow>) {
        let mut request = if let Some(copy) = self.request.try_clone() {
            copy
        } else {
            self.spent = true;
            let mut request = Request::new(self.request.method().clone(), self.request.url().clone());
            *request.headers_mut() = self.request.headers().clone();
            *request.body_mut() = self.request.body_mut().take();
            request
        };
        let (chunks, length) = match &mut self.body {
            None => return (request, None),
            Some(Outgoing::Anew(body)) => {
                let (chunks, length) = body();
                (chunks, Some(length))
            }
            Some(Outgoing::Once(chunks, length)) => {
                self.spent = true;
                let chunks = chunks.get_mut().unwrap_or_else(PoisonError::into_inner).take();
                (chunks.unwrap_or_else(|| stream::empty().boxed()), *length)
            }
        };
        if let Some(length) = length {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        let flow = Flow::new();
        *request.body_mut() = Some(flow.body(chunks));
        (request, Some(flow))
    }

    fn span(&self) -> Span {
        let span = tracing::info_span!(
            "lakefs",
            operation = self.operation.id,
            method = self.operation.method,
            repository = field::Empty,
            reference = field::Empty,
            status = field::Empty,
            request_id = field::Empty,
            attempts = field::Empty,
            elapsed_ms = field::Empty,
        );
        if !span.is_disabled() {
            let parameter = |name| self.operation.parameter(self.url(), name);
            if let Some(repository) = parameter("repository") {
                span.record("repository", &*repository);
            }
            if let Some(reference) = parameter("branch").or_else(|| parameter("ref")) {
                span.record("reference", &*reference);
            }
        }
        span
    }
}

/// A decoded body, of a type that the caller knows.
pub(crate) type Decoded = Box<dyn Any + Send>;

/// Decodes a body.
pub(crate) type Decode = fn(&[u8]) -> serde_json::Result<Decoded>;

/// Decodes a JSON body into a value of type `T`.
pub(crate) fn decode_json<T: DeserializeOwned + Send + 'static>(body: &[u8]) -> serde_json::Result<Decoded> {
    Ok(Box::new(serde_json::from_slice::<T>(body)?))
}

impl Transport {
    pub(crate) fn new(http: Http, authorizer: Option<Arc<dyn Authorize>>, retries: Retries) -> Self {
        Self { http, authorizer, retries }
    }

    /// How often and how long this client repeats what failed.
    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }

    /// Calls, and reads a JSON document.
    pub(crate) async fn json<T>(&self, call: Call) -> Result<Response<T>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.decode(call, decode_json::<T>).await?.downcast()
    }

    /// Calls, and decodes the body. The type of the value is erased, so that calls are compiled once instead of for every type.
    pub(crate) fn decode(&self, call: Call, decode: Decode) -> BoxFuture<'_, Result<Response<Decoded>>> {
        Box::pin(self.run(call, move |_, reply| async move {
            let (status, headers, body) = whole(reply).await?;
            match decode(&body) {
                Ok(value) => Ok(Response::new(value, status, headers)),
                Err(error) => Err(Error::decode(status, &headers, body, error)),
            }
        }))
    }

    /// Calls, and reads a text.
    pub(crate) async fn text(&self, call: Call) -> Result<Response<String>> {
        self.run(call, |_, reply| async move {
            let (status, headers, body) = whole(reply).await?;
            match String::from_utf8(body.to_vec()) {
                Ok(text) => Ok(Response::new(text, status, headers)),
                Err(error) => Err(Error::decode(status, &headers, body, error)),
            }
        })
        .await
    }

    /// Calls, and reads the reply to its end, which says nothing.
    pub(crate) async fn empty(&self, call: Call) -> Result<Response<()>> {
        let gone_is_done = call.safety == Safety::CheckAfter(Check::Gone);
        let outcome = self
            .run(call, |_, reply| async move {
                let (status, headers, _) = whole(reply).await?;
                Ok(Response::new((), status, headers))
            })
            .await;
        match outcome {
            Err(error) if gone_is_done && error.kind() == ErrorKind::NotFound && error.is_uncertain() => {
                Ok(Response::new((), StatusCode::NO_CONTENT, HeaderMap::new()))
            }
            outcome => outcome,
        }
    }

    /// Calls, and leaves the body to be read.
    pub(crate) async fn stream(&self, call: Call) -> Result<Response<ByteStream>> {
        self.run(call, |call, reply| {
            let (status, headers) = (reply.status(), reply.headers().clone());
            let (operation, url) = (call.operation, call.request.url().clone());
            let body = reply.bytes_stream().map_err(move |error| {
                Error::transport(error).during(operation.id, || operation.describe(&url))
            });
            std::future::ready(Ok(Response::new(ByteStream::new(body), status, headers)))
        })
        .await
    }

    /// Sends the request until it succeeds, or must not be sent again.
    async fn run<T, F>(
        &self,
        mut call: Call,
        read: impl Fn(&Call, reqwest::Response) -> F + Send + Sync,
    ) -> Result<Response<T>>
    where
        T: Send,
        F: Future<Output = Result<Response<T>>> + Send,
    {
        let span = call.span();
        async {
            let start = Instant::now();
            let (mut attempts, mut uncertain) = (0, false);
            let (mut authorization, mut refused) = (None, None);
            let outcome = loop {
                let (mut request, flow) = call.attempt();
                if let Some(authorizer) = self.authorizer.as_ref().filter(|_| !call.is_at_storage()) {
                    // To log in is a call of its own, with its own attempts.
                    authorization = match authorizer.authorization(refused.as_ref()).await {
                        Ok(value) => Some(value),
                        Err(error) => break Err(error),
                    };
                }
                if let Some(value) = &authorization {
                    request.headers_mut().insert(AUTHORIZATION, value.clone());
                }
                attempts += 1;
                let Failure { error, retry_after } = match self.once(&call, request, flow, &read).await {
                    Ok(reply) => break Ok(reply),
                    Err(failure) => failure,
                };
                let harmless = matches!(call.safety, Safety::Idempotent | Safety::Storage);
                uncertain |= !error.was_refused() && !harmless;
                if error.kind() == ErrorKind::Unauthenticated
                    && refused.is_none()
                    && self.renews()
                    && !call.spent
                {
                    refused = authorization.take();
                    continue;
                }
                let again = !call.spent && call.safety.allows(&error);
                let wait =
                    if again { self.retries.wait(attempts, start.elapsed(), retry_after) } else { None };
                let Some(wait) = wait else { break Err(call.explain(error).after(attempts, uncertain)) };
                tracing::debug!(attempts, ?wait, %error, "lakeFS call failed, trying again");
                tokio::time::sleep(wait).await;
            };
            record(&span, &outcome, attempts, start.elapsed());
            outcome
        }
        .instrument(span.clone())
        .await
    }

    /// Sends a body, and waits for the reply for as long as the server may be silent then.
    async fn send(&self, request: Request, flow: &Flow) -> Result<reqwest::Response> {
        let silent = async {
            match self.http.silence {
                Some(time) => flow.silent(time).await,
                None => std::future::pending().await,
            }
        };
        match future::select(pin!(self.http.patient.execute(request)), pin!(silent)).await {
            Either::Left((Ok(reply), _)) => Ok(reply),
            Either::Left((Err(error), _)) => Err(match flow.failure() {
                Some(failure) => Error::unreadable(failure),
                None => Error::transport(error),
            }),
            Either::Right(_) => Err(Error::silent()),
        }
    }

    fn renews(&self) -> bool {
        self.authorizer.as_ref().is_some_and(|authorizer| authorizer.renews())
    }

    /// Sends the request once.
    async fn once<T, F>(
        &self,
        call: &Call,
        request: Request,
        flow: Option<Flow>,
        read: impl Fn(&Call, reqwest::Response) -> F + Send + Sync,
    ) -> std::result::Result<Response<T>, Failure>
    where
        T: Send,
        F: Future<Output = Result<Response<T>>> + Send,
    {
        let (method, url) = (request.method().clone(), request.url().clone());
        let reply = match flow {
            None => self.http.client.execute(request).await.map_err(Error::transport)?,
            Some(flow) => self.send(request, &flow).await?,
        };
        // What was sent on to somewhere else is not where it was signed for, if it is anywhere.
        let elsewhere = call.is_at_storage() && *reply.url() != url;
        if reply.status().is_success() && !elsewhere {
            return Ok(read(call, reply).await?);
        }
        let (status, headers) = (reply.status(), reply.headers().clone());
        let body = beginning(reply).await?;
        let error = if call.is_at_storage() {
            Error::storage(status, &headers, &body, elsewhere)
        } else {
            Error::reply(call.operation.id, &method, status, &headers, body)
        };
        Err(Failure { error, retry_after: retry::retry_after(&headers) })
    }
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

fn record<T>(span: &Span, outcome: &Result<Response<T>>, attempts: u32, elapsed: Duration) {
    if span.is_disabled() {
        return;
    }
    let (status, request_id) = match outcome {
        Ok(reply) => (Some(reply.status()), reply.request_id()),
        Err(error) => (error.status(), error.request_id()),
    };
    if let Some(status) = status {
        span.record("status", status);
    }
    if let Some(request_id) = request_id {
        span.record("request_id", request_id);
    }
    span.record("attempts", attempts);
    span.record("elapsed_ms", u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
    if let Err(error) = outcome {
        tracing::debug!(%error, "lakeFS call failed");
    }
}

async fn whole(reply: reqwest::Response) -> Result<(StatusCode, HeaderMap, Bytes)> {
    let (status, headers) = (reply.status(), reply.headers().clone());
    Ok((status, headers, reply.bytes().await.map_err(Error::transport)?))
}

/// The beginning of a body, which is all of it for any error that lakeFS writes.
async fn beginning(mut reply: reqwest::Response) -> Result<Bytes> {
    let mut body = BytesMut::new();
    while body.len() < ERROR_BODY {
        let Some(chunk) = reply.chunk().await.map_err(Error::transport)? else { break };
        body.extend_from_slice(&chunk[..chunk.len().min(ERROR_BODY - body.len())]);
    }
    Ok(body.freeze())
}
