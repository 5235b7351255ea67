//! Streams that are recorded while they are sent, so that they can be sent again.
//!
//! The first bytes are recorded in memory. If there are more, all are written to a temporary file without a name, in
//! jobs on the blocking thread pool. A job writes the bytes of its position again if it is repeated, and it never waits
//! for another one. Bytes that have left the source are always recorded before they are sent, so an attempt can be
//! dropped at any time.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt as _};
use tokio::task::JoinHandle;

use crate::http::request_body::Chunks;
use crate::scope::SpoolOptions;
use crate::transfer::CHUNK_SIZE;
#[cfg(feature = "fs")]
use crate::transfer::write::spool_file::SpoolFile;

/// How many bytes are recorded in memory before a file is created, and how many a job writes to it.
pub(crate) const MAX_IN_MEMORY: usize = 1024 * 1024;

/// Chunks of fewer bytes are copied together, because each of them could occupy a larger buffer.
const MIN_SHARED: usize = 16 * 1024;

/// A stream that can be sent again as long as all its bytes are recorded. Clones share it.
#[derive(Clone)]
pub(crate) struct ReplayableStream {
    state: Arc<Mutex<State>>,
    length: Option<u64>,
}

struct State {
    source: Chunks,
    is_ended: bool,
    /// How many bytes the source has yielded.
    taken: u64,
    /// The rest of the last chunk of the source, which the current attempt has not taken.
    rest: Bytes,
    /// The recorded bytes that are not in the file.
    pieces: VecDeque<Piece>,
    in_memory: usize,
    options: SpoolOptions,
    /// How many bytes are recorded at most.
    limit: u64,
    #[cfg(feature = "fs")]
    file: Option<SpoolFile>,
    #[cfg(feature = "fs")]
    writing: Option<JoinHandle<io::Result<SpoolFile>>>,
    /// Why the data are no longer recorded.
    lost: Option<String>,
    /// The number of the current attempt. Older ones end.
    attempt: u64,
}

/// Recorded bytes.
enum Piece {
    Shared(Bytes),
    /// Small chunks that were copied together.
    Copied(BytesMut),
}

impl Piece {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Copied(bytes) => bytes,
        }
    }
}

/// What an attempt does next.
enum Step {
    Send(Bytes),
    #[cfg(feature = "fs")]
    Read(JoinHandle<io::Result<Bytes>>),
}

