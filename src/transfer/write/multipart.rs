//! Uploads whose data go to the storage in parts, several at once.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf as _, Bytes, BytesMut};
use futures::future::OptionFuture;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use tokio::sync::Semaphore;

use crate::http::call::Call;
use crate::http::operation::WRITE_PART;
use crate::http::request_body::Chunks;
use crate::models::{self, ObjectStats, PresignMultipartUpload, UploadTo};
use crate::transfer::digest;
use crate::transfer::write::body::Data;
use crate::transfer::write::payload::{Piece, Source};
use crate::transfer::write::presigned::{Place, Stored};
use crate::transfer::write::upload::Put;
use crate::{Error, ErrorKind, Result};

pub(crate) const MIB: u64 = 1024 * 1024;

/// How large a part is, unless said otherwise. It is read from where the data are when it is sent.
pub(crate) const PART: u64 = 8 * MIB;

/// How large a part of a stream is, unless said otherwise. It is kept in memory, so that it can be sent again.
pub(crate) const KEPT_PART: u64 = 5 * MIB;

/// The least that storages take for a part that is not the last.
const LEAST: u64 = 5 * MIB;

/// The most that they take.
const MOST: u64 = 5 * 1024 * MIB;

/// How many parts there may be.
pub(crate) const PARTS: u64 = 10_000;

/// How many parts are under way at once, unless said otherwise.
const CONCURRENCY: usize = 4;

/// How many of them where they are kept in memory.
const KEPT_CONCURRENCY: usize = 3;

/// How many addresses are asked for with the upload. They expire, and there may be thousands: the others are asked for one
/// by one.
const AHEAD: u64 = 100;

/// An upload in parts that is under way. If it is dropped, it is aborted.
struct Parts {
    put: Put,
    id: String,
    address: String,
    /// Signed addresses that have not been used, of the parts from the first one on.
    signed: Mutex<Vec<Option<String>>>,
    open: AtomicBool,
}

/// The memory of parts that have arrived, for the next ones.
type Spare = Arc<Mutex<Vec<BytesMut>>>;

/// The pieces of an object, in order.
type Pieces = BoxStream<'static, io::Result<Piece>>;

impl Put {
    /// How large the parts of data of this length are.
    fn part_size(&self, length: Option<u64>, usual: u64) -> u64 {
        let least = length.map_or(LEAST, |length| length.div_ceil(PARTS).next_multiple_of(MIB));
        self.part_size.unwrap_or(usual).clamp(LEAST, MOST).max(least)
    }

    /// Whether data of this length are worth more than one part.
    pub(crate) fn has_parts(&self, length: Option<u64>) -> bool {
        length.is_none_or(|length| length > self.part_size(Some(length), PART))
    }

    /// Sends the data in parts. Those that turn out to be only one are given back.
    pub(crate) async fn send_in_parts(&self, data: Data) -> Result<std::result::Result<ObjectStats, Data>> {
        let (length, mut source, mut spare) = (data.length(), None, None);
        let (pieces, expected): (Pieces, _) = match data {
            Data::Piece(piece) => {
                let size = self.part_size(length, PART);
                if let Piece::File(file, _) = &piece {
                    source = Some(file.clone());
                }
                let expected = piece.length().div_ceil(size);
                (
                    stream::iter((0..expected).map(move |number| Ok(piece.part(number * size, size))))
                        .boxed(),
                    expected,
                )
            }
            Data::Stream(stream, _) => {
                let mut cutter = Cutter::new(stream, self.part_size(length, KEPT_PART), length.is_none());
                spare = Some(cutter.spare.clone());
                let failed = |error| self.failed(Error::unreadable(error));
                let first = cutter.next().await.map_err(failed)?.unwrap_or_default();
                if cutter.is_over() {
                    return Ok(Err(Data::Piece(Piece::Bytes(first))));
                }
                let expected = length.map_or(1, |length| length.div_ceil(cutter.size()));
                let rest = stream::try_unfold(cutter, |mut cutter| async {
                    Ok(cutter.next().await?.map(|bytes| (bytes, cutter)))
                });
                let all = stream::iter([Ok(first)]).chain(rest);
                (all.map_ok(Piece::Bytes).boxed(), expected)
            }
        };
        let upload = Parts::begin(self.clone(), expected.min(AHEAD)).await?;
        Ok(Ok(upload.run(pieces, source, spare).await?))
    }
}

