//! Uploads to the storage in parts, several at the same time.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::{self, OptionFuture};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::error::{Error, ErrorKind, Result};
use crate::http::call::Call;
use crate::http::operation::WRITE_PART;
use crate::http::options::HasOptions as _;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::http::response::Response;
use crate::models::{
    AbortPresignMultipartUpload, CompletePresignMultipartUpload, ObjectStats, PresignMultipartUpload,
    UploadPart, UploadPartFrom, UploadTo,
};
use crate::transfer::digest::multipart_checksum;
use crate::transfer::etag::{self, Comparison};
use crate::transfer::part_size::{DEFAULT_PART_SIZE, DEFAULT_STREAM_PART_SIZE, MAX_PARTS, part_size};
use crate::transfer::stat::StatRequest;
use crate::transfer::write::part_splitter::{BufferPool, PartSplitter};
use crate::transfer::write::payload::{Payload, Replayable};
use crate::transfer::write::replay::ReplayableStream;
use crate::transfer::write::signed_put::{self, Failure, UploadTarget, UploadedPart};
use crate::transfer::write::spec::UploadSpec;
use crate::verify::Verify;

/// The default number of parts at the same time.
const CONCURRENCY: usize = 4;

/// The default number of parts at the same time if they are buffered in memory.
const BUFFERED_CONCURRENCY: usize = 3;

/// How many URLs are requested when the upload is created. URLs expire, and there may be thousands of parts, so the
/// others are requested one by one.
const URLS_AHEAD: u64 = 100;

/// The outcome of an upload in parts.
pub(crate) enum Outcome {
    Uploaded(ObjectStats),
    /// Nothing was sent, because the data fit into one part.
    SinglePart(Payload),
    /// The storage cannot be used. These are all data, which can go through the server.
    Unusable(Error, Payload),
}

/// Whether data of this length are split into more than one part.
pub(crate) fn has_several_parts(spec: &UploadSpec, length: Option<u64>) -> bool {
    length.is_none_or(|length| length > part_size(Some(length), spec.part_size, DEFAULT_PART_SIZE))
}

/// Uploads the data in parts, unless they fit into one part.
pub(crate) async fn upload(spec: &UploadSpec, payload: Payload) -> Result<Outcome> {
    let length = payload.length();
    let parts = match payload {
        Payload::Replayable(data) => {
            Parts::of_data(data, part_size(length, spec.part_size, DEFAULT_PART_SIZE))
        }
        Payload::OneShot(stream) => {
            let part_size = part_size(length, spec.part_size, DEFAULT_STREAM_PART_SIZE);
            let mut splitter = PartSplitter::new(stream.into_source(), part_size, length.is_none());
            let first = splitter.next().await.map_err(|error| spec.unreadable(error))?.unwrap_or_default();
            if splitter.is_finished() {
                return Ok(Outcome::SinglePart(Payload::Replayable(Replayable::Bytes(first))));
            }
            let expected = length.map_or(1, |length| length.div_ceil(splitter.part_size()));
            let origin = Origin::Stream { length, pool: splitter.pool().clone(), kept: KeptParts::default() };
            let rest = stream::try_unfold(splitter, |mut splitter| async {
                Ok(splitter.next().await?.map(|bytes| (bytes, splitter)))
            });
            let all = stream::iter([Ok(first)]).chain(rest);
            Parts { data: all.map_ok(Replayable::Bytes).boxed(), expected, origin }
        }
    };
    let upload = MultipartUpload::create(spec.clone(), parts.expected.min(URLS_AHEAD)).await?;
    upload.run(parts).await
}

/// The parts of an object, in order.
struct Parts {
    data: BoxStream<'static, io::Result<Replayable>>,
    /// How many parts there are, as far as it is known.
    expected: u64,
    origin: Origin,
}

/// What the parts are read from.
enum Origin {
    /// Data that can be read again.
    Data(Replayable),
    /// A stream, whose parts are buffered.
    Stream { length: Option<u64>, pool: BufferPool, kept: KeptParts },
}

