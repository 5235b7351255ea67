//! The benchmarks, their contenders and the bars for this crate.

mod directories;
mod metadata;
mod objects;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lakefs_bench::Job;

use crate::link::Link;
use crate::tools::Tool;

pub(crate) use directories::{SYNC_FILES, TREES};
pub(crate) use metadata::{MANY_OBJECTS, OBJECTS};

/// The size of each small file.
pub(crate) const SMALL_FILE: u64 = 4096;

pub(crate) const MIB: u64 = 1024 * 1024;

/// A job, and the contenders that run it.
pub(crate) struct Benchmark {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The contenders that the others are compared with. If there are several, the slowest one counts.
    pub(crate) references: &'static [&'static str],
    pub(crate) bars: Vec<Bar>,
    pub(crate) contenders: Vec<Contender>,
    /// Whether the files and objects are compared with the source data after the first run.
    pub(crate) is_checked: bool,
}

impl Benchmark {
    fn new(
        id: &'static str,
        title: &'static str,
        references: &'static [&'static str],
        contenders: Vec<Contender>,
    ) -> Self {
        Self { id, title, references, bars: Vec::new(), contenders, is_checked: true }
    }

    fn bar(mut self, link: Link, subject: &'static str, metric: Metric, limit: f64) -> Self {
        self.bars.push(Bar { link, subject, metric, limit });
        self
    }

    fn unchecked(mut self) -> Self {
        self.is_checked = false;
        self
    }

    /// The links that it runs on.
    pub(crate) fn links(&self) -> impl Iterator<Item = Link> {
        let has_bar = |link: &Link| self.bars.iter().any(|bar| bar.link == *link);
        Link::ALL.into_iter().filter(move |link| *link == Link::Loopback || has_bar(link))
    }
}

/// A limit for a contender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar {
    pub(crate) link: Link,
    /// The contender that has the limit.
    pub(crate) subject: &'static str,
    pub(crate) metric: Metric,
    pub(crate) limit: f64,
}

/// What a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Wall time, as a ratio to the reference.
    Wall,
    /// CPU time, as a ratio to the reference.
    Cpu,
    /// Peak memory in MiB.
    Peak,
    /// Peak memory in MiB, less that of the reference.
    PeakMore,
}

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) tool: Tool,
    /// Returns the job for the run with this name.
    pub(crate) job: Box<dyn Fn(&str) -> Job>,
}

/// The limit for the peak memory of transfers, whatever the size of the data.
const PEAK: f64 = 32.0;

/// The name of the contender that is this crate with its defaults.
pub(crate) const OURS: &str = "lakefs";

const OTHERS: [(&str, Tool); 5] = [
    ("curl", Tool::Curl),
    ("reqwest", Tool::Reqwest),
    ("lakectl", Tool::Lakectl),
    ("Python lakefs", Tool::Python),
    ("OpenDAL", Tool::OpenDal),
];

fn contender(name: &'static str, tool: Tool, job: impl Fn(&str) -> Job + 'static) -> Contender {
    Contender { name, tool, job: Box::new(job) }
}

fn all(job: impl Fn(&str) -> Job + Clone + 'static) -> Vec<Contender> {
    let ours = (OURS, Tool::Lakefs);
    [ours].into_iter().chain(OTHERS).map(|(name, tool)| contender(name, tool, job.clone())).collect()
}

/// Returns all benchmarks. `page` is the time that the server needs for a page of a list.
pub(crate) fn benchmarks(directory: &Path, page: Duration) -> Vec<Benchmark> {
    let mut benchmarks = objects::benchmarks(directory);
    benchmarks.extend(directories::benchmarks(directory));
    benchmarks.extend(metadata::benchmarks(page));
    benchmarks
}

/// Returns the path in a directory for the run with this name.
fn run_path(directory: PathBuf) -> impl Fn(&str) -> PathBuf + Clone {
    move |run: &str| directory.join(run)
}
