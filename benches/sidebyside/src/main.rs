//! Runs the same jobs with this crate and with others on one lakeFS server, in turns, and prints the time and memory of
//! each.

mod benchmarks;
mod check;
mod link;
mod measure;
mod plot;
mod prepare;
mod report;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use benchmarks::{Benchmark, OBJECTS, benchmarks};
use lakefs_bench::{BoxError, Job};
use lexopt::{Arg, Parser, ValueExt as _};
use link::{DelayProxy, Link, PROXY_ARGUMENT};
use measure::{Run, measure, output};
use report::Results;
use tools::{Setup, Tool};

const USAGE: &str = "\
cargo xtask bench [BENCHMARK...]

  Compares this crate with curl, reqwest, lakectl, the Python package lakefs and OpenDAL on a running lakeFS server, and
  prints a table for each benchmark: upload, download, download-unverified, upload-1g, download-1g, ranges, upload-dir,
  download-dir, upload-sweep, download-sweep, sync, trees, list, list-prefetch, list-1m, stats. Default: all.

  --link LINK      Runs on one link only: loopback, or 40ms, a proxy that delays bytes by 20 ms in each direction.
  --rounds N       The number of runs of each contender. Default: 5.
  --storage URL    The storage namespace of the repository. Default: local://bench.
  --write          Also writes the results to benches/README.md, and their plots to benches/plots. Replaces the results of
                   the benchmarks that run, and keeps those of the others.

  Requires LAKECTL_SERVER_ENDPOINT_URL, LAKECTL_CREDENTIALS_ACCESS_KEY_ID and LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY in the
  environment; curl, lakectl, and python3 with the package lakefs; and 30 GB of disk space, including the server's.
";

/// The lines of the README that surround the results.
const MARKERS: (&str, &str) =
    ("<!-- results: cargo xtask bench --write -->\n", "<!-- end of the results -->\n");

/// The pause before each run.
const PAUSE: Duration = Duration::from_secs(1);

struct Options {
    benchmarks: Vec<String>,
    link: Option<Link>,
    rounds: usize,
    storage: String,
    write: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(PROXY_ARGUMENT) {
        return link::run_proxy(&arguments.next().unwrap_or_default());
    }
    let Some(options) = options()? else {
        print!("{USAGE}");
        return Ok(());
    };
    let directory = tempfile::Builder::new().prefix("lakefs-bench-").tempdir()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let programs = std::env::current_exe()?
        .parent()
        .map(Path::to_owned)
        .ok_or("the executable has no parent directory")?;
    let setup = Setup {
        programs,
        directory: directory.path().to_owned(),
        server: std::env::var("LAKECTL_SERVER_ENDPOINT_URL")?,
        key: (
            std::env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?,
            std::env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?,
        ),
        repository: format!("bench-{now}"),
        branch: "main".to_owned(),
    };
    let repository = format!("lakefs://{}", setup.repository);
    let storage = format!("{}/{}", options.storage, setup.repository);
    lakectl(&["repo", "create", &repository, &storage])?;
    let results = compare(&setup, &options);
    lakectl(&["repo", "delete", "-y", &repository])?;
    println!("{}", results?);
    Ok(())
}