/// All parts of a stream so far, until the storage has received one. They can go through the server instead.
struct KeptParts(Mutex<Option<Vec<Bytes>>>);

impl Default for KeptParts {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

impl KeptParts {
    fn add(&self, part: &Bytes) {
        if let Some(kept) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            kept.push(part.clone());
        }
    }

    /// Takes the parts. No others are kept from now on.
    fn take(&self) -> Option<Vec<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Parts {
    fn of_data(data: Replayable, part_size: u64) -> Self {
        let (source, expected) = (data.clone(), data.length().div_ceil(part_size));
        let slices = (0..expected).map(move |number| Ok(data.slice(number * part_size, part_size)));
        Self { data: stream::iter(slices).boxed(), expected, origin: Origin::Data(source) }
    }

    /// Records a part that is about to be sent.
    fn keep(origin: &Origin, data: &io::Result<Replayable>) {
        if let (Origin::Stream { kept, .. }, Ok(Replayable::Bytes(part))) = (origin, data) {
            kept.add(part);
        }
    }

    /// Returns all data, those that were sent and those that were not. `None` if they are no longer complete.
    fn into_payload(self, spec: &UploadSpec) -> Option<Payload> {
        let (length, sent) = match self.origin {
            Origin::Data(data) => return Some(Payload::Replayable(data)),
            Origin::Stream { length, kept, .. } => (length, kept.take()?),
        };
        let rest = self.data.try_filter_map(|data| {
            future::ready(match data {
                Replayable::Bytes(part) => Ok(Some(part)),
                #[cfg(feature = "fs")]
                Replayable::File(..) => Ok(None),
            })
        });
        let all = stream::iter(sent).map(Ok).chain(rest).boxed();
        Some(Payload::OneShot(ReplayableStream::new(all, length, spec.spool.clone())))
    }
}

/// A part that the storage has received.
struct SentPart {
    /// Its number, from 1.
    number: u64,
    length: u64,
    uploaded: UploadedPart,
}

/// A multipart upload that is in progress. It is aborted when it is dropped.
struct MultipartUpload {
    spec: UploadSpec,
    id: String,
    physical_address: String,
    /// Pre-signed URLs of the first parts, until they are used.
    urls: Mutex<Vec<Option<String>>>,
    /// How many bytes the storage has received.
    received: AtomicU64,
    is_open: AtomicBool,
}

impl MultipartUpload {
    async fn create(spec: UploadSpec, urls: u64) -> Result<Self> {
        let object = &spec.object;
        let request = object
            .api()
            .create_presign_multipart_upload()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .parts(i64::try_from(urls).unwrap_or_default());
        let PresignMultipartUpload { physical_address, presigned_urls, upload_id: id } =
            request.send().await?.into_inner();
        let urls = Mutex::new(presigned_urls.into_iter().map(Some).collect());
        let (received, is_open) = (AtomicU64::new(0), AtomicBool::new(true));
        Ok(Self { spec, id, physical_address, urls, received, is_open })
    }

    /// Sends the parts, and completes the upload; aborts it after a failure.
    async fn run(self, mut parts: Parts) -> Result<Outcome> {
        let outcome = self.send(&mut parts).await;
        if self.is_open.load(Relaxed) {
            self.abort().await;
        }
        match outcome {
            Ok(stats) => Ok(Outcome::Uploaded(stats)),
            Err(Failure::Unusable(error)) => match parts.into_payload(&self.spec) {
                Some(payload) => {
                    self.spec.progress.retract(self.received.load(Relaxed));
                    Ok(Outcome::Unusable(error, payload))
                }
                None => Err(error.with_note(
                    "the data cannot be sent to the server: a stream is kept until the storage has received a part",
                )),
            },
            Err(Failure::Other(error)) => Err(error),
        }
    }

