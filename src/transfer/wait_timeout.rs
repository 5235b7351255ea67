//! The time limit of each wait of a reader or writer.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{Error, ErrorKind};

/// Bounds each wait of a reader or writer: from the first poll that is not ready to the next one that is.
#[derive(Debug, Default)]
pub(crate) struct WaitTimeout {
    timeout: Option<Duration>,
    /// The end of the current wait.
    end: Option<Pin<Box<Sleep>>>,
}

impl WaitTimeout {
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, end: None }
    }

    /// Returns whether the current wait has lasted too long. `is_ready` is whether it has ended.
    pub(crate) fn poll_elapsed(&mut self, cx: &mut Context<'_>, is_ready: bool) -> bool {
        if is_ready {
            self.end = None;
            return false;
        }
        if self.end.is_none() {
            let end = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            self.end = end.map(|end| Box::pin(sleep_until(end)));
        }
        let is_elapsed = self.end.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready());
        if is_elapsed {
            self.end = None;
        }
        is_elapsed
    }

    /// Returns the error of a wait that has lasted too long. `goal` is what was waited for.
    pub(crate) fn error(&self, operation: &'static str, action: &str, goal: &str) -> Error {
        let message = format!("{goal} within the timeout of {:?}", self.timeout.unwrap_or_default());
        Error::new(ErrorKind::Timeout, action, message).during(operation, String::new)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_time() {
        let timeout = Duration::from_secs(5);
        let mut wait = WaitTimeout::new(Some(timeout));
        for _ in 0..2 {
            let start = Instant::now();
            poll_fn(|cx| if wait.poll_elapsed(cx, false) { Poll::Ready(()) } else { Poll::Pending }).await;
            assert_eq!(start.elapsed().as_secs(), 5);
        }
        let half = || tokio::time::sleep(Duration::from_secs(3));
        for is_ready in [false, true, false, true] {
            half().await;
            assert!(!poll_fn(|cx| Poll::Ready(wait.poll_elapsed(cx, is_ready))).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_timeout_and_the_longest_one_never_end() {
        for timeout in [None, Some(Duration::MAX)] {
            let mut wait = WaitTimeout::new(timeout);
            assert!(!poll_fn(|cx| Poll::Ready(wait.poll_elapsed(cx, false))).await);
            tokio::time::sleep(Duration::from_secs(100_000)).await;
            assert!(!poll_fn(|cx| Poll::Ready(wait.poll_elapsed(cx, false))).await);
        }
    }
}