impl Parts {
    async fn begin(put: Put, ahead: u64) -> Result<Self> {
        let reference = put.object.reference();
        let repository = reference.repository();
        let request = repository.client.api().create_presign_multipart_upload();
        let request = request.repository(repository.name()).branch(reference.expression());
        let ahead = i64::try_from(ahead).unwrap_or_default();
        let reply = request.path(put.object.path()).parts(ahead).send().await?;
        let PresignMultipartUpload { physical_address: address, presigned_urls: signed, upload_id: id } =
            reply.into_inner();
        let signed = Mutex::new(signed.into_iter().map(Some).collect());
        Ok(Self { put, id, address, signed, open: AtomicBool::new(true) })
    }

    /// Sends the pieces, several at once, and makes an object of them; or leaves nothing.
    async fn run(self, pieces: Pieces, source: Option<Source>, spare: Option<Spare>) -> Result<ObjectStats> {
        let upload = Arc::new(self);
        let outcome = upload.send(pieces, source, spare).await;
        if upload.open.load(Relaxed) {
            upload.abort().await;
        }
        outcome
    }

    async fn send(
        self: &Arc<Self>,
        pieces: Pieces,
        source: Option<Source>,
        spare: Option<Spare>,
    ) -> Result<ObjectStats> {
        let usual = if spare.is_some() { KEPT_CONCURRENCY } else { CONCURRENCY };
        let failed = |error| self.put.failed(Error::unreadable(error));
        let parts = pieces.enumerate().map(|(index, piece)| {
            let (upload, spare, number) = (self.clone(), spare.clone(), index as u64 + 1);
            async move {
                let piece = piece.map_err(|error| upload.put.failed(Error::unreadable(error)))?;
                let slots = upload.put.slots.as_deref();
                // It is never closed.
                let _slot = OptionFuture::from(slots.map(Semaphore::acquire)).await;
                let ((), stored) = upload.put.deliver(&Part { upload: &upload, number }, &piece).await?;
                if stored.tag.is_empty() {
                    let why = "the storage has given a part no entity tag";
                    return Err(upload.put.failed(Error::new(ErrorKind::Decode, "", why)));
                }
                let length = piece.length();
                if let (Some(spare), Piece::Bytes(bytes)) = (spare, piece)
                    && let Ok(mut part) = bytes.try_into_mut()
                {
                    part.clear();
                    spare.lock().unwrap_or_else(PoisonError::into_inner).push(part);
                }
                Ok((number, length, stored))
            }
        });
        let concurrency = self.put.concurrency.unwrap_or(usual).max(1);
        let mut parts: Vec<_> = parts.buffer_unordered(concurrency).try_collect().await?;
        if let Some(source) = source {
            source.same().await.map_err(failed)?;
        }
        parts.sort_unstable_by_key(|(number, ..)| *number);
        self.complete(&parts).await
    }

