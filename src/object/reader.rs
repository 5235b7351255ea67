//! Reading objects.

use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use futures::{Stream, ready};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::api::{ByteStream, Response};
use crate::object::check::Check;
use crate::object::{Object, Progress};
use crate::request::{When as _, awaits};
use crate::transport::Call;
use crate::{Error, Result};

/// Reads an object into memory; see [`Object::read`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Read(Get);

/// Opens an object for reading; see [`Object::reader`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Open(Get);

/// What the two ask for.
#[derive(Clone, Debug)]
struct Get {
    object: Object,
    range: Option<Part>,
    if_none_match: Option<String>,
    presign: Option<bool>,
    unverified: bool,
    progress: Progress,
}

/// A part of an object, as a header can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// From this byte to this one, which is the last; or to the end.
    Range(u64, Option<u64>),
    /// The last so many bytes.
    Last(u64),
    /// Nothing, which no header can name.
    Nothing,
}

impl Part {
    pub(super) fn of(range: impl RangeBounds<u64>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => match before.checked_add(1) {
                Some(start) => start,
                None => return Self::Nothing,
            },
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(&last) => Some(last),
            Bound::Excluded(&end) => match end.checked_sub(1) {
                Some(last) => Some(last),
                None => return Self::Nothing,
            },
            Bound::Unbounded => None,
        };
        if last.is_some_and(|last| last < start) { Self::Nothing } else { Self::Range(start, last) }
    }

    pub(super) fn header(self) -> Option<String> {
        match self {
            Self::Range(start, Some(last)) => Some(format!("bytes={start}-{last}")),
            Self::Range(start, None) => Some(format!("bytes={start}-")),
            Self::Last(0) | Self::Nothing => None,
            Self::Last(bytes) => Some(format!("bytes=-{bytes}")),
        }
    }
}

impl Get {
    fn call(&self) -> Result<Call> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let api = repository.client.api();
        let request = api
            .get_object()
            .repository(repository.name())
            .ref_(reference.expression())
            .path(self.object.path())
            .when(self.if_none_match.as_deref(), |request, tag| request.if_none_match(tag))
            .when(self.presign, |request, presign| request.presign(presign));
        let range = self.range.map(Part::header);
        let request = request.when(range.clone().flatten(), |request, range| request.range(range));
        let call = request.call()?;
        if range == Some(None) {
            return Err(call.invalid("the range is empty"));
        }
        Ok(call)
    }

    fn check(&self, call: &Call) -> Check {
        Check::new(call.describe(), self.range.is_none() && !self.unverified)
    }
}

macro_rules! options {
    ($request:ident) => {
        impl $request {
            pub(super) fn new(object: Object) -> Self {
                Self(Get {
                    object,
                    range: None,
                    if_none_match: None,
                    presign: None,
                    unverified: false,
                    progress: Progress::default(),
                })
            }

            /// Only these bytes, counted from 0. What lies behind the end of the object is not missed, but a range
            /// that begins there is an error.
            pub fn range(mut self, bytes: impl RangeBounds<u64>) -> Self {
                self.0.range = Some(Part::of(bytes));
                self
            }

            /// Only the last so many bytes, or all of it where it is shorter.
            pub fn last(mut self, bytes: u64) -> Self {
                self.0.range = Some(Part::Last(bytes));
                self
            }

            /// Only if the object is not the one with this entity tag, quotes included.
            ///
            /// # Errors
            /// The read fails with [`NotModified`](crate::ErrorKind::NotModified) where it is.
            pub fn if_none_match(mut self, tag: impl Into<String>) -> Self {
                self.0.if_none_match = Some(tag.into());
                self
            }

            /// Whether the bytes are held against the checksum of the object, as they are unless it is said otherwise. Of
            /// an object whose checksum is no MD5, and of a part of an object, only the length can be.
            ///
            /// A storage may have checksums that look like an MD5 of the data and are not: of objects that were imported
            /// from a bucket with encryption by a key management service, for one.
            pub fn verify(mut self, yes: bool) -> Self {
                self.0.unverified = !yes;
                self
            }

            /// Who is told how far the reading has come.
            pub fn progress(mut self, progress: impl Into<Progress>) -> Self {
                self.0.progress = progress.into();
                self
            }

            /// From the storage itself, to which the server redirects with a signed address. Not every storage can.
            pub fn presign(mut self, yes: bool) -> Self {
                self.0.presign = yes.then_some(true);
                self
            }
        }
    };
}

options!(Read);
options!(Open);

impl Read {
    async fn send(self) -> Result<Bytes> {
        let call = self.0.call()?;
        let mut check = self.0.check(&call);
        let api = self.0.object.reference().repository().client.api();
        let reply = api.transport().bytes(call).await?;
        check.expect(&reply);
        check.take(&reply);
        check.end()?;
        self.0.progress.expect(1, Some(reply.len() as u64));
        self.0.progress.advance(reply.len() as u64);
        self.0.progress.finish_item();
        Ok(reply.into_inner())
    }
}

