//! Splits a stream into parts that are buffered in memory.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf as _, Bytes, BytesMut};
use futures::TryStreamExt as _;

use crate::http::request_body::Chunks;
use crate::transfer::part_size::MAX_PART_SIZE;

/// Buffers of parts that were sent, for the next parts.
#[derive(Clone, Default)]
pub(crate) struct BufferPool(Arc<Mutex<Vec<BytesMut>>>);

impl BufferPool {
    fn take(&self) -> BytesMut {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Returns the buffer of a part, if nothing else uses it.
    pub(crate) fn put_back(&self, part: Bytes) {
        if let Ok(mut buffer) = part.try_into_mut() {
            buffer.clear();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }
}

/// Splits a stream into parts.
pub(crate) struct PartSplitter {
    chunks: Chunks,
    pool: BufferPool,
    /// Bytes that have arrived and belong to the next part.
    remainder: Bytes,
    is_finished: bool,
    initial_size: u64,
    /// The size of the parts grows with their number, because the number of bytes is unknown.
    grows: bool,
    parts: u64,
}

impl PartSplitter {
    /// After how many parts the size grows.
    const GROWTH_INTERVAL: u64 = 1000;

    pub(crate) fn new(chunks: Chunks, part_size: u64, grows: bool) -> Self {
        Self {
            chunks,
            pool: BufferPool::default(),
            remainder: Bytes::new(),
            is_finished: false,
            initial_size: part_size,
            grows,
            parts: 0,
        }
    }

    pub(crate) fn pool(&self) -> &BufferPool {
        &self.pool
    }

    /// Returns the size of the next part. If it grows, the last of 10,000 parts is ten times as large as the first.
    pub(crate) fn part_size(&self) -> u64 {
        let factor = if self.grows { 1 + self.parts / Self::GROWTH_INTERVAL } else { 1 };
        self.initial_size.saturating_mul(factor).min(MAX_PART_SIZE)
    }

    /// Whether the stream has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Returns the next part. Only the last one is smaller than the part size.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let size = usize::try_from(self.part_size()).unwrap_or(usize::MAX);
        let mut part = self.pool.take();
        part.reserve(size);
        while part.len() < size && !self.is_finished {
            if self.remainder.is_empty() {
                match self.chunks.try_next().await? {
                    Some(chunk) => self.remainder = chunk,
                    None => self.is_finished = true,
                }
            }
            let bytes = self.remainder.len().min(size - part.len());
            part.extend_from_slice(&self.remainder[..bytes]);
            self.remainder.advance(bytes);
        }
        self.parts += 1;
        Ok((!part.is_empty()).then(|| part.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::{self, StreamExt as _};

    use super::*;

    fn chunks(sizes: &[usize]) -> Chunks {
        stream::iter(sizes.to_vec()).map(|size| Ok(Bytes::from(vec![b'x'; size]))).boxed()
    }

    #[tokio::test]
    async fn only_the_last_part_is_smaller() {
        let mut splitter = PartSplitter::new(chunks(&[3, 0, 9, 5]), 7, false);
        let mut lengths = Vec::new();
        while let Some(part) = splitter.next().await.unwrap() {
            lengths.push(part.len());
        }
        assert_eq!(lengths, [7, 7, 3]);
        assert!(splitter.is_finished());
    }

    #[tokio::test]
    async fn part_size_grows_only_if_the_length_is_unknown() {
        for (grows, expected) in [(false, 2), (true, 4)] {
            let mut splitter = PartSplitter::new(chunks(&[3000]), 2, grows);
            for _ in 0..PartSplitter::GROWTH_INTERVAL {
                assert_eq!(splitter.next().await.unwrap().unwrap().len(), 2);
            }
            assert_eq!(splitter.part_size(), expected);
        }
    }

    #[tokio::test]
    async fn buffer_is_reused_after_it_is_put_back() {
        let mut splitter = PartSplitter::new(chunks(&[8]), 4, false);
        let first = splitter.next().await.unwrap().unwrap();
        let address = first.as_ptr();
        splitter.pool().put_back(first);
        assert_eq!(splitter.next().await.unwrap().unwrap().as_ptr(), address);
    }
}
