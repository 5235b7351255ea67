//! Objects as streams.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use futures::{Stream, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, ReadBuf};

use crate::Progress;
use crate::transfer::read::body::{Described, Source};
use crate::transfer::read::request::Get;
use crate::transfer::read::verify::Check;
use crate::{Error, Result};

/// How far ahead a seek may lead for it to be quicker to read on than to ask anew, which costs a connection.
const NEAR: u64 = 256 * 1024;

/// The bytes of an object as they arrive: a stream of chunks, and a reader in which one can seek.
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
/// Where a connection breaks, the bytes go on over another one, as often as the client's [`RetryPolicy`](crate::RetryPolicy)
/// say, counted anew whenever bytes have come. All are of one version of the object: when it was overwritten meanwhile,
/// the read fails with [`Integrity`](crate::ErrorKind::Integrity). The same holds after a seek.
///
/// # Seeking
/// Positions count from where the reader begins: the beginning of the object, or of the range that was asked for. A seek
/// sends nothing; the next read does, unless the bytes are there or near. Behind the end, there is nothing to read.
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
/// The MD5 of the object is verified whenever all of it was read from the beginning to the end, with no seek that left
/// bytes out; the last bytes are not given out before. [Progress](Progress) tells of the bytes that came, so of those
/// that are read twice also twice.
#[derive(Debug)]
pub struct ObjectReader {
    source: Source,
    described: Described,
    check: Option<Check>,
    progress: Progress,
    /// Where in the object the reader begins.
    start: u64,
    /// Where the next byte is to be read, from there.
    position: u64,
    /// What arrived last, and where it lies in the object.
    chunk: Bytes,
    chunk_at: u64,
    /// The end was seen, and told.
    finished: bool,
}

impl ObjectReader {
    pub(crate) async fn open(get: Get) -> Result<Self> {
        let progress = get.progress.clone();
        let (source, described) = Source::open(get).await?;
        let check = source.check(described.etag.as_deref());
        let start = source.at();
        let (chunk, chunk_at) = (Bytes::new(), start);
        let reader =
            Self { source, described, check, progress, start, position: 0, chunk, chunk_at, finished: false };
        reader.progress.expect(1, reader.length());
        Ok(reader)
    }

    /// What is being read, for messages.
    pub(crate) fn action(&self) -> &str {
        self.source.action()
    }

    /// Gives away the check of the bytes, and the telling that they are the object, to who does it elsewhere.
    pub(crate) fn detach_check(&mut self) -> Option<Check> {
        self.finished = true;
        self.check.take()
    }

    /// Where in the object it begins.
    pub(crate) fn origin(&self) -> u64 {
        self.start
    }

    /// Other bytes of the same version, over a connection of their own.
    pub(crate) fn beside(&self, bytes: Range<u64>) -> Source {
        self.source.beside(bytes)
    }

    /// Whether it can be read in more than one piece.
    pub(crate) fn is_pinned(&self) -> bool {
        self.source.is_pinned()
    }

    /// How many bytes there are, in all.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.source.end().map(|end| end.saturating_sub(self.start))
    }

    /// How many bytes the object has, of which a range is a part.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.source.size()
    }

    /// When the object was written.
    #[must_use]
    pub fn last_modified(&self) -> Option<SystemTime> {
        self.described.last_modified
    }

    /// The media type of the object.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.described.content_type.as_deref()
    }

    /// The entity tag of the object, quotes included, for `if_none_match`.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.described.etag.as_deref()
    }

    /// Where in the object the next byte is to be read.
    fn wanted(&self) -> u64 {
        self.start.saturating_add(self.position)
    }

    /// What has arrived from there on.
    fn arrived(&self) -> Bytes {
        let behind = self.wanted().checked_sub(self.chunk_at).and_then(|behind| usize::try_from(behind).ok());
        match behind {
            Some(behind) if behind < self.chunk.len() => self.chunk.slice(behind..),
            _ => Bytes::new(),
        }
    }

    /// Waits until bytes have arrived, or the end.
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes>> {
        loop {
            let arrived = self.arrived();
            if !arrived.is_empty() || self.source.has_failed() {
                return Poll::Ready(Ok(arrived));
            }
            let (wanted, at) = (self.wanted(), self.source.at());
            if wanted != at {
                if self.source.end().is_some_and(|end| wanted >= end) {
                    return Poll::Ready(Ok(Bytes::new()));
                }
                let near = wanted > at && wanted - at <= NEAR && self.source.is_open();
                if !near {
                    self.source.seek(wanted);
                }
            }
            let next = ready!(self.source.poll_next(cx)).transpose()?;
            let at_end = next.is_none();
            if let Some((at, chunk)) = next {
                self.progress.advance(chunk.len() as u64);
                if let Some(check) = &mut self.check {
                    check.take(at, &chunk);
                }
                (self.chunk_at, self.chunk) = (at, chunk);
            }
            if self.source.end() == Some(self.source.at()) {
                self.end()?;
            }
            if at_end {
                return Poll::Ready(Ok(Bytes::new()));
            }
        }
    }

    /// All has come: tells whether it is the object.
    fn end(&mut self) -> Result<()> {
        if let Some(check) = &mut self.check
            && let Err(error) = check.end(self.source.at(), self.source.action())
        {
            self.chunk = Bytes::new();
            self.source.fail();
            return Err(error);
        }
        if !self.finished {
            self.finished = true;
            self.progress.finish_item();
        }
        Ok(())
    }
}

impl Stream for ObjectReader {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let arrived = ready!(self.poll_arrived(cx))?;
        self.position += arrived.len() as u64;
        self.chunk = Bytes::new();
        Poll::Ready((!arrived.is_empty()).then_some(Ok(arrived)))
    }
}

impl AsyncBufRead for ObjectReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        let arrived = ready!(this.poll_arrived(cx))?.len();
        if arrived == 0 && this.source.has_failed() {
            // The error has been told; what comes after it is not the end.
            return Poll::Ready(Err(io::Error::other("the read failed before; a seek makes it begin anew")));
        }
        Poll::Ready(Ok(&this.chunk[this.chunk.len() - arrived..]))
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
                let unknown =
                    || io::Error::new(io::ErrorKind::Unsupported, "how long the object is, is not known");
                self.length().ok_or_else(unknown)?.checked_add_signed(offset)
            }
        };
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "a seek to before the beginning");
        self.position = target.ok_or_else(outside)?;
        self.source.recover();
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position))
    }
}
