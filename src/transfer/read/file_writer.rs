//! Writes bytes to a range of a file in short jobs.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::transfer::JOB_SIZE;
use crate::transfer::budget::TransferBudget;
use crate::transfer::jobs::Job;
use crate::transfer::positioned::write_all_at;
use crate::transfer::read::early_flush::EarlyFlush;
use crate::transfer::read::file_hasher::{Batch, FileHasher};

/// Gathers bytes and writes them from a position of a file on, while more bytes arrive. One job runs at a time.
pub(crate) struct FileWriter<'a> {
    file: &'a Arc<File>,
    hasher: Option<&'a FileHasher>,
    flush: Option<&'a EarlyFlush>,
    budget: &'a TransferBudget,
    /// The position of the gathered bytes.
    position: u64,
    gathered: Batch,
    /// The job that writes the bytes before, and their range.
    in_flight: Option<(Job<()>, Range<u64>)>,
}

impl<'a> FileWriter<'a> {
    pub(crate) fn new(
        file: &'a Arc<File>,
        position: u64,
        hasher: Option<&'a FileHasher>,
        flush: Option<&'a EarlyFlush>,
        budget: &'a TransferBudget,
    ) -> Self {
        Self { file, hasher, flush, budget, position, gathered: Batch::default(), in_flight: None }
    }

    /// Takes the next bytes.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> io::Result<()> {
        let permit = if let Some(permit) = self.budget.try_bytes(chunk.len()) {
            permit
        } else {
            // The bytes that this writer holds are written, so that others need not wait for them.
            self.write_gathered().await?;
            self.budget.bytes(chunk.len()).await
        };
        self.gathered.push(chunk, permit);
        if self.gathered.bytes >= JOB_SIZE { self.write_gathered().await } else { Ok(()) }
    }

    /// Writes the remaining bytes, and waits until all are written.
    pub(crate) async fn finish(mut self) -> io::Result<()> {
        self.write_gathered().await?;
        self.finish_job().await
    }

    /// Starts to write the gathered bytes, after those before are written.
    async fn write_gathered(&mut self) -> io::Result<()> {
        self.finish_job().await?;
        if self.gathered.bytes == 0 {
            return Ok(());
        }
        let batch = Arc::new(std::mem::take(&mut self.gathered));
        let start = self.position;
        self.position += batch.bytes as u64;
        if let Some(hasher) = self.hasher {
            hasher.offer(start, &batch).await;
        }
        let file = self.file.clone();
        let write = move || {
            let mut position = start;
            for chunk in &batch.chunks {
                write_all_at(&file, chunk, position)?;
                position += chunk.len() as u64;
            }
            Ok(())
        };
        self.in_flight = Some((self.budget.jobs().start(write), start..self.position));
        Ok(())
    }

    async fn finish_job(&mut self) -> io::Result<()> {
        if let Some((job, range)) = self.in_flight.take() {
            job.finish().await?;
            if let Some(flush) = self.flush {
                flush.add_written(usize::try_from(range.end - range.start).unwrap_or(usize::MAX));
            }
            if let Some(hasher) = self.hasher {
                hasher.add_written(range);
            }
        }
        Ok(())
    }
}
