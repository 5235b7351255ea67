//! The check of a file while it is written.
//!
//! Hashing goes in order and may be slower than the wire, while the bytes may come in any order. So they are not handed over:
//! they are read from the file once more, by a thread that follows the writing, and all that is kept is how far each has come.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::task::{JoinHandle, spawn_blocking};

use crate::transfer::read::verify::Check;
use crate::transfer::write::body::CHUNK;

/// Hashes a file from its beginning as it is written. When it is dropped before the end, it stops.
pub(crate) struct Hasher {
    written: Written,
    thread: Option<JoinHandle<io::Result<Check>>>,
}

/// Where it is told what has been written.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// All before is written.
    end: u64,
    /// What is written behind, from where to where: one for each writer.
    islands: BTreeMap<u64, u64>,
    /// No more will be.
    closed: bool,
    abandoned: bool,
}

impl Hasher {
    pub(crate) fn new(mut check: Check, mut file: File) -> Self {
        let written = Written::default();
        let follow = written.clone();
        let thread = spawn_blocking(move || {
            let (mut chunk, mut at) = (vec![0; CHUNK], 0);
            while let Some(bytes) = follow.behind(at, CHUNK) {
                file.read_exact(&mut chunk[..bytes])?;
                check.take(at, &chunk[..bytes]);
                at += bytes as u64;
            }
            Ok(check)
        });
        Self { written, thread: Some(thread) }
    }

    pub(crate) fn written(&self) -> &Written {
        &self.written
    }

    /// All is written: hashes the rest.
    pub(crate) async fn end(mut self) -> io::Result<Check> {
        self.written.change(|state| state.closed = true);
        match self.thread.take() {
            Some(thread) => thread.await.map_err(io::Error::other)?,
            None => Err(io::Error::other("it has ended before")),
        }
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.written.change(|state| state.abandoned |= self.thread.is_some());
    }
}

impl Written {
    /// These bytes are written. A writer tells of them in their order.
    pub(crate) fn tell(&self, bytes: Range<u64>) {
        self.change(|state| state.add(bytes));
    }

    /// Waits for bytes to be written behind a place, and tells how many there are, up to so many; nothing at the end.
    fn behind(&self, at: u64, most: usize) -> Option<usize> {
        let (_, changed) = &*self.0;
        let mut state = self.lock();
        loop {
            let bytes = usize::try_from(state.end - at).map_or(most, |bytes| bytes.min(most));
            if state.abandoned || (state.closed && bytes == 0) {
                return None;
            }
            // A part of a chunk is not worth a look while more comes.
            if bytes == most || state.closed {
                return Some(bytes);
            }
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
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
            while let Some(end) = self.islands.remove(&self.end) {
                self.end = end;
            }
        } else if let Some((_, island)) =
            self.islands.range_mut(..=start).next_back().filter(|(_, island)| **island == start)
        {
            *island = end;
        } else {
            self.islands.insert(start, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, SeekFrom, Write as _};

    use md5::{Digest as _, Md5};

    use super::*;
    use crate::transfer::digest::hex;

    #[test]
    fn what_is_written_in_any_order_is_known_by_a_place_for_each_writer() {
        let mut state = State::default();
        for (start, end) in [(30, 34), (10, 12), (30, 30), (34, 36), (12, 20), (20, 20), (0, 5)] {
            state.add(start..end);
        }
        assert_eq!((state.end, state.islands.len()), (5, 2));
        state.add(5..10);
        assert_eq!((state.end, state.islands.len()), (20, 1));
        state.add(36..40);
        state.add(20..30);
        assert_eq!((state.end, state.islands.len()), (40, 0));
    }

    #[tokio::test]
    async fn a_file_that_is_written_from_both_ends_is_hashed_in_order() {
        let data: Vec<u8> = (0..=250).cycle().take(5 * CHUNK + 7).collect();
        for broken in [false, true] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            let tag = format!("\"{}\"", hex(&Md5::digest(&data)));
            let hasher = Hasher::new(Check::against(&tag).unwrap(), file.reopen().unwrap());
            for (number, part) in data.chunks(CHUNK / 2 + 3).enumerate().collect::<Vec<_>>().into_iter().rev()
            {
                let start = (number * (CHUNK / 2 + 3)) as u64;
                file.seek(SeekFrom::Start(start)).unwrap();
                file.write_all(if broken && number == 3 { &data[..part.len()] } else { part }).unwrap();
                hasher.written().tell(start..start + part.len() as u64);
            }
            let outcome = hasher.end().await.unwrap().end(data.len() as u64, "read it");
            assert_eq!(outcome.is_err(), broken, "{outcome:?}");
        }
    }

    #[tokio::test]
    async fn one_that_is_dropped_ends() {
        let file = tempfile::tempfile().unwrap();
        let mut hasher = Hasher::new(Check::against("\"d41d8cd98f00b204e9800998ecf8427e\"").unwrap(), file);
        let thread = hasher.thread.take().unwrap();
        hasher.written().change(|state| state.abandoned = true);
        drop(hasher);
        thread.await.unwrap().unwrap();
    }
}
