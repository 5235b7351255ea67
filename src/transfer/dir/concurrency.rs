//! How many files are transferred at once.

use std::time::Duration;

/// The number of files that are transferred at once at the start. A growing latency does not reduce the number below it.
pub(crate) const START: usize = 25;

/// The maximum number, unless the caller sets one.
pub(crate) const MAX: usize = 128;

/// The minimum number, which only a server that throttles leads to.
const MIN: usize = 2;

/// The largest transfer whose duration is that of its requests, and not that of its data, in bytes.
const SMALL: u64 = 64 * 1024;

/// The factor by which the latency may exceed the lowest one. A server that works at its limit answers each of twice as many
/// requests in twice the time.
const TOLERANCE: f64 = 1.3;

/// The factor by which the lowest latency is raised with each window, so that an exceptional value does not last.
const DECAY: f64 = 1.01;

/// Chooses how many files are transferred at once, from the durations of the transfers.
///
/// A window is as many small transfers as run at once. After each window, the mean latency is compared with the lowest
/// one. While it holds, more requests at once do not make the server slower, so the number grows: by half at first, and by
/// an eighth once it was reduced. Otherwise it shrinks. It is halved if the server throttles.
#[derive(Clone, Debug)]
pub(crate) struct Concurrency {
    limit: usize,
    is_fixed: bool,
    /// The number of small transfers in this window, and their duration.
    count: usize,
    sum: Duration,
    /// The lowest mean latency of a window, in seconds.
    lowest: Option<f64>,
    was_reduced: bool,
    /// The number of throttled attempts so far.
    throttled: u64,
}

impl Concurrency {
    /// `limit` is what the caller has set. `throttled` is the number of attempts that the server has throttled before.
    pub(crate) fn new(limit: Option<usize>, throttled: u64) -> Self {
        Self {
            limit: limit.unwrap_or(START),
            is_fixed: limit.is_some(),
            count: 0,
            sum: Duration::ZERO,
            lowest: None,
            was_reduced: false,
            throttled,
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Records a transfer of this many bytes that has succeeded.
    pub(crate) fn record(&mut self, bytes: u64, elapsed: Duration) {
        if self.is_fixed || bytes > SMALL {
            return;
        }
        self.count += 1;
        self.sum += elapsed;
        if self.count >= self.limit {
            self.end_window();
        }
    }

    /// Takes notice of how many attempts the server has throttled in all.
    pub(crate) fn observe_throttled(&mut self, throttled: u64) {
        if throttled <= self.throttled || self.is_fixed {
            return;
        }
        // The requests in flight are throttled as well. A window later, the effect is known.
        self.throttled = throttled.saturating_add(self.limit as u64);
        self.reduce(self.limit / 2, MIN);
        self.start_window();
    }

    #[expect(clippy::cast_precision_loss, reason = "the count is small")]
    fn end_window(&mut self) {
        let latency = self.sum.as_secs_f64() / self.count as f64;
        self.start_window();
        let lowest = self.lowest.map_or(latency, |lowest| latency.min(lowest * DECAY));
        self.lowest = Some(lowest);
        if latency > lowest * TOLERANCE {
            self.reduce(self.limit * 2 / 3, START);
        } else {
            let step = if self.was_reduced { self.limit / 8 } else { self.limit / 2 };
            self.limit = (self.limit + step.max(1)).min(MAX);
        }
    }

    fn start_window(&mut self) {
        (self.count, self.sum) = (0, Duration::ZERO);
    }

    /// Reduces the number, but not below `min`.
    fn reduce(&mut self, limit: usize, min: usize) {
        self.limit = limit.max(min.min(self.limit));
        self.was_reduced = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs windows of small transfers against a server with this latency at a concurrency, in milliseconds.
    fn run(concurrency: &mut Concurrency, windows: usize, latency: impl Fn(usize) -> u64) -> Vec<usize> {
        let mut limits = Vec::new();
        for _ in 0..windows {
            let limit = concurrency.limit();
            for _ in 0..limit {
                concurrency.record(1000, Duration::from_millis(latency(limit)));
            }
            limits.push(concurrency.limit());
        }
        limits
    }

    #[test]
    fn constant_latency_leads_to_the_maximum() {
        let mut concurrency = Concurrency::new(None, 0);
        assert_eq!(concurrency.limit(), START);
        let limits = run(&mut concurrency, 6, |_| 40);
        assert!(limits.is_sorted() && limits[4] == MAX && limits[5] == MAX, "{limits:?}");
    }

    #[test]
    fn latency_of_a_saturated_server_keeps_the_number_low() {
        let mut concurrency = Concurrency::new(None, 0);
        let limits = run(&mut concurrency, 200, |limit| limit as u64);
        assert!(limits.iter().all(|limit| (START..2 * START).contains(limit)), "{limits:?}");
    }

    #[test]
    fn number_settles_where_the_latency_starts_to_grow() {
        let mut concurrency = Concurrency::new(None, 0);
        let limits = run(&mut concurrency, 200, |limit| 20 * 64.max(limit as u64) / 64);
        assert!(limits[20..].iter().all(|limit| (48..=100).contains(limit)), "{limits:?}");
    }

    #[test]
    fn throttling_halves_the_number_once_for_the_requests_in_flight() {
        let mut concurrency = Concurrency::new(None, 7);
        concurrency.observe_throttled(7);
        assert_eq!(concurrency.limit(), START);
        for throttled in 8..20 {
            concurrency.observe_throttled(throttled);
            assert_eq!(concurrency.limit(), START / 2);
        }
        // The server throttles also what came later.
        for throttled in 20..1000 {
            concurrency.observe_throttled(throttled);
        }
        assert_eq!(concurrency.limit(), MIN);
        // Afterwards the number grows slowly.
        let limits = run(&mut concurrency, 60, |_| 40);
        assert!(limits.is_sorted() && limits[3] < START && limits[59] == MAX, "{limits:?}");
    }

    #[test]
    fn large_transfers_and_a_number_of_the_caller_change_nothing() {
        let mut concurrency = Concurrency::new(None, 0);
        for _ in 0..1000 {
            concurrency.record(SMALL + 1, Duration::from_secs(1));
        }
        assert_eq!(concurrency.limit(), START);
        let mut fixed = Concurrency::new(Some(3), 0);
        run(&mut fixed, 10, |_| 40);
        fixed.observe_throttled(100);
        assert_eq!(fixed.limit(), 3);
    }
}
