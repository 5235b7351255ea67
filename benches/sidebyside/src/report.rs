//! Formats the results as Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use lakefs_bench::BoxError;

use crate::benchmarks::{Benchmark, MIB, OURS};
use crate::measure::{Run, Spread, output};

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

/// Formats the results of a benchmark. `runs` has the runs of each contender.
pub(crate) fn table(benchmark: &Benchmark, runs: &[Vec<Run>]) -> String {
    let median = |name: &str, value: fn(&Run) -> f64| {
        let index = benchmark.contenders.iter().position(|contender| contender.name == name);
        index.and_then(|index| runs.get(index)).map_or(f64::NAN, |runs| Spread::of(runs, value).median)
    };
    let reference = benchmark.reference;
    let mut text = format!("\n### {}\n\n", benchmark.title);
    _ = writeln!(text, "| | wall, s | × {reference} | CPU, s | × {reference} | peak, MiB |");
    _ = writeln!(text, "|---|---|---|---|---|---|");
    for (contender, runs) in benchmark.contenders.iter().zip(runs) {
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
            time.median / median(reference, wall),
            used.median,
            used.median / median(reference, cpu),
            peak.max,
        );
    }
    let ours = |value| median(OURS, value) / median(reference, value);
    let own = benchmark.contenders.iter().zip(runs).find(|(contender, _)| contender.name == OURS);
    let peak = own.map_or(f64::NAN, |(_, runs)| Spread::of(runs, mib).max);
    let mut targets = Vec::new();
    let mut target = |what: &str, value: f64, limit: f64, unit: &str| {
        let outcome = if value <= limit { "met" } else { "**missed**" };
        targets.push(format!("{what} ≤ {limit}{unit} {outcome} ({value:.2})"));
    };
    if let Some(limit) = benchmark.targets.wall {
        target("wall", ours(wall), limit, &format!(" × {reference}"));
    }
    if let Some(limit) = benchmark.targets.cpu {
        target("CPU", ours(cpu), limit, &format!(" × {reference}"));
    }
    if let Some(limit) = benchmark.targets.peak {
        target("peak", peak, limit, " MiB");
    }
    _ = writeln!(text, "\nTargets: {}.", targets.join("; "));
    text
}

/// Describes the date, the machine and the versions.
pub(crate) fn environment(rounds: usize) -> Result<String, BoxError> {
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
    let version = |package: &str| {
        let heading = format!("name = \"{package}\"\nversion = \"");
        let rest = lock.split_once(&heading).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split_once('"')).map_or("unknown", |(version, _)| version).to_owned()
    };
    let python = "import importlib.metadata as m; print(m.version('lakefs'))";
    let curl = first_line("curl", &["--version"])?;
    let mut text = String::new();
    _ = writeln!(text, "- {now}, medians of {rounds} rounds after a warm-up round");
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
