//! Formats the results as Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use lakefs_bench::BoxError;

use crate::benchmarks::{Bar, Benchmark, MIB, Metric, OURS};
use crate::link::Link;
use crate::measure::{Run, Spread, output};
use crate::plot;
use crate::tools::Tool;

#[expect(clippy::cast_precision_loss, reason = "the value is rounded for display")]
fn mib(run: &Run) -> f64 {
    run.peak as f64 / MIB as f64
}

fn wall(run: &Run) -> f64 {
    run.wall.as_secs_f64()
}

fn cpu(run: &Run) -> f64 {
    run.cpu.as_secs_f64()
}

/// The results of a benchmark on a link. `runs` has the runs of each contender.
pub(crate) struct Results<'a> {
    pub(crate) benchmark: &'a Benchmark,
    pub(crate) link: Link,
    pub(crate) runs: Vec<Vec<Run>>,
}

impl Results<'_> {
    fn runs_of(&self, name: &str) -> &[Run] {
        let index = self.benchmark.contenders.iter().position(|contender| contender.name == name);
        index.and_then(|index| self.runs.get(index)).map_or(&[], Vec::as_slice)
    }

    /// The median of the slowest reference.
    fn reference(&self, value: fn(&Run) -> f64) -> f64 {
        let medians =
            self.benchmark.references.iter().map(|name| Spread::of(self.runs_of(name), value).median);
        medians.fold(f64::NAN, f64::max)
    }

    fn title(&self) -> String {
        title(self.benchmark, self.link)
    }

    /// The name of the file with the plot.
    pub(crate) fn plot_file(&self) -> String {
        format!("{}-{}.svg", self.benchmark.id, self.link.name())
    }

    /// Draws the wall times as SVG.
    pub(crate) fn plot(&self) -> String {
        let contenders =
            self.benchmark.contenders.iter().zip(&self.runs).filter(|(_, runs)| !runs.is_empty());
        let bars = contenders.map(|(contender, runs)| {
            let Spread { min, median, max } = Spread::of(runs, wall);
            let is_ours = contender.tool == Tool::Lakefs;
            plot::Bar { name: contender.name.to_owned(), min, median, max, is_ours }
        });
        plot::svg(&self.title(), &bars.collect::<Vec<_>>())
    }

    /// Formats the results as Markdown.
    pub(crate) fn table(&self) -> String {
        let reference = match self.benchmark.references {
            [one] => (*one).to_owned(),
            several => format!("max({})", several.join(", ")),
        };
        let mut text = format!("\n### {}\n\n", self.title());
        _ = writeln!(text, "| | wall, s | × {reference} | CPU, s | × {reference} | peak, MiB |");
        _ = writeln!(text, "|---|---|---|---|---|---|");
        for (contender, runs) in self.benchmark.contenders.iter().zip(&self.runs) {
            if runs.is_empty() {
                _ = writeln!(text, "| {} | not supported | | | | |", contender.name);
                continue;
            }
            let (time, used, peak) = (Spread::of(runs, wall), Spread::of(runs, cpu), Spread::of(runs, mib));
            _ = writeln!(
                text,
                "| {} | {:.3} ({:.3} to {:.3}) | {:.2} | {:.3} | {:.2} | {:.1} |",
                contender.name,
                time.median,
                time.min,
                time.max,
                time.median / self.reference(wall),
                used.median,
                used.median / self.reference(cpu),
                peak.max,
            );
        }
        let bars = self.benchmark.bars.iter().filter(|bar| bar.link == self.link);
        let bars: Vec<_> = bars.map(|bar| self.outcome(*bar, &reference)).collect();
        if !bars.is_empty() {
            _ = writeln!(text, "\nTargets: {}.", bars.join("; "));
        }
        let rounds = self.runs.iter().map(Vec::len).max().unwrap_or_default();
        _ = writeln!(text, "\nRounds: {rounds}.");
        _ = writeln!(text, "\n![{}](plots/{})", self.title(), self.plot_file());
        text
    }

    /// Says whether a limit is met.
    fn outcome(&self, Bar { subject, metric, limit, .. }: Bar, reference: &str) -> String {
        let runs = self.runs_of(subject);
        let ratio = |value| Spread::of(runs, value).median / self.reference(value);
        let peak = Spread::of(runs, mib).max;
        let (what, value, unit) = match metric {
            Metric::Wall => ("wall", ratio(wall), format!(" × {reference}")),
            Metric::Cpu => ("CPU", ratio(cpu), format!(" × {reference}")),
            Metric::Peak => ("peak", peak, " MiB".to_owned()),
            Metric::PeakMore => ("peak", peak - self.reference(mib), format!(" MiB more than {reference}")),
        };
        let outcome = if value <= limit { "met" } else { "**missed**" };
        let subject = if subject == OURS { String::new() } else { format!("{subject}: ") };
        format!("{subject}{what} ≤ {limit}{unit} {outcome} ({value:.2})")
    }
}

