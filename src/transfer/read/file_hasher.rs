//! Verifies a file while it is written.
//!
//! An MD5 is computed in order, but the bytes of a download over several connections arrive in any order. Bytes that
//! arrive in order are hashed as they are. Others are read back from the file when their turn has come, so that memory
//! holds only the ranges of the written bytes. All hashing is done in short jobs.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::transfer::budget::Permit;
use crate::transfer::jobs::Jobs;
use crate::transfer::positioned::read_exact_at;
use crate::transfer::read::verifier::Verifier;
use crate::transfer::{CHUNK_SIZE, JOB_SIZE};

/// How many bytes may wait to be hashed. Who offers more waits.
const MAX_QUEUED: usize = 2 * JOB_SIZE;

/// Bytes that are written and hashed at the same time, and the permits for them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) bytes: usize,
    pub(crate) permits: Vec<Permit>,
}

impl Batch {
    pub(crate) fn push(&mut self, chunk: Bytes, permit: Permit) {
        self.bytes += chunk.len();
        self.chunks.push(chunk);
        self.permits.push(permit);
    }
}

/// Hashes the bytes of a file in order while they are written in any order.
#[derive(Debug, Default)]
pub(crate) struct FileHasher {
    /// The file that out-of-order bytes are read back from. Without one, all bytes must be offered in order.
    file: Option<Arc<File>>,
    state: Mutex<State>,
    /// There may be something to hash.
    work: Notify,
    /// Bytes were removed from the queue.
    has_space: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The first byte that is not yet hashed or waiting for it.
    next: u64,
    /// The bytes before `next` that wait.
    queue: VecDeque<Arc<Batch>>,
    queued: usize,
    written: WrittenRanges,
    /// The number of bytes of the complete file.
    length: Option<u64>,
}

enum Work {
    Bytes(Arc<Batch>),
    Written(Range<u64>),
}

impl FileHasher {
    pub(crate) fn new(file: Option<Arc<File>>) -> Self {
        Self { file, ..Self::default() }
    }

    /// Queues bytes if they are the next ones to hash. Waits until the queue has space for them.
    ///
    /// Other bytes are ignored: they are hashed after they were [written](Self::add_written).
    pub(crate) async fn offer(&self, start: u64, batch: &Arc<Batch>) {
        loop {
            {
                let mut state = self.lock();
                if state.next != start {
                    return;
                }
                if state.queue.is_empty() || state.queued + batch.bytes <= MAX_QUEUED {
                    state.next += batch.bytes as u64;
                    state.queued += batch.bytes;
                    state.queue.push_back(batch.clone());
                    break;
                }
            }
            self.has_space.notified().await;
        }
        self.work.notify_one();
    }

    /// Adds a range that is written. Each writer adds its ranges in order.
    pub(crate) fn add_written(&self, range: Range<u64>) {
        self.lock().written.add(range);
        self.work.notify_one();
    }

    /// Sets the number of bytes of the file, after all of them were written.
    pub(crate) fn complete(&self, length: u64) {
        self.lock().length = Some(length);
        self.work.notify_one();
    }

    /// Hashes the bytes of the file until it is complete, and returns the verifier.
    pub(crate) async fn run(&self, mut verifier: Verifier, jobs: &Jobs) -> io::Result<Verifier> {
        let mut buffer = Vec::new();
        while let Some(work) = self.next_work().await {
            match work {
                Work::Bytes(batch) => {
                    let bytes = batch.bytes;
                    let hash = move || {
                        for chunk in &batch.chunks {
                            verifier.update(chunk);
                        }
                        Ok(verifier)
                    };
                    verifier = jobs.run(hash).await?;
                    self.lock().queued -= bytes;
                    self.has_space.notify_one();
                }
                Work::Written(range) => {
                    let Some(file) = self.file.clone() else {
                        return Err(io::Error::other("the bytes did not arrive in order"));
                    };
                    let hash = move || {
                        buffer.resize(CHUNK_SIZE, 0);
                        read_back(&file, range, &mut buffer, &mut verifier)?;
                        Ok((verifier, buffer))
                    };
                    (verifier, buffer) = jobs.run(hash).await?;
                }
            }
        }
        Ok(verifier)
    }

