//! Figures for people.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use lakefs_bench::Failure;

use crate::measure::{Run, Spread, output};
use crate::work::{MIB, OURS, Work};

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mib(run: &Run) -> f64 {
    run.peak as f64 / MIB as f64
}

fn wall(run: &Run) -> f64 {
    run.wall.as_secs_f64()
}

fn cpu(run: &Run) -> f64 {
    run.cpu.as_secs_f64()
}

/// The table of some work; `runs` are those of its contenders.
pub(crate) fn table(work: &Work, runs: &[Vec<Run>]) -> String {
    let median = |name: &str, figure: fn(&Run) -> f64| {
        let place = work.contenders.iter().position(|contender| contender.name == name);
        place.and_then(|place| runs.get(place)).map_or(f64::NAN, |runs| Spread::of(runs, figure).median)
    };
    let reference = work.reference;
    let mut text = format!("\n### {}\n\n", work.title);
    _ = writeln!(text, "| | wall, s | × {reference} | CPU, s | × {reference} | peak, MiB |");
    _ = writeln!(text, "|---|---|---|---|---|---|");
    for (contender, runs) in work.contenders.iter().zip(runs) {
        if runs.is_empty() {
            _ = writeln!(text, "| {} | cannot | | | | |", contender.name);
            continue;
        }
        let (time, used, peak) = (Spread::of(runs, wall), Spread::of(runs, cpu), Spread::of(runs, mib));
        _ = writeln!(
            text,
            "| {} | {:.3} ({:.3} to {:.3}) | {:.2} | {:.3} | {:.2} | {:.1} |",
            contender.name,
            time.median,
            time.least,
            time.most,
            time.median / median(reference, wall),
            used.median,
            used.median / median(reference, cpu),
            peak.most,
        );
    }
    let ours = |figure| median(OURS, figure) / median(reference, figure);
    let most = work.contenders.iter().zip(runs).find(|(contender, _)| contender.name == OURS);
    let peak = most.map_or(f64::NAN, |(_, runs)| Spread::of(runs, mib).most);
    let mut bars = Vec::new();
    let mut bar = |what: &str, figure: f64, limit: f64, unit: &str| {
        let outcome = if figure <= limit { "kept" } else { "**missed**" };
        bars.push(format!("{what} ≤ {limit}{unit} {outcome} ({figure:.2})"));
    };
    if let Some(limit) = work.bars.wall {
        bar("wall", ours(wall), limit, &format!(" × {reference}"));
    }
    if let Some(limit) = work.bars.cpu {
        bar("CPU", ours(cpu), limit, &format!(" × {reference}"));
    }
    if let Some(limit) = work.bars.peak {
        bar("peak", peak, limit, " MiB");
    }
    _ = writeln!(text, "\nBars: {}.", bars.join("; "));
    text
}

/// On what, when and with which versions it was measured.
pub(crate) fn circumstances(rounds: usize) -> Result<String, Failure> {
    let now = time::OffsetDateTime::now_utc().date();
    let of_file = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.unwrap_or_default().trim_start_matches([':', ' ', '\t']).trim().to_owned()
    };
    let processors = std::thread::available_parallelism()?;
    let printed = |program: &str, words: &[&str]| -> Result<String, Failure> {
        let printed = output(Command::new(program).args(words))?;
        Ok(printed.lines().next().unwrap_or_default().to_owned())
    };
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock"))?;
    let version = |package: &str| {
        let heading = format!("name = \"{package}\"\nversion = \"");
        let rest = lock.split_once(&heading).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split_once('"')).map_or("unknown", |(version, _)| version).to_owned()
    };
    let python = "import importlib.metadata as m; print(m.version('lakefs'))";
    let curl = printed("curl", &["--version"])?;
    let mut text = String::new();
    _ = writeln!(text, "- {now}, medians of {rounds} rounds after one that does not count");
    _ = writeln!(
        text,
        "- {processors} cores ({}), {}, Linux {}; server and contenders share them",
        of_file("/proc/cpuinfo", "model name"),
        of_file("/proc/meminfo", "MemTotal"),
        printed("uname", &["-r"])?,
    );
    _ = writeln!(text, "- {}", printed("lakectl", &["--version"])?);
    _ = writeln!(
        text,
        "- lakefs {}, reqwest {}, OpenDAL {}, curl {}, Python lakefs {} on {}, {}",
        version("lakefs"),
        version("reqwest"),
        version("opendal"),
        curl.split(' ').nth(1).unwrap_or_default(),
        printed("python3", &["-c", python])?,
        printed("python3", &["--version"])?,
        printed("rustc", &["--version"])?,
    );
    Ok(text)
}