/// The heading of the results of a benchmark on a link.
fn title(benchmark: &Benchmark, link: Link) -> String {
    match link {
        Link::Loopback => benchmark.title.to_owned(),
        Link::Delayed => format!("{}, at 40 ms", benchmark.title),
    }
}

/// Replaces the results that there are new ones of, and keeps the others, in the order of the benchmarks.
pub(crate) fn merge(old: &str, new: &str, benchmarks: &[Benchmark]) -> String {
    const HEADING: &str = "\n### ";
    let section = |text: &str, title: &str| {
        let mut sections = text.split(HEADING).skip(1);
        sections.find(|section| section.lines().next() == Some(title)).map(str::to_owned)
    };
    let mut merged = new.split(HEADING).next().unwrap_or_default().to_owned();
    for (benchmark, link) in
        benchmarks.iter().flat_map(|benchmark| benchmark.links().map(move |link| (benchmark, link)))
    {
        let title = title(benchmark, link);
        if let Some(section) = section(new, &title).or_else(|| section(old, &title)) {
            merged.push_str(HEADING);
            merged.push_str(section.trim_end_matches('\n'));
            merged.push('\n');
        }
    }
    merged
}

/// Describes the date, the machine and the versions.
pub(crate) fn environment() -> Result<String, BoxError> {
    let now = time::OffsetDateTime::now_utc().date();
    let value_in_file = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.unwrap_or_default().trim_start_matches([':', ' ', '\t']).trim().to_owned()
    };
    let processors = std::thread::available_parallelism()?;
    let first_line = |program: &str, args: &[&str]| -> Result<String, BoxError> {
        let output = output(Command::new(program).args(args))?;
        Ok(output.lines().next().unwrap_or_default().to_owned())
    };
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock"))?;
    // The newest version is the last one.
    let version = |package: &str| {
        let heading = format!("name = \"{package}\"\nversion = \"");
        let rest = lock.rsplit_once(&heading).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split_once('"')).map_or("unknown", |(version, _)| version).to_owned()
    };
    let python = "import importlib.metadata as m; print(m.version('lakefs'))";
    let curl = first_line("curl", &["--version"])?;
    let mut text = String::new();
    _ = writeln!(text, "- {now}; each contender has a warm-up round before those that count");
    _ = writeln!(
        text,
        "- {processors} cores ({}), {}, Linux {}; shared by server and contenders",
        value_in_file("/proc/cpuinfo", "model name"),
        value_in_file("/proc/meminfo", "MemTotal"),
        first_line("uname", &["-r"])?,
    );
    _ = writeln!(text, "- {}", first_line("lakectl", &["--version"])?);
    _ = writeln!(
        text,
        "- lakefs {}, reqwest {}, OpenDAL {}, curl {}, Python lakefs {} on {}, {}",
        version("lakefs"),
        version("reqwest"),
        version("opendal"),
        curl.split(' ').nth(1).unwrap_or_default(),
        first_line("python3", &["-c", python])?,
        first_line("python3", &["--version"])?,
        first_line("rustc", &["--version"])?,
    );
    Ok(text)
}
