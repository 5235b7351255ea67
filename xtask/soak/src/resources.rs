//! Memory and open files of this process while the tasks run.

use std::fmt;
use std::fs;
use std::time::Duration;

use tokio::task::JoinHandle;

/// Samples memory and open files.
pub(crate) struct Monitor {
    sampling: JoinHandle<()>,
    samples: std::sync::Arc<std::sync::Mutex<Vec<Sample>>>,
}

#[derive(Clone, Copy, Default)]
struct Sample {
    memory_kib: u64,
    files: usize,
}

impl Monitor {
    /// Starts to take 40 samples over a duration.
    pub(crate) fn start(duration: Duration) -> Self {
        let samples = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let taken = std::sync::Arc::clone(&samples);
        let sampling = tokio::spawn(async move {
            loop {
                tokio::time::sleep(duration / 40).await;
                taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(sample());
            }
        });
        Self { sampling, samples }
    }

    pub(crate) fn finish(self) -> Resources {
        self.sampling.abort();
        Resources(self.samples.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone())
    }
}

fn sample() -> Sample {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = memory.and_then(|memory| memory.trim().trim_end_matches(" kB").trim().parse().ok());
    let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    Sample { memory_kib: memory.unwrap_or_default(), files }
}

/// The samples, in order.
pub(crate) struct Resources(Vec<Sample>);

impl Resources {
    /// The largest values in the second and in the last quarter of the time.
    fn quarters(&self) -> (Sample, Sample) {
        let quarter = self.0.len() / 4;
        let most = |samples: &[Sample]| {
            samples.iter().fold(Sample::default(), |most, sample| Sample {
                memory_kib: most.memory_kib.max(sample.memory_kib),
                files: most.files.max(sample.files),
            })
        };
        (most(&self.0[quarter..2 * quarter]), most(&self.0[3 * quarter..]))
    }

    /// Whether open files do not grow. Memory is printed only, since the proxy and a test server are part of it.
    pub(crate) fn is_flat(&self) -> bool {
        let (early, late) = self.quarters();
        late.files <= early.files + early.files / 2 + 64
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (early, late) = self.quarters();
        write!(
            f,
            "second quarter: {} MiB, {} open files; last quarter: {} MiB, {} open files",
            early.memory_kib / 1024,
            early.files,
            late.memory_kib / 1024,
            late.files
        )
    }
}