    /// Waits for something to hash. Returns `None` at the end of the file.
    async fn next_work(&self) -> Option<Work> {
        loop {
            {
                let mut state = self.lock();
                if let Some(batch) = state.queue.pop_front() {
                    return Some(Work::Bytes(batch));
                }
                let start = state.next;
                if start < state.written.end {
                    state.next = state.written.end.min(start + JOB_SIZE as u64);
                    return Some(Work::Written(start..state.next));
                }
                if state.length.is_some_and(|length| start >= length) {
                    return None;
                }
            }
            self.work.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_back(file: &File, range: Range<u64>, buffer: &mut [u8], verifier: &mut Verifier) -> io::Result<()> {
    let mut position = range.start;
    while position < range.end {
        let remaining = usize::try_from(range.end - position).unwrap_or(usize::MAX);
        let length = remaining.min(buffer.len());
        let chunk = &mut buffer[..length];
        read_exact_at(file, chunk, position)?;
        verifier.update(chunk);
        position += chunk.len() as u64;
    }
    Ok(())
}

/// The ranges of a file that are written.
#[derive(Debug, Default)]
struct WrittenRanges {
    /// All bytes before this position are written.
    end: u64,
    /// Ranges that are written after `end`, from start to end: at most one for each writer.
    ranges: BTreeMap<u64, u64>,
}

impl WrittenRanges {
    fn add(&mut self, Range { start, end }: Range<u64>) {
        if start == end {
            return;
        }
        if start == self.end {
            self.end = end;
            while let Some(end) = self.ranges.remove(&self.end) {
                self.end = end;
            }
        } else if let Some((_, previous_end)) =
            self.ranges.range_mut(..=start).next_back().filter(|(_, end)| **end == start)
        {
            *previous_end = end;
        } else {
            self.ranges.insert(start, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::time::Duration;

    use futures::future;

    use super::*;
    use crate::transfer::digest::hex;
    use crate::transfer::md5::Md5;
    use crate::transfer::positioned::write_all_at;

    /// How long a test waits for something that happens at once.
    const DEADLINE: Duration = Duration::from_secs(10);

    async fn within<T>(work: impl Future<Output = T>) -> T {
        tokio::time::timeout(DEADLINE, work).await.expect("the hasher does not hang")
    }

    fn data(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    fn verifier_of(data: &[u8]) -> Verifier {
        Verifier::of_md5(&hex(&Md5::digest(data)), data.len() as u64)
    }

    fn batch(data: &[u8]) -> Arc<Batch> {
        let chunks = data.chunks(1000).map(Bytes::copy_from_slice).collect();
        Arc::new(Batch { chunks, bytes: data.len(), permits: Vec::new() })
    }

    #[test]
    fn adjacent_ranges_are_merged() {
        let mut written = WrittenRanges::default();
        for (start, end) in [(30, 34), (10, 12), (30, 30), (34, 36), (12, 20), (20, 20), (0, 5)] {
            written.add(start..end);
        }
        assert_eq!((written.end, written.ranges.len()), (5, 2));
        written.add(5..10);
        assert_eq!((written.end, written.ranges.len()), (20, 1));
        written.add(36..40);
        written.add(20..30);
        assert_eq!((written.end, written.ranges.len()), (40, 0));
    }

    #[tokio::test]
    async fn file_written_in_reverse_order_is_hashed_in_order() {
        let data = data(2 * JOB_SIZE + 7);
        for is_corrupt in [false, true] {
            let file = Arc::new(tempfile::tempfile().unwrap());
            let hasher = FileHasher::new(Some(file.clone()));
            let jobs = Jobs::new(1);
            let part_size = CHUNK_SIZE / 2 + 3;
            for (number, part) in data.chunks(part_size).enumerate().collect::<Vec<_>>().into_iter().rev() {
                let start = (number * part_size) as u64;
                let is_wrong = is_corrupt && number == 3;
                let written = if is_wrong { &data[..part.len()] } else { part };
                if number > 0 {
                    within(hasher.offer(start, &batch(written))).await;
                }
                write_all_at(&file, written, start).unwrap();
                hasher.add_written(start..start + part.len() as u64);
            }
            hasher.complete(data.len() as u64);
            let verifier = within(hasher.run(verifier_of(&data), &jobs)).await.unwrap();
            let outcome = verifier.finish(data.len() as u64, "read an object");
            assert_eq!(outcome.is_err(), is_corrupt, "{outcome:?}");
        }
    }

    #[tokio::test]
    async fn bytes_that_arrive_in_order_need_no_file_and_the_queue_is_bounded() {
        let data = data(4 * MAX_QUEUED + 7);
        let hasher = FileHasher::new(None);
        let jobs = Jobs::new(1);
        let offer = async {
            let mut start = 0;
            for part in data.chunks(JOB_SIZE / 2 + 5) {
                hasher.offer(start, &batch(part)).await;
                assert!(hasher.lock().queued <= MAX_QUEUED);
                start += part.len() as u64;
            }
            hasher.complete(start);
        };
        let (verifier, ()) = within(future::join(hasher.run(verifier_of(&data), &jobs), offer)).await;
        assert!(verifier.unwrap().finish(data.len() as u64, "read an object").unwrap());
    }

    #[tokio::test]
    async fn empty_file_is_complete_at_once() {
        let hasher = FileHasher::new(None);
        hasher.complete(0);
        let verifier = within(hasher.run(verifier_of(b""), &Jobs::new(1))).await.unwrap();
        assert!(verifier.finish(0, "read an object").unwrap());
    }
}
