//! The benchmarks and their contenders.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lakefs_bench::Job;

use crate::tools::Tool;

/// The size of each small file.
pub(crate) const SMALL_FILE: u64 = 4096;

/// The number of objects that are listed.
pub(crate) const OBJECTS: usize = 100_000;

/// The number of objects whose metadata are read.
pub(crate) const STATS: usize = 5000;

pub(crate) const MIB: u64 = 1024 * 1024;

/// A job, and the contenders that run it.
pub(crate) struct Benchmark {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The contender that the others are compared with.
    pub(crate) reference: &'static str,
    pub(crate) targets: Targets,
    pub(crate) contenders: Vec<Contender>,
}

/// The limits for this crate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Targets {
    /// Wall time, as a ratio to the reference.
    pub(crate) wall: Option<f64>,
    /// CPU time, as a ratio to the reference.
    pub(crate) cpu: Option<f64>,
    /// Peak memory in MiB.
    pub(crate) peak: Option<f64>,
}

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) tool: Tool,
    /// Returns the job for the run with this name.
    pub(crate) job: Box<dyn Fn(&str) -> Job>,
}

/// The limit for the peak memory, whatever the size of the data.
const PEAK: Option<f64> = Some(32.0);

/// The name of the contender that the targets are for.
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
    let mut benchmarks = large_objects(directory);
    benchmarks.extend(directories(directory));
    benchmarks.extend(metadata(page));
    benchmarks
}

/// Returns the path in a directory for the run with this name.
fn run_path(directory: PathBuf) -> impl Fn(&str) -> PathBuf + Clone {
    move |run: &str| directory.join(run)
}

/// Transfers of one large object.
fn large_objects(directory: &Path) -> Vec<Benchmark> {
    let upload = |name: &str| {
        let file = directory.join(name);
        move |run: &str| Job::Upload { file: file.clone(), path: format!("uploads/{run}") }
    };
    let download = |path: &'static str, verify: bool| {
        let file = run_path(directory.join("downloads"));
        move |run: &str| Job::Download { path: path.to_owned(), file: file(run), verify }
    };
    let mut downloads = all(download("large", true));
    downloads.insert(1, contender("lakefs, not verified", Tool::Lakefs, download("large", false)));
    downloads.insert(3, contender("curl, md5sum, sync", Tool::CurlMd5Sync, download("large", true)));
    vec![
        Benchmark {
            id: "upload",
            title: "Upload one file of 256 MiB",
            reference: "curl",
            targets: Targets { wall: Some(1.05), peak: PEAK, ..Targets::default() },
            contenders: all(upload("large")),
        },
        Benchmark {
            id: "download",
            title: "Download it to a file",
            reference: "curl",
            targets: Targets { wall: Some(1.10), peak: PEAK, ..Targets::default() },
            contenders: downloads,
        },
        Benchmark {
            id: "upload-1g",
            title: "Upload one file of 1 GiB",
            reference: "curl",
            targets: Targets { peak: PEAK, ..Targets::default() },
            contenders: vec![
                contender(OURS, Tool::Lakefs, upload("huge")),
                contender("curl", Tool::Curl, upload("huge")),
            ],
        },
        Benchmark {
            id: "download-1g",
            title: "Download one file of 1 GiB",
            reference: "curl",
            targets: Targets { peak: PEAK, ..Targets::default() },
            contenders: vec![
                contender(OURS, Tool::Lakefs, download("huge", true)),
                contender("curl", Tool::Curl, download("huge", true)),
            ],
        },
    ]
}

/// Transfers of many small objects.
fn directories(directory: &Path) -> Vec<Benchmark> {
    let targets = Targets { wall: Some(0.9), cpu: Some(1.0), peak: PEAK };
    let source = directory.join("small");
    let target = run_path(directory.join("downloads"));
    let upload =
        move |run: &str| Job::UploadDir { directory: source.clone(), prefix: format!("uploads/{run}/") };
    let download = move |run: &str| Job::DownloadDir { prefix: "small/".to_owned(), directory: target(run) };
    vec![
        Benchmark {
            id: "upload-dir",
            title: "Upload 2,000 files of 4 KiB, 25 at once",
            reference: "lakectl",
            targets,
            contenders: all(upload),
        },
        Benchmark {
            id: "download-dir",
            title: "Download 2,000 files of 4 KiB, 25 at once",
            reference: "lakectl",
            targets,
            contenders: all(download),
        },
    ]
}

/// Requests without object data.
fn metadata(page: Duration) -> Vec<Benchmark> {
    let list = |pause, prefetch| move |_: &str| Job::List { prefix: "many/".to_owned(), pause, prefetch };
    let stats = |_: &str| Job::Stats { prefix: "many/".to_owned(), count: STATS };
    vec![
        Benchmark {
            id: "list",
            title: "List 100,000 objects",
            reference: "reqwest",
            targets: Targets { wall: Some(1.05), peak: PEAK, ..Targets::default() },
            contenders: all(list(Duration::ZERO, false)),
        },
        Benchmark {
            id: "list-prefetch",
            title: "List 100,000 objects, and process each page for as long as the server needs for it",
            reference: "lakefs, without prefetch",
            targets: Targets { wall: Some(0.65), peak: PEAK, ..Targets::default() },
            contenders: vec![
                contender(OURS, Tool::Lakefs, list(page, true)),
                contender("lakefs, without prefetch", Tool::Lakefs, list(page, false)),
                contender("reqwest", Tool::Reqwest, list(page, false)),
            ],
        },
        Benchmark {
            id: "stats",
            title: "5,000 stats, one after another",
            reference: "reqwest",
            targets: Targets { cpu: Some(1.15), ..Targets::default() },
            contenders: all(stats),
        },
    ]
}