impl ReplayableStream {
    /// `length` is the number of bytes, if it is known.
    pub(crate) fn new(source: Chunks, length: Option<u64>, options: SpoolOptions) -> Self {
        let is_too_long = length.is_some_and(|length| length > options.limit);
        // What is sent before the limit is reached can be sent again. More than that is recorded only if all can be.
        let in_memory = MAX_IN_MEMORY as u64;
        let limit = if is_too_long || cfg!(not(feature = "fs")) {
            options.limit.min(in_memory)
        } else {
            options.limit
        };
        let state = State {
            source: source.fuse().boxed(),
            is_ended: false,
            taken: 0,
            rest: Bytes::new(),
            pieces: VecDeque::new(),
            in_memory: 0,
            options,
            limit,
            #[cfg(feature = "fs")]
            file: None,
            #[cfg(feature = "fs")]
            writing: None,
            lost: None,
            attempt: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), length }
    }

    /// Returns the number of bytes, if it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Returns the number of bytes, if it is known or the stream has been read to its end.
    pub(crate) fn total(&self) -> Option<u64> {
        self.length.or_else(|| self.with(|state| state.is_ended.then_some(state.taken)))
    }

    /// Returns why the data cannot be sent again, if that is so.
    pub(crate) fn lost(&self) -> Option<String> {
        self.with(|state| state.lost.clone())
    }

    /// Returns the chunks from the start of the stream on. The chunks of an earlier call end with an error.
    pub(crate) fn open(&self) -> Chunks {
        let number = self.with(|state| {
            state.attempt += 1;
            state.rest = Bytes::new();
            state.attempt
        });
        let mut attempt = Attempt { stream: self.clone(), number, position: 0, reading: None };
        stream::poll_fn(move |cx| attempt.poll_next(cx)).boxed()
    }

    /// Returns the source, for a caller that keeps what it takes. Nothing must have been sent.
    pub(crate) fn into_source(self) -> Chunks {
        self.with(|state| std::mem::replace(&mut state.source, stream::empty().boxed()))
    }

    fn with<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        access(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for ReplayableStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayableStream").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Sends the stream once.
struct Attempt {
    stream: ReplayableStream,
    number: u64,
    position: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Attempt {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let read = match &mut self.reading {
            None => None,
            Some(reading) => Some(ready!(Pin::new(reading).poll(cx))),
        };
        self.reading = None;
        let (number, position) = (self.number, self.position);
        let bytes = match read {
            Some(read) => read.map_err(io::Error::other).and_then(|done| done),
            None => match ready!(self.stream.with(|state| state.poll(number, position, cx))) {
                None => return Poll::Ready(None),
                Some(Ok(Step::Send(bytes))) => Ok(bytes),
                #[cfg(feature = "fs")]
                Some(Ok(Step::Read(reading))) => {
                    self.reading = Some(reading);
                    return self.poll_next(cx);
                }
                Some(Err(error)) => Err(error),
            },
        };
        if let Ok(bytes) = &bytes {
            self.position += bytes.len() as u64;
        }
        Poll::Ready(Some(bytes))
    }
}

impl State {
    /// Returns what comes at a position, for an attempt.
    fn poll(&mut self, attempt: u64, position: u64, cx: &mut Context<'_>) -> Poll<Option<io::Result<Step>>> {
        if attempt != self.attempt {
            return Poll::Ready(Some(Err(io::Error::other("the data are sent by another request"))));
        }
        let has_space = self.poll_space(cx);
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Step::Send(self.take_rest()))));
        }
        if position < self.taken {
            return Poll::Ready(Some(self.recorded(position)));
        }
        if self.is_ended {
            return Poll::Ready(None);
        }
        ready!(has_space);
        loop {
            let chunk = match ready!(self.source.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.is_ended = true;
                    return Poll::Ready(None);
                }
            };
            if !chunk.is_empty() {
                self.record(&chunk);
                self.rest = chunk;
                return Poll::Ready(Some(Ok(Step::Send(self.take_rest()))));
            }
        }
    }

    fn take_rest(&mut self) -> Bytes {
        self.rest.split_to(self.rest.len().min(CHUNK_SIZE))
    }

    /// Returns recorded bytes from a position on.
    fn recorded(&self, position: u64) -> io::Result<Step> {
        if let Some(lost) = &self.lost {
            return Err(io::Error::other(format!("they cannot be sent again: {lost}")));
        }
        #[cfg(feature = "fs")]
        if let Some(file) = self.file.as_ref().filter(|file| position < file.length()) {
            return Ok(Step::Read(file.read(position)));
        }
        let in_file = self.taken - self.in_memory as u64;
        let mut skipped = usize::try_from(position - in_file).unwrap_or(usize::MAX);
        for piece in &self.pieces {
            let bytes = piece.as_slice();
            if skipped >= bytes.len() {
                skipped -= bytes.len();
                continue;
            }
            let end = bytes.len().min(skipped + CHUNK_SIZE);
            return Ok(Step::Send(match piece {
                Piece::Shared(bytes) => bytes.slice(skipped..end),
                Piece::Copied(bytes) => Bytes::copy_from_slice(&bytes[skipped..end]),
            }));
        }
        Err(io::Error::other("the recorded data are incomplete"))
    }

    /// Records a chunk of the source.
    fn record(&mut self, chunk: &Bytes) {
        self.taken += chunk.len() as u64;
        if self.lost.is_some() {
            return;
        }
        if self.taken > self.limit {
            let limit = self.options.limit;
            let lost = if cfg!(not(feature = "fs")) && limit > MAX_IN_MEMORY as u64 {
                format!("without the feature `fs`, at most {MAX_IN_MEMORY} bytes of a stream are kept")
            } else {
                format!("they have more than {limit} bytes, the limit of `spool_limit`")
            };
            self.lose(lost);
            return;
        }
        self.in_memory += chunk.len();
        if chunk.len() >= MIN_SHARED {
            self.pieces.push_back(Piece::Shared(chunk.clone()));
            return;
        }
        match self.pieces.back_mut() {
            Some(Piece::Copied(bytes)) if bytes.len() + chunk.len() <= bytes.capacity() => {
                bytes.extend_from_slice(chunk);
            }
            _ => {
                let mut bytes = BytesMut::with_capacity(4 * MIN_SHARED);
                bytes.extend_from_slice(chunk);
                self.pieces.push_back(Piece::Copied(bytes));
            }
        }
    }

    /// Gives up the recorded data.
    fn lose(&mut self, why: String) {
        tracing::debug!(%why, "the data of an upload cannot be sent again");
        self.lost = Some(why);
        self.pieces = VecDeque::new();
        self.in_memory = 0;
        #[cfg(feature = "fs")]
        {
            self.file = None;
            self.writing = None;
        }
    }

    /// Waits while too many recorded bytes are in memory.
    #[cfg(not(feature = "fs"))]
    #[expect(clippy::unused_self, reason = "all is in memory")]
    fn poll_space(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Starts a job if there is something to write, and waits while too many recorded bytes are in memory.
    #[cfg(feature = "fs")]
    fn poll_space(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(writing) = &mut self.writing {
                let Poll::Ready(written) = Pin::new(writing).poll(cx) else {
                    let is_full = self.in_memory > 2 * MAX_IN_MEMORY;
                    return if is_full { Poll::Pending } else { Poll::Ready(()) };
                };
                self.writing = None;
                match written.map_err(io::Error::other).and_then(|done| done) {
                    Ok(file) => self.forget(file),
                    Err(error) => {
                        self.lose(format!("the temporary file of `spool_dir` cannot be written: {error}"));
                    }
                }
            }
            if self.in_memory <= MAX_IN_MEMORY {
                return Poll::Ready(());
            }
            let bytes = self.next_to_write();
            self.writing = Some(SpoolFile::write(self.file.as_ref(), self.options.directory.clone(), bytes));
        }
    }

    /// Removes what the file has from memory.
    #[cfg(feature = "fs")]
    fn forget(&mut self, file: SpoolFile) {
        use bytes::Buf as _;

        let before = self.file.as_ref().map_or(0, SpoolFile::length);
        let mut written = usize::try_from(file.length() - before).unwrap_or(usize::MAX);
        self.in_memory -= written;
        self.file = Some(file);
        while let Some(piece) = self.pieces.front_mut() {
            if piece.as_slice().len() > written {
                match piece {
                    Piece::Shared(bytes) => bytes.advance(written),
                    Piece::Copied(bytes) => bytes.advance(written),
                }
                return;
            }
            written -= piece.as_slice().len();
            self.pieces.pop_front();
        }
    }

    /// Returns the first bytes in memory, as many as a job writes.
    #[cfg(feature = "fs")]
    fn next_to_write(&mut self) -> Vec<Bytes> {
        let (mut bytes, mut remaining) = (Vec::new(), MAX_IN_MEMORY);
        for piece in &mut self.pieces {
            if remaining == 0 {
                break;
            }
            if let Piece::Copied(copied) = piece {
                *piece = Piece::Shared(std::mem::take(copied).freeze());
            }
            if let Piece::Shared(shared) = piece {
                let part = shared.slice(..shared.len().min(remaining));
                remaining -= part.len();
                bytes.push(part);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    fn data(bytes: usize) -> Vec<u8> {
        (0..=250).cycle().take(bytes).collect()
    }

    fn stream_of(data: &[u8], chunk: usize, options: SpoolOptions) -> ReplayableStream {
        let chunks: Vec<_> = data.chunks(chunk).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        ReplayableStream::new(stream::iter(chunks).boxed(), None, options)
    }

    async fn read(chunks: Chunks) -> io::Result<Vec<u8>> {
        Ok(chunks.try_collect::<Vec<_>>().await?.concat())
    }

    #[tokio::test]
    async fn stream_is_sent_again_from_the_start_after_any_number_of_bytes() {
        let lengths = if cfg!(feature = "fs") { vec![0, 10, 5 * MAX_IN_MEMORY + 7] } else { vec![0, 10] };
        let sizes = [1000, 100_000, 3 << 20];
        for (length, size) in lengths.into_iter().flat_map(|length| sizes.map(|size| (length, size))) {
            let data = data(length);
            let stream = stream_of(&data, size, SpoolOptions::default());
            for chunks in [0, 1, 2, 7, 20, 500, 2, 10_000] {
                let mut attempt = stream.open();
                let mut position = 0;
                for _ in 0..chunks {
                    let Some(chunk) = attempt.try_next().await.unwrap() else { break };
                    assert!(chunk.len() <= CHUNK_SIZE);
                    assert!(chunk == data[position..position + chunk.len()], "at {position} of {length}");
                    position += chunk.len();
                    assert!(stream.with(|state| state.in_memory) <= 2 * MAX_IN_MEMORY + size);
                }
            }
            assert!(read(stream.open()).await.unwrap() == data);
            assert!(read(stream.open()).await.unwrap() == data);
            assert_eq!(stream.lost(), None);
        }
    }

    #[tokio::test]
    async fn stream_beyond_the_limit_is_sent_once() {
        let options = SpoolOptions { limit: 1000, ..SpoolOptions::default() };
        let data = data(5000);
        let stream = stream_of(&data, 500, options);
        let mut attempt = stream.open();
        for _ in 0..2 {
            attempt.try_next().await.unwrap();
        }
        assert_eq!(stream.lost(), None);
        drop(attempt);
        assert!(read(stream.open()).await.unwrap() == data);
        let lost = stream.lost().unwrap();
        assert!(lost.contains("1000 bytes") && lost.contains("spool_limit"), "{lost}");
        read(stream.open()).await.unwrap_err();
    }

    #[cfg(feature = "fs")]
    #[tokio::test]
    async fn small_stream_needs_no_file_and_a_missing_directory_loses_a_large_one() {
        let options =
            SpoolOptions { directory: Some("/no/such/directory".into()), ..SpoolOptions::default() };
        let stream = stream_of(&data(MAX_IN_MEMORY), 1000, options.clone());
        read(stream.open()).await.unwrap();
        assert_eq!(stream.lost(), None);
        let large = data(4 * MAX_IN_MEMORY);
        let stream = stream_of(&large, 1000, options);
        assert!(read(stream.open()).await.unwrap() == large);
        assert!(stream.lost().unwrap().contains("temporary file"));
    }

    #[tokio::test]
    async fn chunks_of_an_earlier_attempt_end() {
        let stream = stream_of(&data(5000), 500, SpoolOptions::default());
        let mut first = stream.open();
        first.try_next().await.unwrap();
        let second = stream.open();
        first.try_next().await.unwrap_err();
        assert!(read(second).await.unwrap() == data(5000));
    }
}
