//! What is uploaded.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use crate::object::sent::Sent;
use crate::outgoing::{Chunks, NewBody, Outgoing};

/// How much of a file is read at once, and how much of bytes is sent at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// How many chunks of a file may wait to be sent.
const AHEAD: usize = 4;

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

    /// Chunks of a program that knows why they break off.
    pub(super) fn chunks(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
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

    /// The body as the transport takes it; what is sent of it is told.
    pub(super) fn into_outgoing(self, sent: &Sent) -> Outgoing {
        let sent = sent.clone();
        match self.0 {
            Kind::Bytes(bytes) => Outgoing::Anew(Arc::new(move || {
                sent.begin(Some(bytes.len() as u64));
                let body = (slices(bytes.clone(), sent.clone()), Some(bytes.len() as u64));
                Box::pin(std::future::ready(Ok(body)))
            })),
            Kind::File(path) => Outgoing::Anew(file(path, sent)),
            Kind::Stream { stream, length } => {
                sent.begin(length);
                let stream = stream.inspect_ok(move |chunk| sent.take(chunk));
                match length {
                    // With a length of 0, nobody would look whether there is more.
                    Some(length) => {
                        let told = Some(length).filter(|length| *length > 0);
                        Outgoing::once(exactly(stream, length).boxed(), told)
                    }
                    None => Outgoing::once(stream.boxed(), None),
                }
            }
        }
    }
}

/// Bytes in pieces, so that it is seen how they get on.
fn slices(bytes: Bytes, sent: Sent) -> Chunks {
    stream::unfold(bytes, move |mut left| {
        let chunk = left.split_to(left.len().min(CHUNK));
        sent.take(&chunk);
        std::future::ready((!chunk.is_empty()).then_some((Ok(chunk), left)))
    })
    .boxed()
}

/// Opens a file for each attempt to send it.
fn file(path: PathBuf, sent: Sent) -> NewBody {
    Arc::new(move || {
        let (path, sent) = (path.clone(), sent.clone());
        Box::pin(async move {
            let about = |path: &Path, error: io::Error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            };
            let open = move || {
                let open = || {
                    let file = std::fs::File::open(&path)?;
                    let metadata = file.metadata()?;
                    if metadata.is_dir() {
                        Err(io::ErrorKind::IsADirectory.into())
                    } else {
                        Ok((file, metadata.len()))
                    }
                };
                let (file, length) = open().map_err(|error| about(&path, error))?;
                Ok::<_, io::Error>((file, length, path))
            };
            let (file, length, path) =
                tokio::task::spawn_blocking(open).await.map_err(io::Error::other)??;
            sent.begin(Some(length));
            // Read and hashed on a thread of its own, so that the one that sends only sends.
            let (sender, mut chunks) = mpsc::channel(AHEAD);
            tokio::task::spawn_blocking(move || {
                // A file that grows while it is read is sent as long as it was.
                let mut file = file.take(length);
                loop {
                    let mut chunk = Vec::with_capacity(CHUNK);
                    let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
                    let chunk = match read {
                        Ok(0) => return,
                        Ok(_) => Ok(Bytes::from(chunk)),
                        Err(error) => Err(about(&path, error)),
                    };
                    if let Ok(chunk) = &chunk {
                        sent.take(chunk);
                    }
                    // Nobody wants more of it when the attempt has ended.
                    let failed = chunk.is_err();
                    if sender.blocking_send(chunk).is_err() || failed {
                        return;
                    }
                }
            });
            let chunks = stream::poll_fn(move |cx| chunks.poll_recv(cx)).boxed();
            Ok((chunks, Some(length)))
        })
    })
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