awaits!(Read => Bytes);

impl Open {
    async fn send(self) -> Result<ObjectReader> {
        let call = self.0.call()?;
        let mut check = self.0.check(&call);
        let api = self.0.object.reference().repository().client.api();
        let reply = api.transport().stream(call).await?;
        check.expect(&reply);
        Ok(ObjectReader::new(reply, check, self.0.progress))
    }

    /// Reads the object into a file. The file has its name only when all of it is there, verified and on the disk: until
    /// then it is a temporary one beside it, which goes away with a failure. What had the name before is replaced.
    ///
    /// Answers how many bytes it has.
    ///
    /// ```
    /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
    /// let bytes = object.reader().progress(|now: lakefs::Transferred| println!("{}", now.bytes)).download_to("data.csv").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Object::reader`]; [`Integrity`](crate::ErrorKind::Integrity): what came is not the object;
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the file cannot be written, with the path and the cause.
    pub async fn download_to(self, path: impl AsRef<Path>) -> Result<u64> {
        super::download::to_file(self.await?, path.as_ref()).await
    }
}

awaits!(Open => ObjectReader);

/// The bytes of an object as they arrive: a stream of chunks, and a reader.
///
/// ```
/// use tokio::io::AsyncBufReadExt as _;
///
/// # async fn example(object: lakefs::Object) -> Result<(), Box<dyn std::error::Error>> {
/// let mut lines = object.reader().await?.lines();
/// while let Some(line) = lines.next_line().await? {
///     println!("{line}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ObjectReader {
    body: ByteStream,
    check: Check,
    progress: Progress,
    /// What has arrived and was not read.
    chunk: Bytes,
    length: Option<u64>,
    content_type: Option<String>,
    entity_tag: Option<String>,
}

impl ObjectReader {
    fn new(reply: Response<ByteStream>, check: Check, progress: Progress) -> Self {
        progress.expect(1, check.length());
        let text = |name: &str| reply.header(name).map(str::to_owned);
        Self {
            length: check.length(),
            check,
            progress,
            content_type: text("content-type"),
            entity_tag: text("etag"),
            chunk: Bytes::new(),
            body: reply.into_inner(),
        }
    }

    /// What is being read, for messages.
    pub(super) fn action(&self) -> &str {
        self.check.action()
    }

    /// The next bytes from the server, counted and held against the checksum at the end.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let item = ready!(Pin::new(&mut self.body).poll_next(cx));
        match &item {
            Some(Ok(chunk)) => {
                self.check.take(chunk);
                self.progress.advance(chunk.len() as u64);
            }
            None if self.check.is_open() => {
                self.check.end()?;
                self.progress.finish_item();
            }
            _ => {}
        }
        Poll::Ready(item)
    }

    /// How many bytes will come, in all.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The media type of the object.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The entity tag of the object, quotes included, for `if_none_match`.
    #[must_use]
    pub fn entity_tag(&self) -> Option<&str> {
        self.entity_tag.as_deref()
    }
}

impl Stream for ObjectReader {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.chunk.is_empty() {
            self.poll_body(cx)
        } else {
            Poll::Ready(Some(Ok(std::mem::take(&mut self.chunk))))
        }
    }
}

impl AsyncBufRead for ObjectReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.chunk.is_empty() {
            match ready!(this.poll_body(cx)) {
                Some(chunk) => this.chunk = chunk?,
                None => break,
            }
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(mut self: Pin<&mut Self>, bytes: usize) {
        self.chunk.advance(bytes);
    }
}

impl AsyncRead for ObjectReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let chunk = ready!(self.as_mut().poll_fill_buf(cx))?;
        let bytes = chunk.len().min(buf.remaining());
        buf.put_slice(&chunk[..bytes]);
        self.consume(bytes);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_header_or_nothing() {
        let header = |part: Part| part.header();
        assert_eq!(header(Part::of(0..1024)).as_deref(), Some("bytes=0-1023"));
        assert_eq!(header(Part::of(5..=5)).as_deref(), Some("bytes=5-5"));
        assert_eq!(header(Part::of(7..)).as_deref(), Some("bytes=7-"));
        assert_eq!(header(Part::of(..3)).as_deref(), Some("bytes=0-2"));
        assert_eq!(header(Part::of(..)).as_deref(), Some("bytes=0-"));
        assert_eq!(header(Part::Last(9)).as_deref(), Some("bytes=-9"));
        #[expect(clippy::reversed_empty_ranges, reason = "what a caller may compute")]
        for part in [Part::of(0..0), Part::of(5..5), Part::of(7..3), Part::Last(0)] {
            assert_eq!(header(part), None, "{part:?}");
        }
    }
}
