//! Requests for the bytes of objects.

use std::ops::RangeBounds;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use reqwest::header::IF_MATCH;

use crate::Result;
use crate::api::{ByteStream, Response};
use crate::http::call::Call;
use crate::http::retry::RetryPolicy;
use crate::requests::support::{When as _, awaits};
use crate::transfer::read::byte_range::Part;
use crate::transfer::read::download::Download;
use crate::{Object, ObjectReader, Progress};

/// The most memory that is asked for before any byte has come.
const FORESIGHT: u64 = 8 * 1024 * 1024;

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
pub(crate) struct Get {
    object: Object,
    pub(crate) range: Option<Part>,
    if_none_match: Option<String>,
    presign: Option<bool>,
    pub(crate) unverified: bool,
    pub(crate) progress: Progress,
}

impl Get {
    fn new(object: Object) -> Self {
        let progress = Progress::default();
        Self { object, range: None, if_none_match: None, presign: None, unverified: false, progress }
    }

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

    /// What is being done, for messages.
    pub(crate) fn action(&self) -> Result<String> {
        Ok(self.call()?.describe())
    }

    pub(crate) async fn send(&self) -> Result<Response<ByteStream>> {
        self.object.reference().repository().client.api().transport().stream(self.call()?).await
    }

    /// Asks for bytes of the object that has this entity tag. lakeFS does not look at the tag; a storage to which it
    /// redirects does.
    pub(crate) async fn send_again(&self, part: Part, tag: &str) -> Result<Response<ByteStream>> {
        let get = Self { range: Some(part), if_none_match: None, ..self.clone() };
        let call = get.call()?.header(IF_MATCH.as_str(), tag)?;
        self.object.reference().repository().client.api().transport().stream(call).await
    }

    pub(crate) fn retries(&self) -> &RetryPolicy {
        self.object.reference().repository().client.api().transport().retries()
    }
}

macro_rules! options {
    ($request:ident) => {
        impl $request {
            /// Only these bytes, counted from 0. What lies behind the end of the object is not missed, but a range
            /// that begins there is an error.
            pub fn range(mut self, bytes: impl RangeBounds<u64>) -> Self {
                self.0.range = Some(Part::of(bytes));
                self
            }

            /// Only the last so many bytes, or all of it where it is shorter.
            pub fn suffix(mut self, bytes: u64) -> Self {
                self.0.range = Some(Part::Suffix(bytes));
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
    pub(crate) fn new(object: Object) -> Self {
        Self(Get::new(object))
    }

    async fn send(self) -> Result<Bytes> {
        let mut reader = ObjectReader::open(self.0).await?;
        let Some(first) = reader.try_next().await? else { return Ok(Bytes::new()) };
        if reader.length() == Some(first.len() as u64) {
            return Ok(first);
        }
        let expected = reader.length().unwrap_or_default().min(FORESIGHT);
        let mut all = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default());
        all.extend_from_slice(&first);
        while let Some(chunk) = reader.try_next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

awaits!(Read => Bytes);

impl Open {
    pub(crate) fn new(object: Object) -> Self {
        Self(Get::new(object))
    }

    async fn send(self) -> Result<ObjectReader> {
        ObjectReader::open(self.0).await
    }

    /// Reads the object into a file. The file has its name only when all of it is there, verified and on the disk: until
    /// then it is a temporary one beside it, which goes away with a failure. What had the name before is replaced. A large
    /// object comes over [several connections](Download::concurrency) at once.
    ///
    /// Answers how many bytes it has.
    ///
    /// ```
    /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
    /// let bytes = object.reader().progress(|now: lakefs::ProgressUpdate| println!("{}", now.bytes)).download_to("data.csv").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Object::reader`]; [`Integrity`](crate::ErrorKind::Integrity): what came is not the object;
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the file cannot be written, with the path and the cause.
    pub fn download_to(self, path: impl AsRef<Path>) -> Download {
        Download::new(self.0, path.as_ref().to_owned())
    }
}

awaits!(Open => ObjectReader);
