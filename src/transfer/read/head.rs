//! Reads the headers of an object.

use std::ops::RangeBounds;
use std::time::SystemTime;

use crate::error::Result;
use crate::http::call::Call;
use crate::macros::{ApplyIfSome as _, impl_into_future};
use crate::scope::ObjectScope;
use crate::transfer::read::byte_range::ByteRange;
use crate::transfer::read::headers::ObjectHeaders;
use crate::transfer::read::unidentified;

/// Reads the headers of an object; see [`Object::head`](crate::Object::head).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct HeadRequest {
    object: ObjectScope,
    range: Option<ByteRange>,
}

/// The headers of an object. A header that the server or a proxy leaves out is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectHead {
    /// The size of the object, in bytes.
    pub size: Option<u64>,
    /// The number of bytes that a read of the same range returns.
    pub length: Option<u64>,
    /// The media type.
    pub content_type: Option<String>,
    /// The ETag, with its quotes, as `if_none_match` takes it.
    pub etag: Option<String>,
    /// When the object was modified.
    pub last_modified: Option<SystemTime>,
}

impl ObjectHead {
    fn new(headers: ObjectHeaders) -> Self {
        let ObjectHeaders { content_type, etag, last_modified, content_length, size, .. } = headers;
        Self { size, length: content_length, content_type, etag, last_modified }
    }
}

impl HeadRequest {
    pub(crate) fn new(object: ObjectScope) -> Self {
        Self { object, range: None }
    }

    /// Returns the headers that a read of this byte range has. Positions count from 0. Default: the whole object.
    pub fn range(mut self, bytes: impl RangeBounds<u64>) -> Self {
        self.range = ByteRange::new(bytes).part();
        self
    }

    async fn execute(self) -> Result<ObjectHead> {
        Ok(ObjectHead::new(self.headers().await?))
    }

    pub(crate) async fn headers(&self) -> Result<ObjectHeaders> {
        let transport = self.object.api().transport();
        let response = match transport.empty(self.call()?).await {
            Ok(response) => response,
            Err(error) => {
                let expected = unidentified::expected(&self.object, error).await?;
                let response = transport.empty(self.call()?.accept_unidentified()).await?;
                unidentified::identified(response, expected)?
            }
        };
        Ok(ObjectHeaders::of(&response))
    }

    fn call(&self) -> Result<Call> {
        let object = &self.object;
        let range = self.range.map(ByteRange::header);
        let request = object
            .api()
            .head_object()
            .repository(object.repository().name())
            .ref_(object.reference().expression())
            .path(object.path())
            .apply_if_some(range.clone().flatten(), |request, range| request.range(range));
        let call = request.call()?;
        if range == Some(None) {
            return Err(call.invalid("the range is empty"));
        }
        Ok(call)
    }
}

impl_into_future!(HeadRequest { object } => ObjectHead);
