//! Transfers of many small files.

use std::path::Path;

use lakefs_bench::Job;

use super::Metric::{Cpu, Peak, PeakMore, Wall};
use super::{Benchmark, OURS, PEAK, all, contender, run_path};
use crate::link::Link::{Delayed, Loopback};
use crate::tools::Tool;

/// The number of files of a directory that is synchronized again.
pub(crate) const SYNC_FILES: usize = 20_000;

/// Trees of files of 1 byte: the name, the number of directories, and the number of files in each.
pub(crate) const TREES: [(&str, usize, usize); 3] =
    [("tree-10k", 1, 10_000), ("tree-100k", 1, 100_000), ("tree-100x1k", 100, 1000)];

/// The numbers of files at once that are compared.
const SWEEP: [(usize, &str); 6] = [
    (8, "8 at once"),
    (16, "16 at once"),
    (25, "25 at once"),
    (50, "50 at once"),
    (64, "64 at once"),
    (100, "100 at once"),
];

pub(super) fn benchmarks(directory: &Path) -> Vec<Benchmark> {
    let target = run_path(directory.join("downloads"));
    let upload = |source: &str, concurrency: Option<usize>| {
        let directory = directory.join(source);
        move |run: &str| Job::UploadDir {
            directory: directory.clone(),
            prefix: format!("uploads/{run}/"),
            concurrency,
        }
    };
    let download = |concurrency: Option<usize>| {
        let target = target.clone();
        move |run: &str| Job::DownloadDir { prefix: "small/".to_owned(), directory: target(run), concurrency }
    };
    let uploads = SWEEP.map(|(number, name)| contender(name, Tool::Lakefs, upload("small", Some(number))));
    let downloads = SWEEP.map(|(number, name)| contender(name, Tool::Lakefs, download(Some(number))));
    vec![
        Benchmark::new(
            "upload-dir",
            "Upload 2,000 files of 4 KiB, defaults",
            &["lakectl"],
            all(upload("small", None)),
        )
        .bar(Loopback, OURS, Wall, 0.7)
        .bar(Loopback, OURS, Cpu, 1.0)
        .bar(Loopback, OURS, Peak, PEAK)
        .bar(Delayed, OURS, Wall, 0.4),
        Benchmark::new(
            "download-dir",
            "Download 2,000 files of 4 KiB, defaults",
            &["lakectl"],
            all(download(None)),
        )
        .bar(Loopback, OURS, Wall, 0.65)
        .bar(Loopback, OURS, Cpu, 1.0)
        .bar(Loopback, OURS, Peak, PEAK)
        .bar(Delayed, OURS, Wall, 0.4),
        Benchmark::new(
            "upload-sweep",
            "Upload 2,000 files of 4 KiB, by the number of files at once",
            &["25 at once"],
            [contender(OURS, Tool::Lakefs, upload("small", None))].into_iter().chain(uploads).collect(),
        )
        .bar(Delayed, OURS, Wall, 1.0),
        Benchmark::new(
            "download-sweep",
            "Download 2,000 files of 4 KiB, by the number of files at once",
            &["25 at once"],
            [contender(OURS, Tool::Lakefs, download(None))].into_iter().chain(downloads).collect(),
        )
        .bar(Delayed, OURS, Wall, 1.0),
        sync(directory),
        Benchmark::new(
            "trees",
            "Upload 100,000 files of 1 byte, compared with 10,000",
            &["10,000 files"],
            vec![
                contender("10,000 files", Tool::Lakefs, upload(TREES[0].0, None)),
                contender("100,000 files", Tool::Lakefs, upload(TREES[1].0, None)),
                contender("100,000 files in 100 directories", Tool::Lakefs, upload(TREES[2].0, None)),
            ],
        )
        .bar(Loopback, "100,000 files", Wall, 11.0)
        .bar(Loopback, "100,000 files", PeakMore, 16.0)
        .bar(Loopback, "100,000 files in 100 directories", Wall, 11.0)
        .bar(Loopback, "100,000 files in 100 directories", PeakMore, 16.0)
        .unchecked(),
    ]
}

/// A second synchronization of files that have not changed.
fn sync(directory: &Path) -> Benchmark {
    const BY_TIME: &str = "lakefs, by size and time";
    const STATUS: &str = "lakefs, status of a working copy";
    let copy = directory.join("working-copy");
    let status = move |_: &str| Job::Status { directory: copy.clone() };
    let files = directory.join("sync");
    let sync = move |by_time: bool| {
        let directory = files.clone();
        move |_: &str| Job::Sync { directory: directory.clone(), prefix: "sync/".to_owned(), by_time }
    };
    let contenders = vec![
        contender(OURS, Tool::Lakefs, sync(false)),
        contender(BY_TIME, Tool::Lakefs, sync(true)),
        contender(STATUS, Tool::Lakefs, status.clone()),
        contender("lakectl local status", Tool::Lakectl, status),
    ];
    let title = "Synchronize 20,000 unchanged files of 4 KiB";
    Benchmark::new("sync", title, &["lakectl local status"], contenders)
        .bar(Loopback, BY_TIME, Wall, 1.0)
        .bar(Loopback, STATUS, Wall, 0.5)
        .bar(Delayed, BY_TIME, Wall, 1.0)
        .bar(Delayed, STATUS, Wall, 0.5)
}
