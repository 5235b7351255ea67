//! Writes an object to a file over one or several connections.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{self, Either};
use futures::stream::TryStreamExt as _;

use crate::error::{Error, Result};
use crate::transfer::budget::TransferBudget;
use crate::transfer::progress::Progress;
use crate::transfer::read::early_flush::EarlyFlush;
use crate::transfer::read::file_hasher::FileHasher;
use crate::transfer::read::file_writer::FileWriter;
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::resumable_body::ResumableBody;

/// How often it is checked whether more connections would help.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The number of bytes in a second from which more connections do not help: the processor and the disk are then the limit.
const FAST: u64 = 256 * 1024 * 1024;

/// How many connections a download uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connections {
    /// This number from the start.
    Exactly(usize),
    /// One, and up to this number if the first one mostly waits for bytes and is not fast.
    UpTo(usize),
}

impl Connections {
    pub(crate) fn max(self) -> usize {
        match self {
            Self::Exactly(connections) | Self::UpTo(connections) => connections,
        }
    }
}

/// The ranges of an object that are not requested yet, in order.
#[derive(Debug)]
struct Ranges {
    next: Mutex<u64>,
    size: u64,
    length: u64,
}

impl Ranges {
    fn new(size: u64, length: u64) -> Self {
        Self { next: Mutex::new(0), size, length }
    }

    /// Takes the next range.
    fn take(&self) -> Option<Range<u64>> {
        self.take_if(|_| true)
    }

    /// Takes the next range if it starts there, and returns its end.
    fn take_at(&self, start: u64) -> Option<u64> {
        self.take_if(|next| next == start).map(|range| range.end)
    }

    fn take_if(&self, condition: impl FnOnce(u64) -> bool) -> Option<Range<u64>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let start = *next;
        if start >= self.length || !condition(start) {
            return None;
        }
        *next = start.saturating_add(self.size).min(self.length);
        Some(start..*next)
    }
}

/// Writes the bytes of an object to a file.
pub(crate) struct FileDownload<'a> {
    pub(crate) file: &'a Arc<File>,
    pub(crate) hasher: Option<&'a FileHasher>,
    pub(crate) flush: Option<&'a EarlyFlush>,
    pub(crate) budget: &'a TransferBudget,
    pub(crate) progress: &'a Progress,
    /// Converts an error of the file.
    pub(crate) failed: &'a (dyn Fn(io::Error) -> Error + Sync),
}

