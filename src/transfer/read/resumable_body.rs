//! The bytes of one version of an object, over as many connections as needed.
//!
//! When a response breaks off, the remaining bytes are requested again. lakeFS does not support conditions on reads, so
//! the new response is accepted only if it has the same ETag and the same object size. The bytes can come from the server
//! or from the storage, also some of them from each.

use std::fmt;
use std::mem;
#[cfg(feature = "fs")]
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream as _, ready};
use tokio_util::sync::ReusableBoxFuture;

use crate::api::ByteStream;
use crate::error::{Error, ErrorKind, Result};
use crate::http::options::HasOptions as _;
use crate::http::retry_table::RetryClass;
use crate::transfer::etag;
use crate::transfer::part_size::MIN_PRESIGNED_LENGTH;
use crate::transfer::read::byte_range::ByteRange;
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::headers::ObjectHeaders;
use crate::transfer::read::route::{self, ReadRoute};
use crate::transfer::read::storage_read::{StorageRead, StorageResponse};
use crate::transfer::read::storage_source::StorageSource;
use crate::transfer::read::verifier::Verification;
use crate::transfer::read::version::{ObjectVersion, RangeMismatch, content_range, failed};
use crate::transfer::wait_timeout::WaitTimeout;

/// The bytes of an object from a position on. While no response is open, the next read opens one.
pub(crate) struct ResumableBody {
    get: GetObject,
    action: String,
    version: ObjectVersion,
    /// The position of the next byte in the object.
    position: u64,
    /// The position after the last byte, if it is known.
    end: Option<u64>,
    /// Where further requests go, if that is not the server.
    source: Option<Arc<StorageSource>>,
    state: State,
    /// The number of failures since the last byte arrived, and the time of the first of them.
    failures: u32,
    first_failure: Instant,
    wait_timeout: WaitTimeout,
}

enum State {
    Closed,
    Opening(Opening),
    /// A response is open. If it does not have all bytes, the rest needs another one.
    Open(ByteStream, Option<Rest>),
    Failed,
}

/// The bytes after those of the open response.
struct Rest {
    /// Where the open response starts.
    previous: u64,
    start: u64,
    response: RestResponse,
}

enum RestResponse {
    NotRequested,
    Opening(Opening),
    Opened(Result<Opened>),
}

type Opening = ReusableBoxFuture<'static, Result<Opened>>;

/// A response body, and the size of the object.
type Opened = (ByteStream, Option<u64>);

impl ResumableBody {
    /// Sends the request, and reads from the response which bytes there are.
    pub(crate) async fn open(get: GetObject) -> Result<(Self, ObjectHeaders)> {
        let action = get.action()?;
        let is_undecided = match ReadRoute::choose(&get).await {
            ReadRoute::Storage(source) => match (StorageRead { source: &source, get: &get }).open().await? {
                Some(response) => return Ok(Self::at_storage(get, action, source, response)),
                None => false,
            },
            ReadRoute::Split(source) => match Self::open_first(&get, &action, source).await? {
                Some(opened) => return Ok(opened),
                None => false,
            },
            ReadRoute::Server => false,
            ReadRoute::Undecided => true,
        };
        if !is_undecided {
            return Self::open_at_server(get, action).await;
        }
        if get.is_bulk {
            route::prepare(&get);
        }
        let (mut body, headers) = Self::open_at_server(get, action).await?;
        if body.is_worth_storage() && route::storage_presigns(&body.get).await {
            // The server has sent little so far, and the storage sends the rest faster.
            body.source = Some(route::storage_source(&body.get));
            body.state = State::Closed;
        }
        Ok((body, headers))
    }

    fn at_storage(
        get: GetObject,
        action: String,
        source: Arc<StorageSource>,
        response: StorageResponse,
    ) -> (Self, ObjectHeaders) {
        let StorageResponse { signed, bytes, body: stream } = response;
        let headers = ObjectHeaders::of_signed(&signed, bytes.end - bytes.start);
        let version = ObjectVersion { etag: headers.etag.clone(), size: Some(signed.size) };
        let mut body = Self::closed(get, action, version, bytes.start, Some(bytes.end));
        (body.source, body.state) = (Some(source), State::Open(stream, None));
        (body, headers)
    }

