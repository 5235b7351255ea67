//! The bytes of one version of an object, over as many connections as it takes.
//!
//! A reply that breaks off is taken up where it broke, by a request for the rest. lakeFS has no condition on a read, so
//! that what comes then is of the same version is seen by its entity tag and by the size of the whole.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::{Stream as _, ready};
use tokio_util::sync::ReusableBoxFuture;

use crate::api::{ByteStream, Response};
use crate::http::retry_table::RetryClass;
use crate::requests::objects::head::last_modified;
use crate::transfer::read::byte_range::{ContentRange, Part};
use crate::transfer::read::request::Get;
use crate::transfer::read::verify::Check;
use crate::{Error, ErrorKind, Result};

/// What tells one version of an object from another.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// A strong entity tag: what has it is the same to the byte.
    tag: Option<String>,
    /// How many bytes all of it has.
    size: Option<u64>,
}

impl Version {
    fn of(reply: &Response<ByteStream>, size: Option<u64>) -> Self {
        let strong = |tag: &&str| tag.starts_with('"') && tag.len() > 2;
        Self { tag: reply.header("etag").filter(strong).map(str::to_owned), size }
    }

    /// What the reply has of this version from this byte on: refused if it is another version, or other bytes.
    fn admit(&self, reply: &Response<ByteStream>, from: u64) -> std::result::Result<Option<u64>, Misfit> {
        if reply.header("etag") != self.tag.as_deref() {
            return Err(Misfit::Changed);
        }
        if reply.status() != 206 {
            return Err(Misfit::NoRanges);
        }
        let Some(range) = content_range(reply) else { return Err(Misfit::Other) };
        match (self.size, range.size) {
            (Some(expected), Some(size)) if expected != size => Err(Misfit::Changed),
            _ if range.bytes.start != from => Err(Misfit::Other),
            (known, size) => Ok(known.or(size)),
        }
    }
}

/// Why a reply to a request for the rest is none.
#[derive(Clone, Copy)]
enum Misfit {
    /// It is of another version.
    Changed,
    /// It has all of the object.
    NoRanges,
    /// It has other bytes, or does not say which.
    Other,
}

/// The bytes of an object from one on. Where it is not open, it opens itself with the next read.
pub(crate) struct Source {
    get: Get,
    action: String,
    version: Version,
    /// Where the next byte lies in the object.
    at: u64,
    /// Where the last one lies that is wanted, plus one.
    end: Option<u64>,
    state: State,
    /// How often a reply broke off since the last byte came, and since when.
    setbacks: u32,
    since: Instant,
}

enum State {
    Closed,
    Opening(ReusableBoxFuture<'static, Result<Opened>>),
    Open(ByteStream),
    Failed,
}

/// What the first reply says of the object.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) content_type: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<SystemTime>,
}

/// A body, and how large the object is.
type Opened = (ByteStream, Option<u64>);

impl Source {
    /// Sends the request, and learns from the reply what there is to read.
    pub(crate) async fn open(get: Get) -> Result<(Self, Described)> {
        let reply = get.send().await?;
        let action = get.action()?;
        let length = number(&reply, "content-length");
        let part = get.range.unwrap_or(Part::WHOLE);
        let misfit = |misfit| explained(&action, misfit);
        let (size, bytes) = if reply.status() == 206 {
            let range = content_range(&reply).ok_or_else(|| misfit(Misfit::Other))?;
            match range.size.map(|size| part.within(size)) {
                Some(wanted) if wanted.start != range.bytes.start => return Err(misfit(Misfit::Other)),
                Some(wanted) => (range.size, (wanted.start, Some(wanted.end))),
                None => (None, (range.bytes.start, Some(range.bytes.end))),
            }
        } else {
            // A server may answer a request for a part with the whole, which is well if that is the same.
            let all = length.map_or(part == Part::WHOLE, |length| part.within(length) == (0..length));
            if !all {
                return Err(misfit(Misfit::NoRanges));
            }
            (length, (0, length))
        };
        let text = |name: &str| reply.header(name).map(str::to_owned);
        let described = Described {
            content_type: text("content-type"),
            etag: text("etag"),
            last_modified: last_modified(&reply),
        };
        let version = Version::of(&reply, size);
        let mut source = Self::closed(get, action, version, bytes.0, bytes.1);
        source.state = State::Open(reply.into_inner());
        Ok((source, described))
    }

    fn closed(get: Get, action: String, version: Version, at: u64, end: Option<u64>) -> Self {
        Self { get, action, version, at, end, state: State::Closed, setbacks: 0, since: Instant::now() }
    }

    /// Other bytes of the same version, over a connection of their own.
    pub(crate) fn beside(&self, bytes: Range<u64>) -> Self {
        let (get, action, version) = (self.get.clone(), self.action.clone(), self.version.clone());
        Self::closed(get, action, version, bytes.start, Some(bytes.end))
    }

