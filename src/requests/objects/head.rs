//! The headers of an object.

use std::ops::RangeBounds;
use std::time::SystemTime;

use crate::Object;
use crate::Result;
use crate::api::Response;
use crate::requests::support::{When as _, awaits};
use crate::transfer::read::byte_range::Part;

/// Reads the headers of an object; see [`Object::head`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Head {
    object: Object,
    range: Option<Part>,
}

/// What the headers of an object say. What a server or a proxy leaves out is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectHead {
    /// How many bytes the object has.
    pub size: Option<u64>,
    /// How many bytes a read of the same range would give.
    pub length: Option<u64>,
    /// The media type.
    pub content_type: Option<String>,
    /// The entity tag, quotes included, for `if_none_match`.
    pub etag: Option<String>,
    /// When it was written.
    pub last_modified: Option<SystemTime>,
}

impl ObjectHead {
    fn new(reply: &Response<()>) -> Self {
        let text = |name: &str| reply.header(name).map(str::to_owned);
        let length = reply.header("content-length").and_then(|length| length.parse().ok());
        let size = match reply.header("content-range") {
            Some(range) => range.rsplit_once('/').and_then(|(_, size)| size.parse().ok()),
            None => length,
        };
        Self {
            size,
            length,
            content_type: text("content-type"),
            etag: text("etag"),
            last_modified: last_modified(reply),
        }
    }
}

/// When the object of a reply was written, as far as it says so.
pub(crate) fn last_modified<T>(reply: &Response<T>) -> Option<SystemTime> {
    httpdate::parse_http_date(reply.header("last-modified")?).ok()
}

impl Head {
    pub(crate) fn new(object: Object) -> Self {
        Self { object, range: None }
    }

    /// As a read of only these bytes, counted from 0.
    pub fn range(mut self, bytes: impl RangeBounds<u64>) -> Self {
        self.range = Some(Part::of(bytes));
        self
    }

    async fn send(self) -> Result<ObjectHead> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let api = repository.api();
        let range = self.range.map(Part::header);
        let request = api
            .head_object()
            .repository(repository.name())
            .ref_(reference.expression())
            .path(self.object.path())
            .when(range.clone().flatten(), |request, range| request.range(range));
        let call = request.call()?;
        if range == Some(None) {
            return Err(call.invalid("the range is empty"));
        }
        Ok(ObjectHead::new(&api.transport().empty(call).await?))
    }
}

awaits!(Head => ObjectHead);