    /// Requests the first bytes through the server. Returns `None` if the response does not say enough to read the rest
    /// from the storage.
    async fn open_first(
        get: &GetObject,
        action: &str,
        source: Arc<StorageSource>,
    ) -> Result<Option<(Self, ObjectHeaders)>> {
        let response = match get.send_first(MIN_PRESIGNED_LENGTH).await {
            // The object is empty, or the requested range is outside of it.
            Err(error) if error.status() == Some(416) => return Ok(None),
            response => response?,
        };
        let headers = ObjectHeaders::of(&response);
        let Some(etag) = headers.etag.clone().filter(|etag| etag::identifies_version(etag)) else {
            return Ok(None);
        };
        let (Some(range), 206) = (content_range(&response), response.status()) else { return Ok(None) };
        let Some(size) = range.size else { return Ok(None) };
        let requested = get.range.unwrap_or(ByteRange::ALL).within(size);
        if range.bytes.start != requested.start || range.bytes.end > requested.end {
            return Ok(None);
        }
        let version = ObjectVersion { etag: Some(etag), size: Some(size) };
        let mut body =
            Self::closed(get.clone(), action.to_owned(), version, requested.start, Some(requested.end));
        let rest = (range.bytes.end < requested.end).then_some(Rest {
            previous: requested.start,
            start: range.bytes.end,
            response: RestResponse::NotRequested,
        });
        (body.source, body.state) = (Some(source), State::Open(response.into_inner(), rest));
        Ok(Some((body, headers)))
    }

    async fn open_at_server(get: GetObject, action: String) -> Result<(Self, ObjectHeaders)> {
        let response = match get.send().await {
            Err(error) if error.kind() == ErrorKind::RangeNotSatisfiable => {
                return Self::open_empty(get, action, error).await;
            }
            response => response?,
        };
        let headers = ObjectHeaders::of(&response);
        let length = headers.content_length;
        let requested = get.range.unwrap_or(ByteRange::ALL);
        let mismatch = |mismatch: RangeMismatch| mismatch.into_error(&action);
        let (size, start, end) = if response.status() == 206 {
            let range = content_range(&response).ok_or_else(|| mismatch(RangeMismatch::WrongRange))?;
            match range.size.map(|size| requested.within(size)) {
                Some(expected) if expected.start != range.bytes.start => {
                    return Err(mismatch(RangeMismatch::WrongRange));
                }
                Some(expected) => (range.size, expected.start, Some(expected.end)),
                None => (None, range.bytes.start, Some(range.bytes.end)),
            }
        } else {
            // A server may ignore the range, which makes no difference if the range is the whole object.
            let is_all =
                length.map_or(requested == ByteRange::ALL, |length| requested.within(length) == (0..length));
            if !is_all {
                return Err(mismatch(RangeMismatch::RangeIgnored));
            }
            (length, 0, length)
        };
        let etag = headers.etag.clone().filter(|etag| etag::identifies_version(etag));
        let mut body = Self::closed(get, action, ObjectVersion { etag, size }, start, end);
        body.state = State::Open(response.into_inner(), None);
        Ok((body, headers))
    }

    /// Whether so many bytes are left that they are read from the storage.
    fn is_worth_storage(&self) -> bool {
        let length = self.end.map(|end| end.saturating_sub(self.position));
        self.is_resumable()
            && self.version.size.is_some()
            && length.is_some_and(|length| length >= MIN_PRESIGNED_LENGTH)
    }

    /// Returns no bytes if the last bytes of an empty object are requested, and the error otherwise.
    async fn open_empty(get: GetObject, action: String, error: Error) -> Result<(Self, ObjectHeaders)> {
        if !matches!(get.range, Some(ByteRange::Suffix(1..))) {
            return Err(error);
        }
        let headers = get.head().await?;
        if headers.size != Some(0) {
            return Err(error);
        }
        let version = ObjectVersion { etag: headers.etag.clone(), size: Some(0) };
        Ok((Self::closed(get, action, version, 0, Some(0)), headers))
    }

    fn closed(
        get: GetObject,
        action: String,
        version: ObjectVersion,
        position: u64,
        end: Option<u64>,
    ) -> Self {
        let (state, failures, first_failure) = (State::Closed, 0, Instant::now());
        let wait_timeout = WaitTimeout::default();
        Self {
            get,
            action,
            version,
            position,
            end,
            source: None,
            state,
            failures,
            first_failure,
            wait_timeout,
        }
    }