fn options() -> Result<Option<Options>, BoxError> {
    let mut options = Options {
        benchmarks: Vec::new(),
        link: None,
        rounds: 5,
        storage: "local://bench".to_owned(),
        write: false,
    };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(id) => options.benchmarks.push(id.string()?),
            Arg::Long("link") => {
                let name = arguments.value()?.string()?;
                let link = Link::ALL.into_iter().find(|link| link.name() == name);
                options.link = Some(link.ok_or_else(|| format!("unknown link {name:?}"))?);
            }
            Arg::Long("rounds") => options.rounds = arguments.value()?.parse::<usize>()?.max(1),
            Arg::Long("storage") => options.storage = arguments.value()?.string()?,
            Arg::Long("write") => options.write = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn lakectl(args: &[&str]) -> Result<(), BoxError> {
    output(Command::new("lakectl").args(args)).map(drop)
}

fn compare(setup: &Setup, options: &Options) -> Result<String, BoxError> {
    let selected =
        |id: &str| options.benchmarks.is_empty() || options.benchmarks.iter().any(|selected| selected == id);
    let known: Vec<_> =
        benchmarks(&setup.directory, Duration::ZERO).iter().map(|benchmark| benchmark.id).collect();
    if let Some(unknown) = options.benchmarks.iter().find(|id| !known.contains(&id.as_str())) {
        return Err(format!("unknown benchmark {unknown:?}").into());
    }
    prepare::prepare(setup, &selected)?;
    let proxy = DelayProxy::start(&setup.server)?;
    let delayed = Setup { server: proxy.url().to_owned(), ..setup.clone() };
    let mut text = report::environment()?;
    let page = if selected("list-prefetch") { measure_page(setup)? } else { Duration::ZERO };
    let benchmarks = benchmarks(&setup.directory, page);
    for benchmark in benchmarks.iter().filter(|benchmark| selected(benchmark.id)) {
        for link in benchmark.links().filter(|link| options.link.is_none_or(|selected| *link == selected)) {
            eprintln!("{}, {}", benchmark.title, link.name());
            let setup = if link == Link::Delayed { &delayed } else { setup };
            let runs = run_rounds(setup, benchmark, link, options.rounds)?;
            let results = Results { benchmark, link, runs };
            let table = results.table();
            eprintln!("{table}");
            text.push_str(&table);
            if options.write {
                let plots = readme().with_file_name("plots");
                fs::create_dir_all(&plots)?;
                fs::write(plots.join(results.plot_file()), results.plot())?;
            }
        }
    }
    if options.write {
        write_results(&text, &benchmarks)?;
    }
    Ok(text)
}

/// Runs a job. `None`: the tool does not support it.
fn run_job(setup: &Setup, tool: Tool, job: &Job) -> Result<Option<Run>, BoxError> {
    setup.command(tool, job)?.map(measure).transpose()
}

/// Measures the time of a page of a list, with the time to read it.
fn measure_page(setup: &Setup) -> Result<Duration, BoxError> {
    let job = Job::List { prefix: "many/".to_owned(), pause: Duration::ZERO, prefetch: false };
    let mut times = Vec::new();
    for _ in 0..3 {
        times.extend(run_job(setup, Tool::Reqwest, &job)?.map(|run| run.wall));
    }
    times.sort_unstable();
    let pages = u32::try_from(OBJECTS / 1000)?;
    Ok(times.get(1).copied().unwrap_or_default() / pages)
}

/// Runs all contenders in turns. Each round starts with another contender.
fn run_rounds(
    setup: &Setup,
    benchmark: &Benchmark,
    link: Link,
    rounds: usize,
) -> Result<Vec<Vec<Run>>, BoxError> {
    let mut runs = vec![Vec::new(); benchmark.contenders.len()];
    for round in 0..=rounds {
        for turn in 0..benchmark.contenders.len() {
            let number = (turn + round) % benchmark.contenders.len();
            let contender = &benchmark.contenders[number];
            let job = (contender.job)(&format!("{}-{}-{number}-{round}", benchmark.id, link.name()));
            let Some(command) = setup.command(contender.tool, &job)? else { continue };
            let failed = |error| format!("{} failed: {error}", contender.name);
            // Flushes what the previous contender wrote, so that this one does not wait for it.
            output(&mut Command::new("sync"))?;
            std::thread::sleep(PAUSE);
            let run = measure(command).map_err(failed)?;
            if round == 0 && benchmark.is_checked {
                check::check(setup, contender.tool, &job).map_err(failed)?;
            }
            if round > 0 {
                runs[number].push(run);
            }
            check::clean_up(&job)?;
        }
    }
    Ok(runs)
}

/// The page with the results.
fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

fn write_results(results: &str, benchmarks: &[Benchmark]) -> Result<(), BoxError> {
    let path = readme();
    let text = fs::read_to_string(&path)?;
    let parts =
        text.split_once(MARKERS.0).and_then(|(before, rest)| Some((before, rest.split_once(MARKERS.1)?)));
    let (before, (old, after)) = parts.ok_or("benches/README.md has no markers for the results")?;
    let results = report::merge(old, results, benchmarks);
    Ok(fs::write(path, format!("{before}{}\n{results}\n{}{after}", MARKERS.0, MARKERS.1))?)
}
