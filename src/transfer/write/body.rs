//! The data of an upload, as callers pass it.

#[cfg(feature = "fs")]
use std::path::{Path, PathBuf};
use std::{fmt, io};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use crate::http::request_body::Chunks;
use crate::scope::SpoolOptions;
use crate::transfer::CHUNK_SIZE;
#[cfg(feature = "fs")]
use crate::transfer::write::file_source;
use crate::transfer::write::payload::{Payload, Replayable};
use crate::transfer::write::replay::ReplayableStream;

/// The data of an upload: bytes, a file, a stream or a reader.
///
/// Bytes, text and paths convert into a body: `upload("text")`, `upload(bytes)`, `upload(Path::new("data.csv"))`.
///
/// Files, streams and readers are sent as they are read, and are not held in memory as a whole.
///
/// # Retries
/// An upload is sent again if a connection breaks or the server is overloaded. Bytes and files are read again. Streams and
/// readers can be read only once: they are copied to a temporary file while they are sent, and sent again from there; see
/// [`UploadRequest::spool_limit`](crate::requests::UploadRequest::spool_limit). Without the feature `fs`, up to 1 MiB is
/// kept in memory, and more is sent once.
///
/// # Largest object
/// The limits are those of the storage behind lakeFS and of the route of the data; see
/// [`UploadRequest::presign`](crate::requests::UploadRequest::presign).
///
/// | storage | through the server | to the storage |
/// |---|---|---|
/// | S3 | 48.8 GiB (52,428,800,000 bytes) | 5 GiB, and about 5 TiB in parts |
/// | Azure | 48.8 GiB (52,428,800,000 bytes) | 5000 MiB |
/// | Google Cloud Storage | 5 TiB | 5 GiB |
/// | local | free space | |
///
/// An upload whose length is known to exceed the limit fails before it is sent. Above 5 GiB, the server gets the data
/// without a `Content-Length`, so that it writes them to its storage in parts.
///
/// ```
/// use lakefs::Body;
///
/// let text = Body::from("a,b\n1,2\n");
/// let file = Body::file("data.csv");
/// let reader = Body::reader(tokio::io::stdin());
/// ```
pub struct Body(Source);

enum Source {
    Bytes(Bytes),
    #[cfg(feature = "fs")]
    File(PathBuf),
    Stream {
        stream: Chunks,
        length: Option<u64>,
    },
}

impl Body {
    /// The contents of a file, which is opened when the upload is sent.
    ///
    /// A regular file is read to the length that it has when it is opened. If it changes while it is sent, the upload fails.
    ///
    /// Pipes, terminals and devices are streams of unknown length, and so are files of length 0 that have bytes, such as
    /// those of `/proc`. A pipe without a writer is waited for.
    #[cfg(feature = "fs")]
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// The chunks of a stream. An error of the stream fails the upload.
    pub fn stream<B, E>(stream: impl Stream<Item = Result<B, E>> + Send + 'static) -> Self
    where
        B: Into<Bytes> + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let stream = stream.map_ok(Into::into).map_err(io::Error::other);
        Self(Source::Stream { stream: Box::pin(stream), length: None })
    }

    /// The bytes of a reader, up to its end.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        let stream = ReaderStream::with_capacity(reader, CHUNK_SIZE);
        Self(Source::Stream { stream: Box::pin(stream), length: None })
    }

    /// Sets the length of a stream or a reader, in bytes. The upload fails if the length is wrong. Bodies of another
    /// kind ignore it. Default: the length is unknown.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let Source::Stream { length, .. } = &mut self.0 {
            *length = Some(bytes);
        }
        self
    }

    /// Opens the data.
    #[cfg_attr(
        not(feature = "fs"),
        allow(clippy::unused_async, reason = "only files are opened asynchronously")
    )]
    pub(crate) async fn open(self, spool: SpoolOptions) -> io::Result<Payload> {
        Ok(match self.0 {
            Source::Bytes(bytes) => Payload::Replayable(Replayable::Bytes(bytes)),
            #[cfg(feature = "fs")]
            Source::File(path) => match file_source::open(&path).await? {
                file_source::Source::Regular(source) => {
                    let length = source.length();
                    Payload::Replayable(Replayable::File(source, 0..length))
                }
                file_source::Source::Stream(stream) => {
                    Payload::OneShot(ReplayableStream::new(stream, None, spool))
                }
            },
            Source::Stream { stream, length: Some(length) } => {
                let stream = with_exact_length(stream, length).boxed();
                Payload::OneShot(ReplayableStream::new(stream, Some(length), spool))
            }
            Source::Stream { stream, length: None } => {
                Payload::OneShot(ReplayableStream::new(stream, None, spool))
            }
        })
    }
}

/// Returns the stream, which fails if it has more or fewer bytes than `length`. HTTP would drop the excess, and the upload
/// would succeed.
fn with_exact_length(
    stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let wrong = move |comparison: &str| {
        io::Error::other(format!("the stream is {comparison} than the {length} bytes of `with_length`"))
    };
    let stream = Box::pin(stream.fuse());
    stream::try_unfold((stream, length), move |(mut stream, remaining)| async move {
        let Some(chunk) = stream.try_next().await? else {
            return if remaining == 0 { Ok(None) } else { Err(wrong("shorter")) };
        };
        let remaining = remaining.checked_sub(chunk.len() as u64).ok_or_else(|| wrong("longer"))?;
        // The stream is not polled again after the last byte was sent, so excess bytes are detected before.
        if remaining == 0 {
            while let Some(excess) = stream.try_next().await? {
                if !excess.is_empty() {
                    return Err(wrong("longer"));
                }
            }
        }
        Ok(Some((chunk, (stream, remaining))))
    })
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            #[cfg(feature = "fs")]
            Source::File(path) => write!(f, "Body({})", path.display()),
            Source::Stream { length: Some(length), .. } => write!(f, "Body(stream of {length} bytes)"),
            Source::Stream { length: None, .. } => f.write_str("Body(stream)"),
        }
    }
}

/// The contents of a file, as [`Body::file`].
#[cfg(feature = "fs")]
impl From<&Path> for Body {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

/// The contents of a file, as [`Body::file`].
#[cfg(feature = "fs")]
impl From<PathBuf> for Body {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

/// The contents of a file, as [`Body::file`].
#[cfg(feature = "fs")]
impl From<&PathBuf> for Body {
    fn from(path: &PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Bytes(bytes))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "fs")]
    #[test]
    fn path_is_a_file_and_text_is_bytes() {
        for body in [Body::from(Path::new("a.csv")), PathBuf::from("a.csv").into(), Body::file("a.csv")] {
            assert_eq!(format!("{body:?}"), "Body(a.csv)");
        }
        assert_eq!(format!("{:?}", Body::from("a.csv")), "Body(5 bytes)");
    }

    #[tokio::test]
    async fn stream_of_another_length_fails() {
        for (length, expected) in [(6, Ok(6)), (5, Err("longer")), (7, Err("shorter"))] {
            let chunks = stream::iter([Ok::<_, io::Error>("abc"), Ok("def"), Ok("")]);
            let payload =
                Body::stream(chunks).with_length(length).open(SpoolOptions::default()).await.unwrap();
            let Payload::OneShot(stream) = payload else { panic!("a stream is sent once") };
            let sent: io::Result<Vec<_>> = stream.open().try_collect().await;
            match (sent, expected) {
                (Ok(chunks), Ok(bytes)) => assert_eq!(chunks.concat().len(), bytes),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (sent, expected) => panic!("{sent:?} instead of {expected:?}"),
            }
        }
    }
}