    /// Where the next byte lies in the object.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Where the last byte lies, plus one.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end
    }

    /// How many bytes all of the object has.
    pub(crate) fn size(&self) -> Option<u64> {
        self.version.size
    }

    /// Whether the version is known again, so that it can be read in more than one piece.
    pub(crate) fn is_pinned(&self) -> bool {
        self.version.tag.is_some()
    }

    /// Whether bytes are on their way.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Goes on from another byte.
    pub(crate) fn seek(&mut self, at: u64) {
        self.state = State::Closed;
        self.at = at;
        self.setbacks = 0;
    }

    /// Gives no more bytes.
    pub(crate) fn fail(&mut self) {
        self.state = State::Failed;
    }

    /// Begins anew after a failure.
    pub(crate) fn recover(&mut self) {
        if self.has_failed() {
            self.seek(self.at);
        }
    }

    /// The check of the bytes, where they are all of an object that has an MD5.
    pub(crate) fn check(&self, etag: Option<&str>) -> Option<Check> {
        let whole = self.at == 0 && self.end == self.version.size && !self.get.unverified;
        etag.filter(|_| whole).and_then(Check::against)
    }

    /// What is being done, for messages.
    pub(crate) fn action(&self) -> &str {
        &self.action
    }

    /// The next bytes, and where they lie. After a failure there are none.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(u64, Bytes)>>> {
        loop {
            let complete = self.end.is_some_and(|end| self.at >= end);
            let step = match &mut self.state {
                State::Failed => return Poll::Ready(None),
                State::Closed if complete => return Poll::Ready(None),
                State::Closed => self.reopen(Duration::ZERO, None),
                State::Opening(opening) => match ready!(opening.poll(cx)) {
                    Ok((body, size)) => {
                        self.version.size = size;
                        self.end = self.end.or(size);
                        self.state = State::Open(body);
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
                State::Open(body) => match ready!(Pin::new(body).poll_next(cx)) {
                    Some(Ok(chunk)) if chunk.is_empty() => Ok(()),
                    Some(Ok(chunk)) => match self.taken(&chunk) {
                        Ok(at) => return Poll::Ready(Some(Ok((at, chunk)))),
                        Err(error) => Err(error),
                    },
                    Some(Err(_)) | None if complete => {
                        self.state = State::Closed;
                        Ok(())
                    }
                    Some(Err(error)) => self.set_back(error),
                    None => {
                        if let Some(end) = self.end {
                            self.set_back(self.broken(&format!("the bytes end at {}, not at {end}", self.at)))
                        } else {
                            (self.end, self.version.size) = (Some(self.at), Some(self.at));
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

    /// Counts bytes that have come, and tells where they lie.
    fn taken(&mut self, chunk: &Bytes) -> Result<u64> {
        let at = self.at;
        self.at += chunk.len() as u64;
        self.setbacks = 0;
        match self.end {
            Some(end) if self.at > end => {
                Err(self.broken(&format!("more bytes came than the object has, {end}")))
            }
            _ => Ok(at),
        }
    }

    /// A reply broke off: asks for the rest, unless it is of no use.
    fn set_back(&mut self, error: Error) -> Result<()> {
        let useful = error.kind() == ErrorKind::Integrity || RetryClass::Idempotent.allows(&error);
        if self.setbacks == 0 {
            self.since = Instant::now();
        }
        self.setbacks += 1;
        let again = self.is_pinned() && useful;
        let wait =
            if again { self.get.retries().backoff(self.setbacks, self.since.elapsed(), None) } else { None };
        match wait {
            Some(wait) => {
                tracing::debug!(at = self.at, ?wait, %error, "the reply broke off, asking for the rest");
                self.reopen(wait, Some(error))
            }
            None => Err(error.after(self.setbacks, false)),
        }
    }

    /// Asks for the bytes from here on.
    fn reopen(&mut self, wait: Duration, cause: Option<Error>) -> Result<()> {
        let Some(tag) = self.version.tag.clone() else {
            let why = "the object has no entity tag to know it by again, so it can only be read in one piece";
            return Err(
                Error::new(ErrorKind::Unsupported, &*self.action, why).during("get_object", String::new)
            );
        };
        let (get, version, action) = (self.get.clone(), self.version.clone(), self.action.clone());
        let from = self.at;
        let part = Part::Range(from, self.end.map(|end| end.saturating_sub(1)));
        self.state = State::Opening(ReusableBoxFuture::new(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let reply = match get.send_again(part, &tag).await {
                // The condition, or a byte that was there, says that it is another object.
                Err(error) if matches!(error.status(), Some(412 | 416)) => {
                    return Err(explained(&action, Misfit::Changed).with_source(error));
                }
                reply => reply?,
            };
            match (version.admit(&reply, from), cause) {
                (Ok(size), _) => Ok((reply.into_inner(), size)),
                (Err(Misfit::NoRanges), Some(first)) => Err(first),
                (Err(misfit), _) => Err(explained(&action, misfit)),
            }
        }));
        Ok(())
    }

    fn broken(&self, message: &str) -> Error {
        Error::new(ErrorKind::Integrity, &*self.action, message).during("get_object", String::new)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Source");
        debug.field("action", &self.action).field("version", &self.version).field("at", &self.at);
        debug.field("end", &self.end).field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}

fn explained(action: &str, misfit: Misfit) -> Error {
    let (kind, message) = match misfit {
        Misfit::Changed => (ErrorKind::Integrity, "the object changed while it was read"),
        Misfit::NoRanges => {
            (ErrorKind::Unsupported, "the server answers with all of the object, not with a part")
        }
        Misfit::Other => {
            (ErrorKind::Integrity, "the reply does not have, or say that it has, the bytes asked for")
        }
    };
    Error::new(kind, action, message).during("get_object", String::new)
}

fn content_range(reply: &Response<ByteStream>) -> Option<ContentRange> {
    ContentRange::parse(reply.header("content-range")?)
}

fn number(reply: &Response<ByteStream>, name: &str) -> Option<u64> {
    reply.header(name)?.parse().ok()
}
