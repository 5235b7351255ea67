//! What comes back from a call that succeeds.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::{Error, ErrorKind, Result, error};

/// A successful reply: its value, and what came with it.
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

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header of the reply, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's identifier of the request, to look up in its logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header(error::REQUEST_ID)
    }
}

impl Response<Box<dyn Any + Send>> {
    /// The response with the value that was decoded.
    pub(crate) fn downcast<T: 'static>(self) -> Result<Response<T>> {
        let Self { value, status, headers } = self;
        match value.downcast() {
            Ok(value) => Ok(Response { value: *value, status, headers }),
            Err(_) => Err(Error::new(ErrorKind::Decode, "", "the body was decoded as another type")),
        }
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Bytes as they arrive.
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
