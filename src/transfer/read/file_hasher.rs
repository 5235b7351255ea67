//! Verifies a file while it is written.
//!
//! An MD5 is computed in order, but the bytes of a download arrive in any order, and may arrive faster than they can be
//! hashed. Therefore, a thread reads them from the file after they are written. Memory holds only the ranges of the
//! written bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::task::{JoinHandle, spawn_blocking};

use crate::transfer::CHUNK_SIZE;
use crate::transfer::read::verifier::Verifier;

/// Hashes a file from its start while it is written. Dropping it stops the thread.
pub(crate) struct FileHasher {
    written: WrittenRanges,
    thread: Option<JoinHandle<io::Result<Verifier>>>,
}

/// The ranges of the file that are written.
#[derive(Clone, Default)]
pub(crate) struct WrittenRanges(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// All bytes before this position are written.
    end: u64,
    /// Ranges that are written after `end`, from start to end: at most one for each writer.
    ranges: BTreeMap<u64, u64>,
    /// No more bytes will be written.
    is_complete: bool,
    is_cancelled: bool,
}

impl FileHasher {
    pub(crate) fn new(mut verifier: Verifier, mut file: File) -> Self {
        let written = WrittenRanges::default();
        let reader = written.clone();
        let thread = spawn_blocking(move || {
            let (mut chunk, mut position) = (vec![0; CHUNK_SIZE], 0);
            while let Some(bytes) = reader.wait_for(position, CHUNK_SIZE) {
                file.read_exact(&mut chunk[..bytes])?;
                verifier.update(&chunk[..bytes]);
                position += bytes as u64;
            }
            Ok(verifier)
        });
        Self { written, thread: Some(thread) }
    }

    pub(crate) fn written(&self) -> &WrittenRanges {
        &self.written
    }

    /// Hashes the remaining bytes after all are written, and returns the verifier.
    pub(crate) async fn finish(mut self) -> io::Result<Verifier> {
        self.written.update(|state| state.is_complete = true);
        match self.thread.take() {
            Some(thread) => thread.await.map_err(io::Error::other)?,
            None => Err(io::Error::other("the file is hashed already")),
        }
    }
}

impl Drop for FileHasher {
    fn drop(&mut self) {
        self.written.update(|state| state.is_cancelled |= self.thread.is_some());
    }
}

impl WrittenRanges {
    /// Adds a range that is written. Each writer adds its ranges in order.
    pub(crate) fn add(&self, range: Range<u64>) {
        self.update(|state| state.add(range));
    }

    /// Waits until `max` bytes after a position are written, or the file is complete. Returns how many there are, and
    /// `None` at the end of the file.
    fn wait_for(&self, position: u64, max: usize) -> Option<usize> {
        let (_, changed) = &*self.0;
        let mut state = self.lock();
        loop {
            let bytes = usize::try_from(state.end - position).map_or(max, |bytes| bytes.min(max));
            if state.is_cancelled || (state.is_complete && bytes == 0) {
                return None;
            }
            if bytes == max || state.is_complete {
                return Some(bytes);
            }
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn update(&self, update: impl FnOnce(&mut State)) {
        update(&mut self.lock());
        self.0.1.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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
    use std::io::{Seek as _, SeekFrom, Write as _};

    use super::*;
    use crate::transfer::digest::hex;
    use crate::transfer::md5::Md5;

    #[test]
    fn adjacent_ranges_are_merged() {
        let mut state = State::default();
        for (start, end) in [(30, 34), (10, 12), (30, 30), (34, 36), (12, 20), (20, 20), (0, 5)] {
            state.add(start..end);
        }
        assert_eq!((state.end, state.ranges.len()), (5, 2));
        state.add(5..10);
        assert_eq!((state.end, state.ranges.len()), (20, 1));
        state.add(36..40);
        state.add(20..30);
        assert_eq!((state.end, state.ranges.len()), (40, 0));
    }

    #[tokio::test]
    async fn file_written_in_reverse_order_is_hashed_in_order() {
        let data: Vec<u8> = (0..=250).cycle().take(5 * CHUNK_SIZE + 7).collect();
        for is_corrupt in [false, true] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            let verifier = Verifier::of_md5(&hex(&Md5::digest(&data)), data.len() as u64);
            let hasher = FileHasher::new(verifier, file.reopen().unwrap());
            let part_size = CHUNK_SIZE / 2 + 3;
            for (number, part) in data.chunks(part_size).enumerate().collect::<Vec<_>>().into_iter().rev() {
                let start = (number * part_size) as u64;
                file.seek(SeekFrom::Start(start)).unwrap();
                let is_wrong = is_corrupt && number == 3;
                file.write_all(if is_wrong { &data[..part.len()] } else { part }).unwrap();
                hasher.written().add(start..start + part.len() as u64);
            }
            let outcome = hasher.finish().await.unwrap().finish(data.len() as u64, "read an object");
            assert_eq!(outcome.is_err(), is_corrupt, "{outcome:?}");
        }
    }

    #[tokio::test]
    async fn dropped_hasher_stops_its_thread() {
        let file = tempfile::tempfile().unwrap();
        let verifier = Verifier::of_md5("d41d8cd98f00b204e9800998ecf8427e", 0);
        let mut hasher = FileHasher::new(verifier, file);
        let thread = hasher.thread.take().unwrap();
        hasher.written().update(|state| state.is_cancelled = true);
        drop(hasher);
        thread.await.unwrap().unwrap();
    }
}
