//! The reader of an object.

use std::io::{self, SeekFrom};
#[cfg(feature = "fs")]
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, ReadBuf};
use tokio_util::sync::ReusableBoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::transfer::progress::Progress;
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::headers::ObjectHeaders;
use crate::transfer::read::resumable_body::ResumableBody;
#[cfg(feature = "fs")]
use crate::transfer::read::verifier::Verifier;
use crate::transfer::read::verifier::{OnMismatch, StreamVerifier};

/// The longest forward seek for which reading the bytes between is faster than a new request on another connection.
const MAX_SKIP: u64 = 256 * 1024;

/// Reads the bytes of an object as they arrive.
///
/// It is a [`Stream`] of chunks, and implements [`AsyncRead`], [`AsyncBufRead`] and [`AsyncSeek`] of tokio.
/// [`Object::reader`](crate::Object::reader) opens it.
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
///
/// # Broken connections
/// When a connection breaks, the reader requests the remaining bytes over another one, as often as the
/// [`RetryPolicy`](crate::RetryPolicy) of the client allows; attempts are counted from the last byte that arrived. All
/// bytes are of one version of the object. If the object is overwritten meanwhile, the read fails with
/// [`Integrity`](crate::ErrorKind::Integrity). The same holds after a seek.
///
/// # Seeking
/// Positions count from the start of the reader: the start of the object, or of the requested range. A seek sends no
/// request. The next read does, unless the bytes have arrived already or are less than 256 KiB ahead. A read after the
/// end returns no bytes.
///
/// ```
/// use std::io::SeekFrom;
///
/// use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
///
/// # async fn example(object: lakefs::Object) -> Result<(), Box<dyn std::error::Error>> {
/// let mut reader = object.reader().await?;
/// reader.seek(SeekFrom::End(-8)).await?;
/// let mut trailer = [0; 8];
/// reader.read_exact(&mut trailer).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Verification
/// When all bytes were read in order, they are verified against the checksum of the object. The last bytes are returned
/// only after that, and [`checksum_verified`](Self::checksum_verified) says whether they were verified. A reader does not
/// read the object again, so by default a difference is a warning and no error; with
/// [`Verify::Strict`](crate::Verify::Strict) it is an error. See
/// [`ReaderRequest::verify`](crate::requests::ReaderRequest::verify).
///
/// The bytes are hashed on the blocking thread pool of tokio while they are read. The reader waits when 4 MiB are not
/// hashed yet.
///
/// [`Progress`] counts the bytes that arrive, so bytes that are read twice count twice.
#[derive(Debug)]
pub struct ObjectReader {
    body: ResumableBody,
    headers: ObjectHeaders,
    verifier: Option<StreamVerifier>,
    /// Reads the object again, because its bytes may be wrong.
    second_read: Option<ReusableBoxFuture<'static, Result<()>>>,
    checksum_verified: bool,
    progress: Progress,
    /// The position in the object at which the reader starts.
    start: u64,
    /// The position of the next byte to return, from `start`.
    position: u64,
    /// The chunk that arrived last, and its position in the object.
    chunk: Bytes,
    chunk_start: u64,
    /// The end was reached, and reported to `progress`.
    is_finished: bool,
}

impl ObjectReader {
    /// Whether the storage has shown that it encrypts the object with a key.
    #[cfg(feature = "fs")]
    pub(crate) fn is_encrypted(&self) -> bool {
        self.headers.is_encrypted
    }

    pub(crate) async fn open(get: GetObject) -> Result<Self> {
        let progress = get.progress.clone();
        let (body, headers) = ResumableBody::open(get).await?;
        let verifier = body.verification(&headers)?.and_then(StreamVerifier::new);
        let start = body.position();
        let reader = Self {
            body,
            headers,
            verifier,
            second_read: None,
            checksum_verified: false,
            progress,
            start,
            position: 0,
            chunk: Bytes::new(),
            chunk_start: start,
            is_finished: false,
        };
        reader.progress.expect(1, reader.length());
        Ok(reader)
    }

    /// Applies the option `timeout` to each wait for bytes from now on, instead of to the call as a whole.
    pub(crate) fn bound_waits(&mut self) {
        self.body.bound_waits();
    }

    /// Describes the read, for error messages.
    #[cfg(feature = "fs")]
    pub(crate) fn action(&self) -> &str {
        self.body.action()
    }

    /// Leaves the verification, and the report that the object is finished, to the caller.
    #[cfg(feature = "fs")]
    pub(crate) fn detach_verifier(&mut self) -> Option<Verifier> {
        self.is_finished = true;
        Verifier::new(self.verifier.take()?.verification().clone())
    }

    /// Returns the position in the object at which the reader starts.
    #[cfg(any(feature = "fs", feature = "object_store", feature = "object_store_0_13"))]
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Returns other bytes of the same version, which are read over another connection.
    #[cfg(feature = "fs")]
    pub(crate) fn body_for_range(&self, bytes: Range<u64>) -> ResumableBody {
        self.body.for_range(bytes)
    }

    /// Whether the object can be read with several requests.
    #[cfg(feature = "fs")]
    pub(crate) fn is_resumable(&self) -> bool {
        self.body.is_resumable()
    }