    /// Leaves the parts that were not sent.
    async fn send(&self, Parts { data, origin, .. }: &mut Parts) -> Result<ObjectStats, Failure> {
        let origin = &*origin;
        let default = match origin {
            Origin::Data(_) => CONCURRENCY,
            Origin::Stream { .. } => BUFFERED_CONCURRENCY,
        };
        let concurrency = self.spec.concurrency.unwrap_or(default).max(1);
        let sending = data.enumerate().map(|(index, data)| {
            Parts::keep(origin, &data);
            self.send_part(index as u64 + 1, data, origin)
        });
        let mut sent: Vec<_> = sending.buffer_unordered(concurrency).try_collect().await?;
        if let Origin::Data(source) = origin {
            source.ensure_unchanged().await.map_err(|error| self.spec.unreadable(error))?;
        }
        sent.sort_unstable_by_key(|part| part.number);
        Ok(self.complete(&sent).await?)
    }

    async fn send_part(
        &self,
        number: u64,
        data: io::Result<Replayable>,
        origin: &Origin,
    ) -> Result<SentPart, Failure> {
        let spec = &self.spec;
        let data = data.map_err(|error| spec.unreadable(error))?;
        // The semaphore is never closed.
        let _permit = OptionFuture::from(spec.permits.as_deref().map(Semaphore::acquire)).await;
        let ((), uploaded) =
            signed_put::send(spec, &PartTarget { upload: self, number }, Payload::Replayable(data.clone()))
                .await?;
        if uploaded.etag.is_empty() {
            let message =
                format!("the storage returned no ETag for part {number}, so the upload cannot be completed");
            return Err(spec.failed(Error::new(ErrorKind::Decode, "", message)).into());
        }
        let length = data.length();
        self.received.fetch_add(length, Relaxed);
        if let (Origin::Stream { pool, kept, .. }, Replayable::Bytes(bytes)) = (origin, data) {
            kept.take();
            pool.put_back(bytes);
        }
        Ok(SentPart { number, length, uploaded })
    }

    async fn complete(&self, parts: &[SentPart]) -> Result<ObjectStats> {
        let spec = &self.spec;
        let part = |part: &SentPart| UploadPart {
            etag: part.uploaded.etag.clone(),
            part_number: i64::try_from(part.number).unwrap_or_default(),
        };
        let metadata = spec.normalized_metadata().map(|(key, value)| (key, value.to_owned()));
        let is_encrypted = parts.iter().any(|part| part.uploaded.is_encrypted);
        if is_encrypted {
            spec.object.repository().record_encryption();
        }
        let metadata = metadata.chain(spec.metadata_if_encrypted.clone().filter(|_| is_encrypted));
        let body = CompletePresignMultipartUpload {
            content_type: spec.content_type.clone(),
            parts: parts.iter().map(part).collect(),
            physical_address: self.physical_address.clone(),
            user_metadata: metadata.collect::<BTreeMap<_, _>>(),
        };
        let object = &spec.object;
        let call = object
            .api()
            .complete_presign_multipart_upload()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .upload_id(&*self.id)
            .body(body)
            .call()?;
        let action = call.describe();
        let result = spec.transport().json::<ObjectStats>(call).await.map(Response::into_inner);
        // The server gives each physical address to one upload only, so this upload created an object that has it.
        let find_applied = async || {
            let stats = StatRequest::new(object.clone()).await?;
            Ok((stats.physical_address == self.physical_address).then_some(stats))
        };
        let policy = spec.object.api().retries();
        let mut stats = reconcile(result, policy, find_applied, OnMissing::Unknown).await?;
        self.is_open.store(false, Relaxed);
        // The response contains the address without the storage namespace of the repository.
        stats.physical_address.clone_from(&self.physical_address);
        verify(&stats, parts, spec.verify, &action)?;
        Ok(stats)
    }

    async fn abort(&self) {
        let body = AbortPresignMultipartUpload { physical_address: self.physical_address.clone() };
        // The upload is also aborted when its time has elapsed.
        let mut object = self.spec.object.clone();
        _ = object.options_mut().take_timeout();
        let request = object
            .api()
            .abort_presign_multipart_upload()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .upload_id(&*self.id)
            .body(body);
        let aborted = request.send().await;
        self.is_open.store(false, Relaxed);
        if let Err(error) = aborted {
            tracing::warn!(%error, "a failed multipart upload could not be aborted, its parts remain in the storage");
        }
    }

