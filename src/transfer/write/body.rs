//! What is uploaded.

use std::path::PathBuf;
use std::{fmt, io};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use crate::http::request_body::{Chunks, RequestBody};
use crate::transfer::write::payload::{Piece, Source};
use crate::transfer::write::tally::Sent;

/// How much of a file is read at once, and how much of bytes is sent at once.
pub(crate) const CHUNK: usize = 256 * 1024;

/// The data of an upload: bytes, a file, a stream or a reader.
///
/// Files, streams and readers are sent as they are read, never held in memory. Bytes and files can be sent again when
/// a connection breaks; streams and readers cannot.
///
/// ```
/// use lakefs::Body;
///
/// let text = Body::from("a,b\n1,2\n");
/// let file = Body::file("data.csv");
/// let reader = Body::reader(tokio::io::stdin());
/// ```
pub struct Body(Kind);

enum Kind {
    Bytes(Bytes),
    File(PathBuf),
    Stream { stream: Chunks, length: Option<u64> },
}

impl Body {
    /// The contents of a file, read when the upload is sent.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// Chunks as they come.
    pub fn stream<B, E>(stream: impl Stream<Item = Result<B, E>> + Send + 'static) -> Self
    where
        B: Into<Bytes> + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let stream = stream.map_ok(Into::into).map_err(io::Error::other);
        Self(Kind::Stream { stream: Box::pin(stream), length: None })
    }

    /// What a reader has, to its end.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        let stream = ReaderStream::with_capacity(reader, CHUNK);
        Self(Kind::Stream { stream: Box::pin(stream), length: None })
    }

    /// Says how many bytes a stream or reader will have. An upload with more or fewer fails.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let Kind::Stream { length, .. } = &mut self.0 {
            *length = Some(bytes);
        }
        self
    }

    /// The data, at hand.
    pub(crate) async fn open(self) -> io::Result<Data> {
        Ok(match self.0 {
            Kind::Bytes(bytes) => Data::Piece(Piece::Bytes(bytes)),
            Kind::File(path) => {
                let source = Source::open(&path).await?;
                let length = source.length();
                Data::Piece(Piece::File(source, 0..length))
            }
            Kind::Stream { stream, length: Some(length) } => {
                Data::Stream(exactly(stream, length).boxed(), Some(length))
            }
            Kind::Stream { stream, length: None } => Data::Stream(stream, None),
        })
    }
}

/// The data of a body, at hand.
pub(crate) enum Data {
    /// They can be sent as often as it takes.
    Piece(Piece),
    /// They go by once, and are as many as is said or fail.
    Stream(Chunks, Option<u64>),
}

impl Data {
    /// How many bytes they are, if that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Piece(piece) => Some(piece.length()),
            Self::Stream(_, length) => *length,
        }
    }

    /// The data as the transport takes them; what is sent of them is told.
    pub(crate) fn into_outgoing(self, sent: &Sent) -> RequestBody {
        match self {
            Self::Piece(piece) => piece.into_outgoing(sent),
            Self::Stream(stream, length) => {
                sent.begin();
                let sent = sent.clone();
                let stream = stream.inspect_ok(move |chunk| sent.take(chunk));
                // With a length of 0, nobody would look whether there is more.
                RequestBody::one_shot(stream.boxed(), length.filter(|length| *length > 0))
            }
        }
    }
}

/// The stream, which fails where it has more bytes than was said, which HTTP would leave out and take for a success, or
/// fewer.
fn exactly(
    stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let wrong = |than: &str| io::Error::other(format!("the stream is {than} than was said"));
    let stream = Box::pin(stream.fuse());
    stream::try_unfold((stream, length), move |(mut stream, left)| async move {
        let Some(chunk) = stream.try_next().await? else {
            return if left == 0 { Ok(None) } else { Err(wrong("shorter")) };
        };
        let left = left.checked_sub(chunk.len() as u64).ok_or_else(|| wrong("longer"))?;
        // Behind the last byte nobody asks again, so that it is the last one is found out before it is sent.
        if left == 0 {
            while let Some(more) = stream.try_next().await? {
                if !more.is_empty() {
                    return Err(wrong("longer"));
                }
            }
        }
        Ok(Some((chunk, (stream, left))))
    })
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::File(path) => write!(f, "Body({})", path.display()),
            Kind::Stream { length: Some(length), .. } => write!(f, "Body(stream of {length} bytes)"),
            Kind::Stream { length: None, .. } => f.write_str("Body(stream)"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        text.as_bytes().into()
    }
}