impl FileDownload<'_> {
    /// Writes all bytes over one connection, and returns their number.
    pub(crate) async fn over_one_connection(&self, mut reader: ObjectReader) -> Result<u64> {
        let (mut writer, mut length) = (self.writer(0), 0);
        while let Some(chunk) = reader.try_next().await? {
            length += chunk.len() as u64;
            writer.push(chunk).await.map_err(self.failed)?;
        }
        writer.finish().await.map_err(self.failed)?;
        Ok(length)
    }

    /// Writes all bytes over several connections, each of which reads ranges of this size.
    pub(crate) async fn over_connections(
        &self,
        reader: ObjectReader,
        length: u64,
        range_size: u64,
        connections: Connections,
    ) -> Result<()> {
        let ranges = &Ranges::new(range_size, length);
        let start = reader.start();
        // Describes the version of the object for other connections.
        let version = reader.body_for_range(start..start);
        let (started, first_response) = (Instant::now(), Received::default());
        let Some(end) = ranges.take_at(0) else { return Ok(()) };
        let first = Box::pin(async {
            self.read_from_start(reader, end, ranges, &first_response).await?;
            self.read_ranges(&version, start, ranges).await
        });
        let first = match connections {
            Connections::Exactly(_) => first,
            Connections::UpTo(_) => {
                let is_network_slow = || first_response.is_slow(started.elapsed());
                match start_slowly(first, is_network_slow).await {
                    Either::Left(result) => return result,
                    Either::Right(first) => first,
                }
            }
        };
        let others = (1..connections.max()).map(|_| async {
            match self.budget.try_connection() {
                Some(_connection) => self.read_ranges(&version, start, ranges).await,
                None => Ok(()),
            }
        });
        // The others take their first ranges before the first connection continues with its second one.
        future::try_join(future::try_join_all(others), first).await?;
        Ok(())
    }

    /// Writes the bytes until `end`, and the ranges after it, with the response that is open. Stops at a range that
    /// another connection reads.
    async fn read_from_start(
        &self,
        mut reader: ObjectReader,
        mut end: u64,
        ranges: &Ranges,
        received: &Received,
    ) -> Result<()> {
        let (mut writer, mut position) = (self.writer(0), 0);
        loop {
            let asked = Instant::now();
            let Some(mut chunk) = reader.try_next().await? else { break };
            received.add(chunk.len(), asked.elapsed());
            let chunk_end = position + chunk.len() as u64;
            while chunk_end >= end {
                let Some(next) = ranges.take_at(end) else { break };
                end = next;
            }
            let excess = chunk_end.saturating_sub(end);
            chunk.truncate(chunk.len() - usize::try_from(excess).unwrap_or(chunk.len()));
            // Bytes after the range arrive again, with their own range.
            self.progress.retract(excess);
            position = chunk_end - excess;
            writer.push(chunk).await.map_err(self.failed)?;
            if position == end {
                break;
            }
        }
        drop(reader);
        writer.finish().await.map_err(self.failed)
    }

    /// Writes ranges until all are requested.
    async fn read_ranges(&self, version: &ResumableBody, start: u64, ranges: &Ranges) -> Result<()> {
        while let Some(range) = ranges.take() {
            let mut body = version.for_range(start + range.start..start + range.end);
            let mut writer = self.writer(range.start);
            while let Some(next) = future::poll_fn(|cx| body.poll_next(cx)).await {
                let (_, chunk) = next?;
                self.progress.advance(chunk.len() as u64);
                writer.push(chunk).await.map_err(self.failed)?;
            }
            writer.finish().await.map_err(self.failed)?;
        }
        Ok(())
    }

    fn writer(&self, position: u64) -> FileWriter<'_> {
        FileWriter::new(self.file, position, self.hasher, self.flush, self.budget)
    }
}

/// What has arrived with the first response.
#[derive(Debug, Default)]
struct Received {
    bytes: AtomicU64,
    /// How long the download waited for them, in microseconds.
    waited: AtomicU64,
}

impl Received {
    fn add(&self, bytes: usize, waited: Duration) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.waited.fetch_add(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Whether the download is slow because of the network.
    fn is_slow(&self, elapsed: Duration) -> bool {
        let waited = Duration::from_micros(self.waited.load(Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let is_fast = self.bytes.load(Relaxed) as f64 >= FAST as f64 * elapsed.as_secs_f64();
        waited > elapsed / 2 && !is_fast
    }
}

/// Runs the work of the first connection alone until it ends, or until more connections would help.
async fn start_slowly<F: Future + Unpin>(
    mut first: F,
    would_help: impl Fn() -> bool,
) -> Either<F::Output, F> {
    loop {
        let interval = std::pin::pin!(tokio::time::sleep(CHECK_INTERVAL));
        match future::select(first, interval).await {
            Either::Left((output, _)) => return Either::Left(output),
            Either::Right(((), rest)) => first = rest,
        }
        if would_help() {
            return Either::Right(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_connections_help_only_while_the_network_is_slow() {
        const MIB: usize = 1024 * 1024;
        let elapsed = Duration::from_millis(100);
        for (bytes, waited, is_slow) in
            [(5 * MIB, 80, true), (5 * MIB, 30, false), (30 * MIB, 80, false), (0, 100, true)]
        {
            let received = Received::default();
            received.add(bytes, Duration::from_millis(waited));
            assert_eq!(received.is_slow(elapsed), is_slow, "{received:?}");
        }
    }

    #[test]
    fn ranges_are_taken_once_and_in_order() {
        let ranges = Ranges::new(10, 35);
        assert_eq!((ranges.take_at(5), ranges.take_at(0)), (None, Some(10)));
        assert_eq!(ranges.take(), Some(10..20));
        assert_eq!((ranges.take_at(10), ranges.take_at(20)), (None, Some(30)));
        assert_eq!(ranges.take(), Some(30..35));
        assert_eq!((ranges.take(), ranges.take_at(35)), (None, None));
        assert_eq!(Ranges::new(u64::MAX, 7).take(), Some(0..7));
        assert_eq!(Ranges::new(1, 0).take(), None);
    }
}
