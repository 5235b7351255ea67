//! Flushes a file to the disk while it is written, so that little is left to flush at its end.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::transfer::jobs::{Job, Jobs};

/// How many bytes are written between two flushes.
const INTERVAL: usize = 32 * 1024 * 1024;

/// Starts the flushes of a file. One runs at a time.
#[derive(Debug)]
pub(crate) struct EarlyFlush {
    file: Arc<File>,
    jobs: Jobs,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of bytes that were written since the last flush was started.
    written: usize,
    running: Option<Job<()>>,
    /// The first failure. The system reports each failure once, so a later flush can succeed.
    failure: Option<io::Error>,
}

impl EarlyFlush {
    pub(crate) fn new(file: Arc<File>, jobs: Jobs) -> Self {
        Self { file, jobs, state: Mutex::default() }
    }

    /// Counts bytes that were written, and starts a flush if there are enough of them.
    pub(crate) fn add_written(&self, bytes: usize) {
        let mut state = self.lock();
        state.written += bytes;
        if state.written < INTERVAL || state.is_running() {
            return;
        }
        state.written = 0;
        let file = self.file.clone();
        state.running = Some(self.jobs.start(move || file.sync_data()));
    }

    /// Waits for the running flush. Fails if any flush has failed.
    pub(crate) async fn finish(&self) -> io::Result<()> {
        let (running, failure) = {
            let mut state = self.lock();
            (state.running.take(), state.failure.take())
        };
        if let Some(failure) = failure {
            return Err(failure);
        }
        match running {
            Some(running) => running.finish().await,
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a flush has not ended yet.
    fn is_running(&mut self) -> bool {
        let Some(job) = &mut self.running else { return false };
        let Some(result) = job.try_finish() else { return true };
        self.running = None;
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn flush_starts_after_an_interval() {
        let flush = EarlyFlush::new(Arc::new(tempfile::tempfile().unwrap()), Jobs::new(1));
        (&*flush.file).write_all(b"data").unwrap();
        flush.add_written(INTERVAL - 1);
        assert!(flush.lock().running.is_none());
        flush.add_written(1);
        assert!(flush.lock().running.is_some());
        tokio::time::timeout(Duration::from_secs(10), flush.finish()).await.unwrap().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn failure_of_a_flush_is_reported_at_the_end() {
        // A pipe cannot be flushed.
        let (_reader, writer) = io::pipe().unwrap();
        let file = Arc::new(File::from(std::os::fd::OwnedFd::from(writer)));
        let flush = EarlyFlush::new(file, Jobs::new(1));
        for _ in 0..2 {
            flush.add_written(INTERVAL);
            let finished = async {
                while flush.lock().is_running() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), finished).await.unwrap();
        }
        let error = tokio::time::timeout(Duration::from_secs(10), flush.finish()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
