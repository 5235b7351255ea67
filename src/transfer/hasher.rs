//! Hashes bytes while they are transferred, without occupying the threads that run async tasks.
//!
//! The work is done in jobs on the blocking thread pool. A job only hashes bytes that have arrived, so it never waits for
//! another one, and a pool of one thread is enough. One job of a hasher runs at a time, because a hash is computed in
//! order.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::transfer::md5::Md5;

/// How many bytes are hashed at most at once on the thread that runs the task.
pub(crate) const MAX_INLINE: usize = 64 * 1024;

/// How many bytes have to wait before a job starts. With fewer, starting a job takes too much of the time.
const MIN_JOB: usize = 256 * 1024;

/// How many bytes a job hashes at most.
const MAX_JOB: usize = 1024 * 1024;

/// How many bytes may wait to be hashed before the transfer has to wait.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// The state of a hash, which takes bytes in order.
pub(crate) trait Update: Send + 'static {
    /// Hashes the next bytes.
    fn update(&mut self, bytes: &[u8]);
}

impl Update for Md5 {
    fn update(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// Hashes bytes in jobs on the blocking thread pool.
///
/// Outside of a runtime of tokio, it hashes on the current thread. Dropping it stops it after the running job.
pub(crate) struct Hasher<H> {
    state: State<H>,
    /// The bytes that no job has taken yet, and their number.
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
}

enum State<H> {
    Idle(H),
    Running(JoinHandle<H>),
    /// The hash was returned, or its job has failed.
    Ended,
}

impl<H: Update> Hasher<H> {
    pub(crate) fn new(hash: H) -> Self {
        Self { state: State::Idle(hash), waiting: VecDeque::new(), waiting_bytes: 0 }
    }

    /// Adds the next bytes, and waits while too many bytes wait to be hashed.
    #[cfg(test)]
    async fn push(&mut self, bytes: Bytes) -> io::Result<()> {
        self.add(bytes);
        poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// Hashes the remaining bytes, and returns the hash.
    pub(crate) async fn finish(mut self) -> io::Result<H> {
        poll_fn(|cx| self.poll_finish(cx)).await
    }

    /// Adds the next bytes without waiting. Call [`poll_ready`](Self::poll_ready) before or after it.
    pub(crate) fn add(&mut self, bytes: Bytes) {
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(bytes);
    }

    /// Starts a job if there is enough to hash, and waits while too many bytes wait to be hashed.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.poll_idle(cx) {
                Poll::Pending if self.waiting_bytes > MAX_WAITING => return Poll::Pending,
                Poll::Ready(Ok(())) if self.waiting_bytes >= MIN_JOB => self.start_job(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending | Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Hashes the remaining bytes, and returns the hash. Fails if it is called again after that.
    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<H>> {
        loop {
            ready!(self.poll_idle(cx))?;
            if self.waiting_bytes > MAX_INLINE {
                self.start_job();
                continue;
            }
            let State::Idle(mut hash) = std::mem::replace(&mut self.state, State::Ended) else {
                return Poll::Ready(Err(io::Error::other("the hash was returned before")));
            };
            for bytes in self.waiting.drain(..) {
                hash.update(&bytes);
            }
            self.waiting_bytes = 0;
            return Poll::Ready(Ok(hash));
        }
    }

    /// Waits until no job is running.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let State::Running(job) = &mut self.state else { return Poll::Ready(Ok(())) };
        match ready!(Pin::new(job).poll(cx)) {
            Ok(hash) => {
                self.state = State::Idle(hash);
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                self.state = State::Ended;
                Poll::Ready(Err(io::Error::other(error)))
            }
        }
    }

    /// Starts to hash the bytes that wait, up to the size of a job.
    fn start_job(&mut self) {
        let State::Idle(mut hash) = std::mem::replace(&mut self.state, State::Ended) else {
            // There is nothing left to hash with; `poll_finish` reports it.
            self.waiting.clear();
            self.waiting_bytes = 0;
            return;
        };
        let bytes = self.take_job();
        let job = move || {
            for bytes in bytes {
                hash.update(&bytes);
            }
            hash
        };
        self.state = match Handle::try_current() {
            Ok(runtime) => State::Running(runtime.spawn_blocking(job)),
            Err(_) => State::Idle(job()),
        };
    }

    /// Takes the bytes of the next job.
    fn take_job(&mut self) -> Vec<Bytes> {
        let (mut job, mut remaining) = (Vec::new(), MAX_JOB);
        while let Some(bytes) = self.waiting.front_mut() {
            if bytes.len() > remaining {
                if remaining > 0 {
                    job.push(bytes.split_to(remaining));
                    remaining = 0;
                }
                break;
            }
            remaining -= bytes.len();
            job.extend(self.waiting.pop_front());
        }
        self.waiting_bytes -= MAX_JOB - remaining;
        job
    }
}

impl<H> fmt::Debug for Hasher<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("waiting_bytes", &self.waiting_bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use futures::FutureExt as _;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(60);

    fn data(bytes: usize) -> Bytes {
        (0..=250).cycle().take(bytes).collect::<Vec<u8>>().into()
    }

    /// Records how many bytes each thread hashes at once.
    #[derive(Clone, Default)]
    struct Recorder {
        md5: Arc<Mutex<Md5>>,
        updates: Arc<Mutex<Vec<(ThreadId, usize)>>>,
    }

    impl Update for Recorder {
        fn update(&mut self, bytes: &[u8]) {
            self.md5.lock().unwrap().update(bytes);
            self.updates.lock().unwrap().push((thread::current().id(), bytes.len()));
        }
    }

    #[test]
    fn bytes_are_hashed_in_order_with_one_blocking_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .unwrap();
        for (length, chunk) in [
            (0, 1),
            (1, 1),
            (MAX_INLINE, 1000),
            (MAX_INLINE + 1, MAX_INLINE + 1),
            (3 * MAX_JOB + 17, 16 * 1024),
            (10 * MAX_JOB + 1, 10 * MAX_JOB + 1),
        ] {
            let (data, recorder) = (data(length), Recorder::default());
            runtime.block_on(async {
                let mut hasher = Hasher::new(recorder.clone());
                let work = async {
                    for start in (0..length).step_by(chunk) {
                        hasher.push(data.slice(start..length.min(start + chunk))).await.unwrap();
                        assert!(hasher.waiting_bytes <= MAX_WAITING);
                    }
                    hasher.finish().await.unwrap();
                };
                tokio::time::timeout(DEADLINE, work).await.unwrap();
            });
            let digest = recorder.md5.lock().unwrap().finalize_reset();
            assert_eq!(digest, Md5::digest(&data), "{length} bytes in chunks of {chunk}");
            let updates = recorder.updates.lock().unwrap();
            assert!(updates.iter().all(|(_, bytes)| *bytes <= MAX_JOB));
            let inline: usize =
                updates.iter().filter(|(id, _)| *id == thread::current().id()).map(|(_, bytes)| bytes).sum();
            assert!(inline <= MAX_INLINE, "{inline} of {length} bytes on the thread of the task");
        }
    }

    #[tokio::test]
    async fn small_object_is_hashed_without_a_job() {
        let recorder = Recorder::default();
        let mut hasher = Hasher::new(recorder.clone());
        hasher.push(data(MAX_INLINE)).await.unwrap();
        hasher.finish().await.unwrap();
        assert_eq!(*recorder.updates.lock().unwrap(), [(thread::current().id(), MAX_INLINE)]);
    }

    #[test]
    fn hasher_works_outside_of_a_runtime() {
        let data = data(2 * MAX_JOB + 3);
        let hashing = async {
            let mut hasher = Hasher::new(Md5::new());
            hasher.push(data.clone()).await.unwrap();
            hasher.finish().await.unwrap().finalize()
        };
        assert_eq!(hashing.now_or_never(), Some(Md5::digest(&data)));
    }

    #[tokio::test]
    async fn finished_hasher_returns_an_error() {
        let mut hasher = Hasher::new(Md5::new());
        poll_fn(|cx| hasher.poll_finish(cx)).await.unwrap();
        hasher.push(data(2 * MAX_JOB)).await.unwrap();
        poll_fn(|cx| hasher.poll_finish(cx)).await.unwrap_err();
    }
}