    async fn complete(&self, parts: &[(u64, u64, Stored)]) -> Result<ObjectStats> {
        let part = |(number, _, stored): &(u64, u64, Stored)| models::UploadPart {
            etag: stored.tag.clone(),
            part_number: i64::try_from(*number).unwrap_or_default(),
        };
        let body = models::CompletePresignMultipartUpload {
            content_type: self.put.content_type.clone(),
            parts: parts.iter().map(part).collect(),
            physical_address: self.address.clone(),
            user_metadata: self
                .put
                .metadata()
                .map(|(key, value)| (key, value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
        };
        let reference = self.put.object.reference();
        let repository = reference.repository();
        let request = repository.client.api().complete_presign_multipart_upload();
        let request = request.repository(repository.name()).branch(reference.expression());
        let call = request.path(self.put.object.path()).upload_id(&*self.id).body(body).call()?;
        let action = call.describe();
        let mut stats = match self.put.transport().json::<ObjectStats>(call).await {
            Ok(reply) => reply.into_inner(),
            // Nobody else has been given the place.
            Err(error) if error.is_outcome_unknown() => match self.put.object.get_opt().await {
                Ok(Some(stats)) if stats.physical_address == self.address => stats,
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        };
        self.open.store(false, Relaxed);
        // The reply leaves out where the repository is.
        stats.physical_address.clone_from(&self.address);
        verify(&stats, parts, &action)?;
        Ok(stats)
    }

    async fn abort(&self) {
        let body = models::AbortPresignMultipartUpload { physical_address: self.address.clone() };
        let reference = self.put.object.reference();
        let repository = reference.repository();
        let request = repository.client.api().abort_presign_multipart_upload();
        let request = request.repository(repository.name()).branch(reference.expression());
        let aborted = request.path(self.put.object.path()).upload_id(&*self.id).body(body).send().await;
        self.open.store(false, Relaxed);
        if let Err(error) = aborted {
            tracing::warn!(%error, "an upload in parts that failed has left them in the storage");
        }
    }

    fn part_call(&self, number: u64) -> Result<Call> {
        let body = models::UploadPartFrom { physical_address: self.address.clone() };
        let reference = self.put.object.reference();
        let repository = reference.repository();
        let request = repository.client.api().upload_part().repository(repository.name());
        let request = request.branch(reference.expression()).path(self.put.object.path());
        let number = i64::try_from(number).unwrap_or_default();
        request.upload_id(&*self.id).part_number(number).body(body).call()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if !*self.open.get_mut() {
            return;
        }
        // Without a runtime there is nobody to abort it; a storage forgets parts in time if it is told to.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let signed = Mutex::default();
        let (put, id, address) = (self.put.clone(), self.id.clone(), self.address.clone());
        let dropped = Self { put, id, address, signed, open: AtomicBool::new(false) };
        runtime.spawn(async move { dropped.abort().await });
    }
}

/// A place for a part of an object.
struct Part<'a> {
    upload: &'a Parts,
    number: u64,
}

impl Place for Part<'_> {
    type Address = ();

    async fn sign(&self) -> Result<(Call, ())> {
        if self.number > PARTS {
            let why = "the data are too many for parts of this size: say how long they are, or ask for larger parts";
            return Err(self.upload.put.failed(Error::new(ErrorKind::InvalidRequest, "", why)));
        }
        let index = usize::try_from(self.number - 1).unwrap_or(usize::MAX);
        let ahead = || {
            let mut signed = self.upload.signed.lock().unwrap_or_else(PoisonError::into_inner);
            signed.get_mut(index).and_then(Option::take)
        };
        let call = || self.upload.part_call(self.number);
        let signed = match ahead() {
            None => self.upload.put.transport().json::<UploadTo>(call()?).await?.into_inner().presigned_url,
            Some(signed) => signed,
        };
        Ok((call()?.at_storage(&WRITE_PART, Some(&signed))?, ()))
    }
}

/// Holds what was made of the parts against what was sent.
fn verify(stats: &ObjectStats, parts: &[(u64, u64, Stored)], action: &str) -> Result<()> {
    let size: u64 = parts.iter().map(|(_, length, _)| length).sum();
    let why = if stats.size_bytes.is_some_and(|found| u64::try_from(found) != Ok(size)) {
        format!("{size} bytes were sent, the object has {}", stats.size_bytes.unwrap_or_default())
    } else if parts.iter().all(|(_, _, stored)| stored.has_md5_tag()) {
        let expected = digest::of_parts(parts.iter().map(|(_, _, stored)| stored.md5));
        let like_it = stats.checksum.len() == expected.len() && stats.checksum.contains('-');
        if !like_it || stats.checksum.eq_ignore_ascii_case(&expected) {
            return Ok(());
        }
        format!("the parts that were sent have the checksum {expected}, the object has {}", stats.checksum)
    } else {
        return Ok(());
    };
    let message = format!("{why}; it was written all the same");
    Err(Error::new(ErrorKind::Integrity, action, message)
        .during("complete_presign_multipart_upload", String::new))
}

/// Cuts a stream into parts that are kept in memory.
struct Cutter {
    stream: Chunks,
    spare: Spare,
    /// What has come and is of the next part.
    rest: Bytes,
    over: bool,
    size: u64,
    /// The parts grow: nobody knows how many there will be.
    growing: bool,
    cut: u64,
}

impl Cutter {
    /// After how many parts of one size the next size comes.
    const STEP: u64 = 1000;

    fn new(stream: Chunks, size: u64, growing: bool) -> Self {
        Self { stream, spare: Spare::default(), rest: Bytes::new(), over: false, size, growing, cut: 0 }
    }

    /// How large the next part is: of 10,000, the last is ten times as large as the first.
    fn size(&self) -> u64 {
        let times = if self.growing { 1 + self.cut / Self::STEP } else { 1 };
        self.size.saturating_mul(times).min(MOST)
    }

    /// Whether the last part has been cut, as far as is seen.
    fn is_over(&self) -> bool {
        self.over
    }

    /// The next part. Only the last one is smaller than it should be.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let size = usize::try_from(self.size()).unwrap_or(usize::MAX);
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut part = spare.unwrap_or_default();
        part.reserve(size);
        while part.len() < size && !self.over {
            if self.rest.is_empty() {
                match self.stream.try_next().await? {
                    Some(chunk) => self.rest = chunk,
                    None => self.over = true,
                }
            }
            let bytes = self.rest.len().min(size - part.len());
            part.extend_from_slice(&self.rest[..bytes]);
            self.rest.advance(bytes);
        }
        self.cut += 1;
        Ok((!part.is_empty()).then(|| part.freeze()))
    }
}
