//! Requests without object data.

use std::time::Duration;

use lakefs_bench::Job;

use super::Metric::{Cpu, Peak, PeakMore, Wall};
use super::{Benchmark, OURS, PEAK, all, contender};
use crate::link::Link::Loopback;
use crate::tools::Tool;

/// The number of objects that are listed.
pub(crate) const OBJECTS: usize = 100_000;

/// The number of objects that are listed in the long list.
pub(crate) const MANY_OBJECTS: usize = 1_000_000;

/// The number of objects whose metadata are read.
const STATS: usize = 5000;

pub(super) fn benchmarks(page: Duration) -> Vec<Benchmark> {
    let list = |prefix: &'static str, pause, prefetch| {
        move |_: &str| Job::List { prefix: prefix.to_owned(), pause, prefetch }
    };
    let stats = |_: &str| Job::Stats { prefix: "many/".to_owned(), count: STATS };
    vec![
        Benchmark::new(
            "list",
            "List 100,000 objects",
            &["reqwest"],
            all(list("many/", Duration::ZERO, false)),
        )
        .bar(Loopback, OURS, Wall, 1.05)
        .bar(Loopback, OURS, Peak, PEAK),
        Benchmark::new(
            "list-prefetch",
            "List 100,000 objects, and process each page for as long as the server needs for it",
            &["lakefs, without prefetch"],
            vec![
                contender(OURS, Tool::Lakefs, list("many/", page, true)),
                contender("lakefs, without prefetch", Tool::Lakefs, list("many/", page, false)),
                contender("reqwest", Tool::Reqwest, list("many/", page, false)),
            ],
        )
        .bar(Loopback, OURS, Wall, 0.65)
        .bar(Loopback, OURS, Peak, PEAK),
        Benchmark::new(
            "list-1m",
            "List 1,000,000 objects, compared with 100,000",
            &["100,000 objects"],
            vec![
                contender("100,000 objects", Tool::Lakefs, list("many/", Duration::ZERO, false)),
                contender("1,000,000 objects", Tool::Lakefs, list("million/", Duration::ZERO, false)),
            ],
        )
        .bar(Loopback, "1,000,000 objects", Wall, 10.5)
        .bar(Loopback, "1,000,000 objects", PeakMore, 1.0)
        .unchecked(),
        Benchmark::new("stats", "5,000 stats, one after another", &["reqwest"], all(stats))
            .bar(Loopback, OURS, Cpu, 1.1),
    ]
}