    /// Applies the option `timeout` to each wait for bytes from now on, instead of to the call as a whole.
    pub(crate) fn bound_waits(&mut self) {
        self.wait_timeout = WaitTimeout::new(self.get.options_mut().take_timeout());
    }

    /// Returns other bytes of the same version, which are read over another connection.
    #[cfg(feature = "fs")]
    pub(crate) fn for_range(&self, bytes: Range<u64>) -> Self {
        let (get, action, version) = (self.get.clone(), self.action.clone(), self.version.clone());
        let body = Self::closed(get, action, version, bytes.start, Some(bytes.end));
        Self { source: self.source.clone(), ..body }
    }

    /// Returns the position of the next byte in the object.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the position after the last byte.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Returns the size of the object, in bytes.
    pub(crate) fn size(&self) -> Option<u64> {
        self.version.size
    }

    /// Whether the version of the object can be recognized, so that it can be read with several requests.
    pub(crate) fn is_resumable(&self) -> bool {
        self.version.etag.is_some()
    }

    /// Whether a response is open.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(..))
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Continues at another position.
    pub(crate) fn seek(&mut self, position: u64) {
        self.state = State::Closed;
        self.position = position;
        self.failures = 0;
    }

    /// Yields no more bytes.
    pub(crate) fn fail(&mut self) {
        self.state = State::Failed;
    }

    /// Allows reads after a failure.
    pub(crate) fn reset_failure(&mut self) {
        if self.has_failed() {
            self.seek(self.position);
        }
    }

    /// Returns how to verify the bytes, if they are all of the object and have a checksum that can be compared with them.
    pub(crate) fn verification(&self, headers: &ObjectHeaders) -> Result<Option<Verification>> {
        let is_all = self.position == 0 && self.end == self.version.size;
        if is_all { self.get.verification(headers, self.version.size, &self.action) } else { Ok(None) }
    }

    /// Returns the request, so that the object can be read again.
    pub(crate) fn request(&self) -> &GetObject {
        &self.get
    }

    /// Describes the read, for error messages.
    pub(crate) fn action(&self) -> &str {
        &self.action
    }