    /// Returns the number of bytes from the start of the reader to its end, if it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.body.end().map(|end| end.saturating_sub(self.start))
    }

    /// Returns the size of the whole object in bytes, if it is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.body.size()
    }

    /// Returns when the object was modified.
    #[must_use]
    pub fn last_modified(&self) -> Option<SystemTime> {
        self.headers.last_modified
    }

    /// Returns the media type of the object.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.content_type.as_deref()
    }

    /// Returns the ETag of the object, with its quotes, as `if_none_match` takes it.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.headers.etag.as_deref()
    }

    /// Whether all bytes of the object were read in order and have its checksum. `false` before the end.
    ///
    /// It stays `false` if only a range is read, if the verification is off, if the checksum cannot be compared with the
    /// bytes, and if the bytes do not have it; see [`ReaderRequest::verify`](crate::requests::ReaderRequest::verify).
    #[must_use]
    pub fn checksum_verified(&self) -> bool {
        self.checksum_verified
    }

    /// Returns the position in the object of the next byte to return.
    fn next_position(&self) -> u64 {
        self.start.saturating_add(self.position)
    }

    /// Returns the bytes of the last chunk from there on.
    fn buffered(&self) -> Bytes {
        let consumed = self.next_position().checked_sub(self.chunk_start);
        match consumed.and_then(|consumed| usize::try_from(consumed).ok()) {
            Some(consumed) if consumed < self.chunk.len() => self.chunk.slice(consumed..),
            _ => Bytes::new(),
        }
    }

    /// Waits until bytes have arrived. Returns none at the end.
    fn poll_buffered(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes>> {
        loop {
            if self.body.end() == Some(self.body.position()) {
                ready!(self.poll_finish(cx))?;
            }
            let buffered = self.buffered();
            if !buffered.is_empty() || self.body.has_failed() {
                return Poll::Ready(Ok(buffered));
            }
            let (wanted, position) = (self.next_position(), self.body.position());
            if wanted != position {
                if self.body.end().is_some_and(|end| wanted >= end) {
                    return Poll::Ready(Ok(Bytes::new()));
                }
                let can_skip = wanted > position && wanted - position <= MAX_SKIP && self.body.is_open();
                if !can_skip {
                    self.body.seek(wanted);
                }
            }
            if let Some(verifier) = &mut self.verifier {
                ready!(verifier.poll_ready(cx, self.body.action()))?;
            }
            let next = ready!(self.body.poll_next(cx)).transpose()?;
            if let Some((start, chunk)) = next {
                self.progress.advance(chunk.len() as u64);
                if let Some(verifier) = &mut self.verifier {
                    verifier.add(start, &chunk);
                }
                (self.chunk_start, self.chunk) = (start, chunk);
            } else if self.is_finished || self.body.end() != Some(self.body.position()) {
                return Poll::Ready(Ok(Bytes::new()));
            }
        }
    }

    /// Verifies the object after the last byte has arrived.
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if let Err(error) = ready!(self.poll_verify(cx)) {
            self.chunk = Bytes::new();
            self.body.fail();
            return Poll::Ready(Err(error));
        }
        if !self.is_finished {
            self.is_finished = true;
            self.progress.finish_item();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_verify(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(verifier) = &mut self.verifier else { return Poll::Ready(Ok(())) };
        if let Some(second_read) = &mut self.second_read {
            let outcome = ready!(second_read.poll(cx));
            self.second_read = None;
            return Poll::Ready(outcome);
        }
        match ready!(verifier.poll_finish(cx, self.body.position(), self.body.action())) {
            Ok(outcome) => {
                self.checksum_verified |= outcome == Some(true);
                Poll::Ready(Ok(()))
            }
            Err(error) if self.body.request().on_mismatch == OnMismatch::ReadAgain => {
                let second_read = Self::read_again(self.body.request().clone(), error);
                self.second_read.insert(ReusableBoxFuture::new(second_read)).poll(cx)
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Reads the object again after `error`, and fails unless the bytes are the same.
    async fn read_again(mut get: GetObject, error: Error) -> Result<()> {
        get.progress = Progress::default();
        get.on_mismatch = OnMismatch::Fail;
        get.read_again_after(error)?;
        let mut reader = Self::open(get).await?;
        while reader.try_next().await?.is_some() {}
        if reader.checksum_verified {
            let message =
                "the received bytes do not have the MD5 of the object, and another read returned other bytes";
            let error = Error::new(ErrorKind::Integrity, reader.body.action(), message);
            return Err(error.during("get_object", String::new));
        }
        Ok(())
    }
}

impl Stream for ObjectReader {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let buffered = ready!(self.poll_buffered(cx))?;
        self.position += buffered.len() as u64;
        self.chunk = Bytes::new();
        Poll::Ready((!buffered.is_empty()).then_some(Ok(buffered)))
    }
}

impl AsyncBufRead for ObjectReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        let length = ready!(this.poll_buffered(cx))?.len();
        if length == 0 && this.body.has_failed() {
            // The error was returned before. An empty buffer would look like the end of the object.
            return Poll::Ready(Err(io::Error::other("an earlier read failed; seek to read again")));
        }
        Poll::Ready(Ok(&this.chunk[this.chunk.len() - length..]))
    }

    fn consume(mut self: Pin<&mut Self>, bytes: usize) {
        self.position += bytes as u64;
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

impl AsyncSeek for ObjectReader {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let target = match position {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => {
                let unknown = || {
                    let message =
                        "cannot seek from the end: the server does not report the length of the object";
                    io::Error::new(io::ErrorKind::Unsupported, message)
                };
                self.length().ok_or_else(unknown)?.checked_add_signed(offset)
            }
        };
        let before_start =
            || io::Error::new(io::ErrorKind::InvalidInput, "cannot seek to before the start of the reader");
        self.position = target.ok_or_else(before_start)?;
        self.body.reset_failure();
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position))
    }
}
