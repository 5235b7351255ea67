//! Transfers of one large object.

use std::path::Path;

use lakefs_bench::Job;

use super::Metric::{Cpu, Peak, Wall};
use super::{Benchmark, OURS, PEAK, all, contender, run_path};
use crate::link::Link::{Delayed, Loopback};
use crate::tools::Tool;

/// The number of ranges that are read of an object.
const RANGES: usize = 200;

/// The number of ranges at once.
const RANGES_AT_ONCE: usize = 8;

pub(super) fn benchmarks(directory: &Path) -> Vec<Benchmark> {
    let upload = |name: &str| {
        let file = directory.join(name);
        move |run: &str| Job::Upload { file: file.clone(), path: format!("uploads/{run}") }
    };
    let download = |path: &'static str, verify: bool| {
        let file = run_path(directory.join("downloads"));
        move |run: &str| Job::Download { path: path.to_owned(), file: file(run), verify }
    };
    let mut downloads = all(download("large", true));
    downloads.insert(1, contender("md5sum", Tool::Md5sum, download("large", true)));
    downloads.insert(3, contender("curl, md5sum, sync", Tool::CurlMd5Sync, download("large", true)));
    let ranges =
        |_: &str| Job::Ranges { path: "large".to_owned(), count: RANGES, concurrency: RANGES_AT_ONCE };
    vec![
        Benchmark::new("upload", "Upload one file of 256 MiB", &["curl"], all(upload("large")))
            .bar(Loopback, OURS, Wall, 1.0)
            .bar(Loopback, OURS, Cpu, 4.0)
            .bar(Loopback, OURS, Peak, PEAK)
            .bar(Delayed, OURS, Wall, 1.05),
        Benchmark::new("download", "Download it to a file, verified", &["curl", "md5sum"], downloads)
            .bar(Loopback, OURS, Wall, 1.15)
            .bar(Loopback, OURS, Peak, PEAK)
            .bar(Delayed, OURS, Wall, 1.1),
        Benchmark::new(
            "download-unverified",
            "Download it to a file, not verified",
            &["curl, sync"],
            vec![
                contender(OURS, Tool::Lakefs, download("large", false)),
                contender("curl", Tool::Curl, download("large", false)),
                contender("curl, sync", Tool::CurlSync, download("large", false)),
                contender("reqwest", Tool::Reqwest, download("large", false)),
            ],
        )
        .bar(Loopback, OURS, Wall, 1.0)
        .bar(Delayed, OURS, Wall, 1.0),
        Benchmark::new(
            "upload-1g",
            "Upload one file of 1 GiB",
            &["curl"],
            vec![
                contender(OURS, Tool::Lakefs, upload("huge")),
                contender("curl", Tool::Curl, upload("huge")),
            ],
        )
        .bar(Loopback, OURS, Peak, PEAK),
        Benchmark::new(
            "download-1g",
            "Download one file of 1 GiB",
            &["curl"],
            vec![
                contender(OURS, Tool::Lakefs, download("huge", true)),
                contender("curl", Tool::Curl, download("huge", true)),
            ],
        )
        .bar(Loopback, OURS, Peak, PEAK),
        Benchmark::new(
            "ranges",
            "Read 200 ranges of 1 MiB of an object, 8 at once, through the `object_store` traits",
            &["S3 gateway"],
            vec![contender(OURS, Tool::Lakefs, ranges), contender("S3 gateway", Tool::S3Gateway, ranges)],
        )
        .bar(Loopback, OURS, Wall, 1.05)
        .bar(Delayed, OURS, Wall, 1.05),
    ]
}
