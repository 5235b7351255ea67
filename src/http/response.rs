//! Successful responses.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{StatusCode, Url};

use crate::error::{Error, ErrorKind, ErrorResponse, Result};

/// The header with the identifier that lakeFS gives to a request.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// The same header of the storages S3, Azure and Google.
const STORAGE_REQUEST_IDS: [&str; 3] = ["x-amz-request-id", "x-ms-request-id", "x-guploader-uploadid"];

/// A successful response: its value, with status and headers.
#[derive(Clone, Debug)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, status: StatusCode, headers: HeaderMap) -> Self {
        Self { value, status, headers }
    }

    /// Returns the value, and drops status and headers.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns a reference to the value.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Returns a header of the response. `None` if it is missing or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    /// Returns the identifier of the request in the logs of the server.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header(REQUEST_ID)
    }
}

impl Response<Box<dyn Any + Send>> {
    /// Returns the response with the value as the type that it was decoded as.
    pub(crate) fn downcast<T: 'static>(self) -> Result<Response<T>> {
        let Self { value, status, headers } = self;
        match value.downcast() {
            Ok(value) => Ok(Response { value: *value, status, headers }),
            Err(_) => Err(Error::new(ErrorKind::Decode, "", "the body was decoded as another type")),
        }
    }
}

/// The body of a response as a stream of bytes.
pub struct ByteStream(Pin<Box<dyn Stream<Item = Result<Bytes>> + Send + Sync>>);

impl ByteStream {
    pub(crate) fn new(stream: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static) -> Self {
        Self(Box::pin(stream))
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}

/// A response whose body has been read.
pub(super) struct BufferedResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The URL that sent it: that of the storage for a redirected read.
    pub(super) url: Url,
}

impl BufferedResponse {
    /// As plain data, for errors.
    pub(super) fn into_error_response(self) -> ErrorResponse {
        let Self { status, headers, body, .. } = self;
        let names = || std::iter::once(REQUEST_ID).chain(STORAGE_REQUEST_IDS);
        ErrorResponse {
            status: status.as_u16(),
            media_type: text(&headers, CONTENT_TYPE.as_str()).map(str::to_owned),
            request_id: names().find_map(|name| text(&headers, name)).map(str::to_owned),
            body,
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
