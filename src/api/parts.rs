//! The parts of a request, which its builder collects.

use std::fmt;

use futures::future::{self, BoxFuture};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::client::Client;
use crate::error::Result;
use crate::http::call::Call;
use crate::http::encode;
use crate::http::operation::Operation;
use crate::http::response::{ByteStream, Response};
use crate::http::send::{Decode, Decoded, decode_json};

const JSON: &str = "application/json";

/// What the contract says about the requests of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoint {
    pub(crate) operation: &'static Operation,
    /// The names of the parameters that must be set, as they go over the wire; `body` for the body.
    pub(crate) required: &'static [&'static str],
    /// Whether a successful response is JSON.
    pub(crate) accepts_json: bool,
}

/// The parts of one request. All request builders are thin, typed wrappers of it.
pub(crate) struct RequestParts<'a> {
    client: &'a Client,
    endpoint: Endpoint,
    path: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<RequestBody>,
}

/// The body of a request, and its media type.
enum RequestBody {
    Json(serde_json::Result<Vec<u8>>),
    Raw(&'static str, Body),
}

impl<'a> RequestParts<'a> {
    pub(crate) fn new(client: &'a Client, endpoint: Endpoint) -> Self {
        Self { client, endpoint, path: Vec::new(), query: Vec::new(), headers: Vec::new(), body: None }
    }

    /// Sets a parameter of the path.
    pub(crate) fn path(&mut self, name: &'static str, value: String) {
        replace(&mut self.path, name, [value]);
    }

    /// Sets a parameter of the query.
    pub(crate) fn query(&mut self, name: &'static str, value: String) {
        replace(&mut self.query, name, [value]);
    }

    /// Sets a parameter of the query that is a list: its key is repeated.
    pub(crate) fn query_list(&mut self, name: &'static str, values: Vec<String>) {
        replace(&mut self.query, name, values);
    }

    /// Sets a header.
    pub(crate) fn header(&mut self, name: &'static str, value: String) {
        replace(&mut self.headers, name, [value]);
    }

    /// Sets a JSON body.
    pub(crate) fn json_body(&mut self, body: &impl Serialize) {
        self.body = Some(RequestBody::Json(serde_json::to_vec(body)));
    }

    /// Sets a body that is sent as it is.
    pub(crate) fn raw_body(&mut self, media_type: &'static str, body: Body) {
        self.body = Some(RequestBody::Raw(media_type, body));
    }

    /// Returns the call of these parts.
    pub(crate) fn call(self) -> Result<Call> {
        let options = self.client.options().clone();
        Call::new(self.endpoint.operation, self.request(), options)
    }

    pub(crate) async fn send_json<T>(self) -> Result<Response<T>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.decode(decode_json::<T>).await?.downcast()
    }

    pub(crate) async fn send_text(self) -> Result<Response<String>> {
        let client = self.client;
        client.transport().text(self.call()?).await
    }

    pub(crate) async fn send_empty(self) -> Result<Response<()>> {
        let client = self.client;
        client.transport().empty(self.call()?).await
    }

    pub(crate) async fn send_stream(self) -> Result<Response<ByteStream>> {
        let client = self.client;
        client.transport().stream(self.call()?).await
    }

    /// Sends the request and decodes the body. Not generic, so that it is compiled once.
    fn decode(self, decode: Decode) -> BoxFuture<'a, Result<Response<Decoded>>> {
        let transport = self.client.transport();
        match self.call() {
            Ok(call) => transport.decode(call, decode),
            Err(error) => Box::pin(future::ready(Err(error))),
        }
    }

    /// Builds the request.
    ///
    /// # Errors
    /// A message, if a required parameter is missing or a value cannot be sent.
    fn request(self) -> std::result::Result<Request, String> {
        let operation = self.endpoint.operation;
        let is_set = |name: &str| {
            let parameters = [&self.path, &self.query, &self.headers];
            (name == "body" && self.body.is_some())
                || parameters.into_iter().flatten().any(|(parameter, _)| *parameter == name)
        };
        if let Some(missing) = self.endpoint.required.iter().find(|name| !is_set(name)) {
            return Err(format!("`{missing}` is not set"));
        }

        let method = Method::from_bytes(operation.method.as_bytes()).map_err(|error| error.to_string())?;
        let parameter = |name: &str| {
            self.path.iter().find(|(parameter, _)| *parameter == name).map(|(_, value)| &**value)
        };
        let url = encode::url(self.client.base(), operation.path, parameter, &self.query)?;
        let mut request = Request::new(method, url);
        if self.endpoint.accepts_json {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static(JSON));
        }
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            let value = HeaderValue::try_from(value)
                .map_err(|_| format!("the value of `{name}` is not a valid header value"))?;
            request.headers_mut().insert(name, value);
        }
        let (media_type, body) = match self.body {
            None => return Ok(request),
            Some(RequestBody::Json(Ok(json))) => (JSON, json.into()),
            Some(RequestBody::Json(Err(error))) => {
                return Err(format!("the body cannot be serialized: {error}"));
            }
            Some(RequestBody::Raw(media_type, body)) => (media_type, body),
        };
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        *request.body_mut() = Some(body);
        Ok(request)
    }
}

/// Values may be secrets, so only names are printed.
impl fmt::Debug for RequestParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [&self.path, &self.query, &self.headers].into_iter().flatten().map(|(name, _)| name);
        f.debug_struct("RequestParts")
            .field("operation", &self.endpoint.operation.id)
            .field("parameters", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn replace(
    parameters: &mut Vec<(&'static str, String)>,
    name: &'static str,
    values: impl IntoIterator<Item = String>,
) {
    parameters.retain(|(parameter, _)| *parameter != name);
    parameters.extend(values.into_iter().map(|value| (name, value)));
}
