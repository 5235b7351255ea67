//! What is compared.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lakefs_bench::Job;

use crate::tool::Tool;

/// How many bytes each of the many files has.
pub(crate) const SMALL: u64 = 4096;

/// How many objects are listed.
pub(crate) const OBJECTS: usize = 100_000;

/// How many objects are looked at.
pub(crate) const STATS: usize = 5000;

/// How many bytes a MiB has.
pub(crate) const MIB: u64 = 1024 * 1024;

/// Some work, and who does it.
pub(crate) struct Work {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The contender that the others are held against.
    pub(crate) reference: &'static str,
    pub(crate) bars: Bars,
    pub(crate) contenders: Vec<Contender>,
}

/// What this crate is to keep to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bars {
    /// Of the time of the reference.
    pub(crate) wall: Option<f64>,
    /// Of the CPU time of the reference.
    pub(crate) cpu: Option<f64>,
    /// In MiB.
    pub(crate) peak: Option<f64>,
}

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) tool: Tool,
    /// The job, in a run with this name.
    pub(crate) job: Box<dyn Fn(&str) -> Job>,
}

/// How much memory this crate may need, in MiB, however large the data are.
const PEAK: Option<f64> = Some(32.0);

/// The name of the contender that the bars are for.
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

/// All of it. `page` is how long the server needs for a page of a list.
pub(crate) fn works(directory: &Path, page: Duration) -> Vec<Work> {
    let mut works = large(directory);
    works.extend(trees(directory));
    works.extend(questions(page));
    works
}

/// What a run makes has its name, in a directory.
fn within(directory: PathBuf) -> impl Fn(&str) -> PathBuf + Clone {
    move |run: &str| directory.join(run)
}

/// One large object.
fn large(directory: &Path) -> Vec<Work> {
    let upload = |name: &str| {
        let file = directory.join(name);
        move |run: &str| Job::Upload { file: file.clone(), path: format!("uploads/{run}") }
    };
    let download = |path: &'static str, verify: bool| {
        let file = within(directory.join("downloads"));
        move |run: &str| Job::Download { path: path.to_owned(), file: file(run), verify }
    };
    let mut downloads = all(download("large", true));
    downloads.insert(1, contender("lakefs, not verified", Tool::Lakefs, download("large", false)));
    downloads.insert(3, contender("curl, md5sum, sync", Tool::CurlAndMore, download("large", true)));
    vec![
        Work {
            id: "upload",
            title: "Upload one file of 256 MiB",
            reference: "curl",
            bars: Bars { wall: Some(1.05), peak: PEAK, ..Bars::default() },
            contenders: all(upload("large")),
        },
        Work {
            id: "download",
            title: "Download it to a file",
            reference: "curl",
            bars: Bars { wall: Some(1.10), peak: PEAK, ..Bars::default() },
            contenders: downloads,
        },
        Work {
            id: "upload-1g",
            title: "Upload one file of 1 GiB",
            reference: "curl",
            bars: Bars { peak: PEAK, ..Bars::default() },
            contenders: vec![
                contender(OURS, Tool::Lakefs, upload("huge")),
                contender("curl", Tool::Curl, upload("huge")),
            ],
        },
        Work {
            id: "download-1g",
            title: "Download one file of 1 GiB",
            reference: "curl",
            bars: Bars { peak: PEAK, ..Bars::default() },
            contenders: vec![
                contender(OURS, Tool::Lakefs, download("huge", true)),
                contender("curl", Tool::Curl, download("huge", true)),
            ],
        },
    ]
}

/// Many small objects.
fn trees(directory: &Path) -> Vec<Work> {
    let bars = Bars { wall: Some(0.9), cpu: Some(1.0), peak: PEAK };
    let source = directory.join("small");
    let target = within(directory.join("downloads"));
    let upload = move |run: &str| Job::UploadDirRequest {
        directory: source.clone(),
        prefix: format!("uploads/{run}/"),
    };
    let download =
        move |run: &str| Job::DownloadDirRequest { prefix: "small/".to_owned(), directory: target(run) };
    vec![
        Work {
            id: "upload-tree",
            title: "Upload 2,000 files of 4 KiB, 25 at once",
            reference: "lakectl",
            bars,
            contenders: all(upload),
        },
        Work {
            id: "download-tree",
            title: "Download 2,000 files of 4 KiB, 25 at once",
            reference: "lakectl",
            bars,
            contenders: all(download),
        },
    ]
}

/// What moves no data.
fn questions(page: Duration) -> Vec<Work> {
    let list = |pause, prefetch| move |_: &str| Job::List { prefix: "many/".to_owned(), pause, prefetch };
    let stats = |_: &str| Job::Stats { prefix: "many/".to_owned(), count: STATS };
    vec![
        Work {
            id: "list",
            title: "List 100,000 objects",
            reference: "reqwest",
            bars: Bars { wall: Some(1.05), peak: PEAK, ..Bars::default() },
            contenders: all(list(Duration::ZERO, false)),
        },
        Work {
            id: "list-ahead",
            title: "List 100,000 objects for who takes as long for a page as the server does",
            reference: "lakefs, without prefetch",
            bars: Bars { wall: Some(0.65), peak: PEAK, ..Bars::default() },
            contenders: vec![
                contender(OURS, Tool::Lakefs, list(page, true)),
                contender("lakefs, without prefetch", Tool::Lakefs, list(page, false)),
                contender("reqwest", Tool::Reqwest, list(page, false)),
            ],
        },
        Work {
            id: "stats",
            title: "5,000 stats, one after another",
            reference: "reqwest",
            bars: Bars { cpu: Some(1.15), ..Bars::default() },
            contenders: all(stats),
        },
    ]
}