    /// Yields the next bytes, and their position. Ends after the last byte, and after a failure.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(u64, Bytes)>>> {
        let next = self.poll_bytes(cx);
        if self.wait_timeout.poll_elapsed(cx, next.is_ready()) {
            self.state = State::Failed;
            let error = self.wait_timeout.error("get_object", &self.action, "no bytes");
            return Poll::Ready(Some(Err(error)));
        }
        next
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(u64, Bytes)>>> {
        self.request_rest(cx);
        loop {
            let is_complete = self.end.is_some_and(|end| self.position >= end);
            let step = match &mut self.state {
                State::Failed => return Poll::Ready(None),
                State::Closed if is_complete => return Poll::Ready(None),
                State::Closed => self.reopen(Duration::ZERO, None),
                State::Opening(opening) => match ready!(opening.poll(cx)) {
                    Ok((body, size)) => {
                        self.version.size = size;
                        self.end = self.end.or(size);
                        self.state = State::Open(body, None);
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
                State::Open(_, Some(rest)) if self.position >= rest.start => {
                    let (state, step) = match mem::replace(&mut rest.response, RestResponse::NotRequested) {
                        RestResponse::NotRequested => (State::Closed, Ok(())),
                        RestResponse::Opening(opening) => (State::Opening(opening), Ok(())),
                        RestResponse::Opened(Ok((body, _))) => (State::Open(body, None), Ok(())),
                        RestResponse::Opened(Err(error)) => (State::Failed, Err(error)),
                    };
                    self.state = state;
                    step
                }
                State::Open(body, _) => match ready!(Pin::new(body).poll_next(cx)) {
                    Some(Ok(chunk)) if chunk.is_empty() => Ok(()),
                    Some(Ok(chunk)) => match self.advance(&chunk) {
                        Ok(start) => return Poll::Ready(Some(Ok((start, chunk)))),
                        Err(error) => Err(error),
                    },
                    Some(Err(_)) | None if is_complete => {
                        self.state = State::Closed;
                        Ok(())
                    }
                    Some(Err(error)) => self.retry(error),
                    None => {
                        if let Some(end) = self.end {
                            let message =
                                format!("the response ended at byte {} instead of {end}", self.position);
                            self.retry(failed(&self.action, ErrorKind::Integrity, message))
                        } else {
                            (self.end, self.version.size) = (Some(self.position), Some(self.position));
                            Ok(())
                        }
                    }
                },
            };
            if let Err(error) = step {
                self.state = State::Failed;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// Requests the rest before it is needed, once the consumer has read more than the first bytes.
    fn request_rest(&mut self, cx: &mut Context<'_>) {
        let State::Open(_, Some(rest)) = &self.state else { return };
        let is_wanted = (rest.previous + 1..rest.start).contains(&self.position);
        if is_wanted && matches!(rest.response, RestResponse::NotRequested) {
            let Ok(opening) = self.request_from(rest.start, Duration::ZERO, None) else { return };
            let State::Open(_, Some(rest)) = &mut self.state else { return };
            rest.response = RestResponse::Opening(opening);
        }
        let State::Open(_, Some(rest)) = &mut self.state else { return };
        if let RestResponse::Opening(opening) = &mut rest.response
            && let Poll::Ready(opened) = opening.poll(cx)
        {
            rest.response = RestResponse::Opened(opened);
        }
    }

    /// Counts bytes that have arrived, and returns their position.
    fn advance(&mut self, chunk: &Bytes) -> Result<u64> {
        let start = self.position;
        self.position += chunk.len() as u64;
        self.failures = 0;
        match self.end {
            Some(end) if self.position > end => {
                let message = format!("the response has more bytes than expected: they should end at {end}");
                Err(failed(&self.action, ErrorKind::Integrity, message))
            }
            _ => Ok(start),
        }
    }

    /// Requests the remaining bytes after a response broke off, if the retry policy and the error allow it.
    fn retry(&mut self, error: Error) -> Result<()> {
        let is_transient = error.kind() == ErrorKind::Integrity || RetryClass::Idempotent.allows(&error);
        if self.failures == 0 {
            self.first_failure = Instant::now();
        }
        self.failures += 1;
        let backoff = if self.is_resumable() && is_transient {
            self.get.retries().backoff(self.failures, self.first_failure.elapsed(), None)
        } else {
            None
        };
        match backoff {
            Some(backoff) => {
                tracing::debug!(
                    position = self.position,
                    ?backoff,
                    %error,
                    "response broke off, requesting the remaining bytes"
                );
                self.reopen(backoff, Some(error))
            }
            None => Err(error.after(self.failures, false)),
        }
    }

    /// Requests the bytes from the current position on. `cause` is the failure of the response before.
    fn reopen(&mut self, backoff: Duration, cause: Option<Error>) -> Result<()> {
        self.state = State::Opening(self.request_from(self.position, backoff, cause)?);
        Ok(())
    }

    /// Requests the bytes from `start` on.
    fn request_from(&self, start: u64, backoff: Duration, cause: Option<Error>) -> Result<Opening> {
        let Some(etag) = self.version.etag.clone() else {
            let message = "the object has no ETag to recognize its version by, so it can only be read \
                           with one request: read it from start to end, without seeking";
            return Err(failed(&self.action, ErrorKind::Unsupported, message));
        };
        let (get, version, action) = (self.get.clone(), self.version.clone(), self.action.clone());
        let (end, source) = (self.end, self.source.clone());
        Ok(ReusableBoxFuture::new(async move {
            if !backoff.is_zero() {
                tokio::time::sleep(backoff).await;
            }
            if let (Some(source), Some(end)) = (source, end)
                && let read = (StorageRead { source: &source, get: &get })
                && let Some(response) = read.resume(&version, start..end).await?
            {
                return Ok((response.body, version.size));
            }
            let range = ByteRange::FromTo(start, end.map(|end| end.saturating_sub(1)));
            let response = match get.send_if_match(range, &etag).await {
                // The condition failed, or the range no longer exists: the object has been overwritten.
                Err(error) if matches!(error.status(), Some(412 | 416)) => {
                    return Err(RangeMismatch::VersionChanged.into_error(&action).with_source(error));
                }
                response => response?,
            };
            match (version.check(&response, start), cause) {
                (Ok(size), _) => Ok((response.into_inner(), size)),
                (Err(RangeMismatch::RangeIgnored), Some(cause)) => Err(cause),
                (Err(mismatch), _) => Err(mismatch.into_error(&action)),
            }
        }))
    }
}

impl fmt::Debug for ResumableBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumableBody")
            .field("action", &self.action)
            .field("version", &self.version)
            .field("position", &self.position)
            .field("end", &self.end)
            .field("is_open", &self.is_open())
            .finish_non_exhaustive()
    }
}
