//! What is uploaded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, io};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use md5::digest::Output;
use md5::{Digest as _, Md5};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::io::ReaderStream;

use crate::models::ObjectStats;
use crate::object::Progress;
use crate::transport::NewBody;

/// How much of a file is read at once.
const CHUNK: usize = 256 * 1024;

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
    Stream { stream: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>, length: Option<u64> },
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

    /// What it takes to recognise the body on the server.
    pub(super) fn likeness(&self) -> Likeness {
        match &self.0 {
            Kind::Bytes(bytes) => Likeness::Bytes(bytes.clone()),
            Kind::File(path) => Likeness::File(path.clone()),
            Kind::Stream { .. } => Likeness::Unknown,
        }
    }

    pub(super) fn into_payload(self, progress: Progress) -> Payload {
        match self.0 {
            Kind::Bytes(bytes) => {
                progress.expect(1, Some(bytes.len() as u64));
                // It goes to the connection in one piece.
                progress.advance(bytes.len() as u64);
                Payload::Once { body: bytes.into(), length: None }
            }
            Kind::Stream { stream, length } => {
                progress.expect(1, length);
                let stream = stream.inspect_ok(move |chunk| progress.advance(chunk.len() as u64));
                match length {
                    Some(length) => Payload::Once {
                        body: reqwest::Body::wrap_stream(exactly(stream, length)),
                        // With a length of 0, nobody would look whether there is more.
                        length: Some(length).filter(|length| *length > 0),
                    },
                    None => Payload::Once { body: reqwest::Body::wrap_stream(stream), length: None },
                }
            }
            Kind::File(path) => Payload::Anew(file(path, progress)),
        }
    }
}

/// Opens a file for each attempt to send it.
fn file(path: PathBuf, progress: Progress) -> NewBody {
    // What the last attempt has sent; none before the first.
    let sent: Arc<Mutex<Option<u64>>> = Arc::default();
    Arc::new(move || {
        let (path, progress, sent) = (path.clone(), progress.clone(), sent.clone());
        Box::pin(async move {
            let about =
                |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let file = tokio::fs::File::open(&path).await.map_err(about)?;
            let metadata = file.metadata().await.map_err(about)?;
            if metadata.is_dir() {
                return Err(about(io::ErrorKind::IsADirectory.into()));
            }
            let length = metadata.len();
            let last = sent.lock().unwrap_or_else(PoisonError::into_inner).replace(0);
            match last {
                Some(bytes) => progress.retract(bytes),
                None => progress.expect(1, Some(length)),
            }
            // A file that grows while it is read is sent as long as it was.
            let stream = ReaderStream::with_capacity(file.take(length), CHUNK);
            let stream = stream.inspect_ok(move |chunk| {
                *sent.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(0) += chunk.len() as u64;
                progress.advance(chunk.len() as u64);
            });
            Ok((reqwest::Body::wrap_stream(stream), Some(length)))
        })
    })
}

/// The stream, which fails where it has more bytes than was said: HTTP would leave them out, and take it for a success.
/// That there are fewer, HTTP notices itself.
fn exactly(
    stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let stream = Box::pin(stream.fuse());
    futures::stream::try_unfold((stream, length), |(mut stream, left)| async move {
        let Some(chunk) = stream.try_next().await? else { return Ok(None) };
        let left = left.checked_sub(chunk.len() as u64).ok_or_else(longer)?;
        // Behind the last byte nobody asks again, so that it is the last one is found out before it is sent.
        if left == 0 {
            while let Some(more) = stream.try_next().await? {
                if !more.is_empty() {
                    return Err(longer());
                }
            }
        }
        Ok(Some((chunk, (stream, left))))
    })
}

fn longer() -> io::Error {
    io::Error::other("the stream is longer than was said")
}

/// A body to compare an object with.
pub(super) enum Likeness {
    Bytes(Bytes),
    File(PathBuf),
    /// A stream, which has gone by.
    Unknown,
}

impl Likeness {
    /// Whether the object has the length and the checksum of the body.
    pub(super) async fn is_of(&self, stats: &ObjectStats) -> bool {
        let (length, checksum) = match self {
            Self::Bytes(bytes) => (bytes.len() as u64, Md5::digest(bytes)),
            Self::File(path) => match digest(path).await {
                Ok(digest) => digest,
                Err(_) => return false,
            },
            Self::Unknown => return false,
        };
        let mut hex = String::new();
        for byte in checksum {
            _ = write!(hex, "{byte:02x}");
        }
        i64::try_from(length).ok() == stats.size_bytes && stats.checksum.eq_ignore_ascii_case(&hex)
    }
}

async fn digest(path: &Path) -> io::Result<(u64, Output<Md5>)> {
    let mut file = tokio::fs::File::open(path).await?;
    let (mut hasher, mut length, mut chunk) = (Md5::new(), 0, vec![0; CHUNK]);
    loop {
        let bytes = file.read(&mut chunk).await?;
        if bytes == 0 {
            return Ok((length, hasher.finalize()));
        }
        hasher.update(&chunk[..bytes]);
        length += bytes as u64;
    }
}

/// A body as the transport takes it.
pub(super) enum Payload {
    Once { body: reqwest::Body, length: Option<u64> },
    Anew(NewBody),
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