    /// Returns the call that requests the URL of a part.
    fn url_call(&self, number: u64) -> Result<Call> {
        let object = &self.spec.object;
        object
            .api()
            .upload_part()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .upload_id(&*self.id)
            .part_number(i64::try_from(number).unwrap_or_default())
            .body(UploadPartFrom { physical_address: self.physical_address.clone() })
            .call()
    }
}

impl Drop for MultipartUpload {
    fn drop(&mut self) {
        if !*self.is_open.get_mut() {
            return;
        }
        // Without a runtime, the upload cannot be aborted here. Storages can be configured to remove old parts.
        let Ok(runtime) = Handle::try_current() else { return };
        let (spec, id) = (self.spec.clone(), self.id.clone());
        let physical_address = self.physical_address.clone();
        let (urls, received, is_open) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        let dropped = Self { spec, id, physical_address, urls, received, is_open };
        runtime.spawn(async move { dropped.abort().await });
    }
}

/// The upload target of one part of an object.
struct PartTarget<'a> {
    upload: &'a MultipartUpload,
    number: u64,
}

impl UploadTarget for PartTarget<'_> {
    type Address = ();

    async fn sign(&self) -> Result<(Call, ())> {
        let Self { upload, number } = self;
        if *number > MAX_PARTS {
            let message = format!(
                "the data need more than {MAX_PARTS} parts of this size; set the length of the stream with \
                 `Body::with_length`, or a larger `part_size`"
            );
            return Err(upload.spec.failed(Error::invalid("", message)));
        }
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let take_url = || {
            let mut urls = upload.urls.lock().unwrap_or_else(PoisonError::into_inner);
            urls.get_mut(index).and_then(Option::take)
        };
        let url = if let Some(url) = take_url() {
            url
        } else {
            let call = upload.url_call(*number)?;
            upload.spec.transport().json::<UploadTo>(call).await?.into_inner().presigned_url
        };
        let call = upload.url_call(*number)?.at_storage(&WRITE_PART, Some(&url))?;
        Ok((call.require_storage(upload.spec.presign.is_some()), ()))
    }
}

/// Verifies the size and the checksum of the created object against the parts that were sent.
fn verify(stats: &ObjectStats, parts: &[SentPart], mode: Verify, action: &str) -> Result<()> {
    let size: u64 = parts.iter().map(|part| part.length).sum();
    let why = if stats.size_bytes.is_some_and(|found| u64::try_from(found) != Ok(size)) {
        format!("{size} bytes were sent, but the object has {}", stats.size_bytes.unwrap_or_default())
    } else if mode == Verify::Off {
        return Ok(());
    } else {
        let found = &stats.checksum;
        // `None` if the storage does not return the MD5s of the parts.
        let md5s: Option<Vec<_>> = parts
            .iter()
            .map(|SentPart { uploaded, .. }| uploaded.md5.filter(|md5| etag::is_md5_of(&uploaded.etag, md5)))
            .collect();
        let expected = md5s.map(multipart_checksum);
        let comparison = expected.as_ref().map(|expected| etag::compare_with_parts(found, expected));
        match (expected, comparison) {
            (Some(expected), Some(Comparison::Different)) => {
                format!("the parts that were sent have the checksum {expected}, but the object has {found}")
            }
            (_, Some(Comparison::Equal)) => return Ok(()),
            _ if mode == Verify::Strict => {
                format!(
                    "the checksum {found:?} of the object cannot be compared with the parts that were sent"
                )
            }
            _ => return Ok(()),
        }
    };
    let message = format!("{why}; the object was created nevertheless");
    Err(Error::new(ErrorKind::Integrity, action, message)
        .during("complete_presign_multipart_upload", String::new))
}
