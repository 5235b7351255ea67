//! What is compared.

use std::path::Path;
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
    let file = |name: &str| {
        let directory = directory.to_owned();
        let name = name.to_owned();
        move |run: &str| directory.join(&name).join(run)
    };
    let (large, huge) = (directory.join("large"), directory.join("huge"));
    let upload = |file: &Path| {
        let file = file.to_owned();
        move |run: &str| Job::Upload { file: file.clone(), path: format!("uploads/{run}") }
    };
    let download = |path: &'static str, verify: bool| {
        let file = file("downloads");
        move |run: &str| Job::Download { path: path.to_owned(), file: file(run), verify }
    };
    let some = |job: &dyn Fn() -> Box<dyn Fn(&str) -> Job>| {
        vec![contender(OURS, Tool::Lakefs, job()), contender("curl", Tool::Curl, job())]
    };
    let upload_tree = {
        let directory = directory.join("small");
        move |run: &str| Job::UploadTree { directory: directory.clone(), prefix: format!("uploads/{run}/") }
    };
    let download_tree = {
        let directory = file("downloads");
        move |run: &str| Job::DownloadTree { prefix: "small/".to_owned(), directory: directory(run) }
    };
    let list = |pause, prefetch| move |_: &str| Job::List { prefix: "many/".to_owned(), pause, prefetch };
    let stats = |_: &str| Job::Stats { prefix: "many/".to_owned(), count: STATS };
    let peak = Some(32.0);
    let tree = Bars { wall: Some(0.9), cpu: Some(1.0), peak };
    let mut downloads = all(download("large", true));
    downloads.insert(1, contender("lakefs, not verified", Tool::Lakefs, download("large", false)));
    downloads.insert(3, contender("curl, md5sum, sync", Tool::CurlAndMore, download("large", true)));
    vec![
        Work {
            id: "upload",
            title: "Upload one file of 256 MiB",
            reference: "curl",
            bars: Bars { wall: Some(1.05), peak, ..Bars::default() },
            contenders: all(upload(&large)),
        },
        Work {
            id: "download",
            title: "Download it to a file",
            reference: "curl",
            bars: Bars { wall: Some(1.10), peak, ..Bars::default() },
            contenders: downloads,
        },
        Work {
            id: "upload-1g",
            title: "Upload one file of 1 GiB",
            reference: "curl",
            bars: Bars { peak, ..Bars::default() },
            contenders: some(&|| Box::new(upload(&huge))),
        },
        Work {
            id: "download-1g",
            title: "Download it to a file",
            reference: "curl",
            bars: Bars { peak, ..Bars::default() },
            contenders: some(&|| Box::new(download("huge", true))),
        },
        Work {
            id: "upload-tree",
            title: "Upload 2,000 files of 4 KiB, 25 at once",
            reference: "lakectl",
            bars: tree,
            contenders: all(upload_tree),
        },
        Work {
            id: "download-tree",
            title: "Download them",
            reference: "lakectl",
            bars: tree,
            contenders: all(download_tree),
        },
        Work {
            id: "list",
            title: "List 100,000 objects",
            reference: "reqwest",
            bars: Bars { wall: Some(1.05), peak, ..Bars::default() },
            contenders: all(list(Duration::ZERO, false)),
        },
        Work {
            id: "list-ahead",
            title: "List them for who takes as long for a page as the server does",
            reference: "lakefs, without prefetch",
            bars: Bars { wall: Some(0.65), peak, ..Bars::default() },
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
