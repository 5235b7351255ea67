//! Has the same work done by this crate and by others, on one lakeFS, in turns, and prints what each has used.

mod check;
mod measure;
mod report;
mod tool;
mod work;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs_bench::{FILES, Failure, Job, numbered};
use lexopt::{Arg, Parser, ValueExt as _};
use measure::{Run, measure, output};
use tool::{Place, Tool};
use work::{MIB, OBJECTS, SMALL, Work, works};

const USAGE: &str = "\
cargo xtask bench [WORK...]

  Compares this crate with curl, bare reqwest, lakectl, Python's lakefs and OpenDAL on a running lakeFS, and prints a table
  for each work. Without WORK, all of them: upload, download, upload-1g, download-1g, upload-tree, download-tree, list,
  list-ahead, stats.

  --rounds N       How often each does it; 5 if not given.
  --storage URL    Under which a repository is created; local://bench if not given.
  --write          Also writes the figures into benches/README.md.

  Needs LAKECTL_SERVER_ENDPOINT_URL, LAKECTL_CREDENTIALS_ACCESS_KEY_ID and LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY in the
  environment; curl, lakectl, python3 with its package lakefs; and 30 GB on the disk, with those of the server.
";

/// Between these lines of the README are the figures.
const MARKS: (&str, &str) =
    ("<!-- figures: cargo xtask bench --write -->\n", "<!-- end of the figures -->\n");

/// How long the machine rests before each run.
const REST: Duration = Duration::from_secs(1);

struct Options {
    works: Vec<String>,
    rounds: usize,
    storage: String,
    write: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let Some(options) = options()? else {
        print!("{USAGE}");
        return Ok(());
    };
    let directory = tempfile::Builder::new().prefix("lakefs-bench-").tempdir()?;
    let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let programs = std::env::current_exe()?.parent().map(Path::to_owned).ok_or("where are the programs?")?;
    let place = Place {
        programs,
        directory: directory.path().to_owned(),
        server: std::env::var("LAKECTL_SERVER_ENDPOINT_URL")?,
        key: (
            std::env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?,
            std::env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?,
        ),
        repository: format!("bench-{moment}"),
        branch: "main".to_owned(),
    };
    let repository = format!("lakefs://{}", place.repository);
    let storage = format!("{}/{}", options.storage, place.repository);
    lakectl(&["repo", "create", &repository, &storage])?;
    let outcome = compare(&place, &options);
    lakectl(&["repo", "delete", "-y", &repository])?;
    let figures = outcome?;
    println!("{figures}");
    if options.write { write_down(&figures) } else { Ok(()) }
}

fn options() -> Result<Option<Options>, Failure> {
    let mut options =
        Options { works: Vec::new(), rounds: 5, storage: "local://bench".to_owned(), write: false };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(work) => options.works.push(work.string()?),
            Arg::Long("rounds") => options.rounds = arguments.value()?.parse::<usize>()?.max(1),
            Arg::Long("storage") => options.storage = arguments.value()?.string()?,
            Arg::Long("write") => options.write = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn lakectl(words: &[&str]) -> Result<(), Failure> {
    output(Command::new("lakectl").args(words)).map(drop)
}

fn compare(place: &Place, options: &Options) -> Result<String, Failure> {
    let wanted = |id: &str| options.works.is_empty() || options.works.iter().any(|work| work == id);
    let known: Vec<_> = works(&place.directory, Duration::ZERO).iter().map(|work| work.id).collect();
    if let Some(unknown) = options.works.iter().find(|work| !known.contains(&work.as_str())) {
        return Err(format!("there is no work {unknown:?}").into());
    }
    prepare(place, &wanted)?;
    let mut figures = report::circumstances(options.rounds)?;
    let page = if wanted("list-ahead") { time_of_a_page(place)? } else { Duration::ZERO };
    for work in works(&place.directory, page).iter().filter(|work| wanted(work.id)) {
        eprintln!("{}", work.title);
        let table = report::table(work, &rounds(place, work, options.rounds)?);
        eprintln!("{table}");
        figures.push_str(&table);
    }
    Ok(figures)
}

/// Makes the data, and brings to the server what is to be read there.
fn prepare(place: &Place, wanted: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    eprintln!("making the data");
    let directory = &place.directory;
    let upload = |file: &str| {
        let job = Job::Upload { file: directory.join(file), path: file.to_owned() };
        done(place, Tool::Lakefs, &job)
    };
    let upload_dir = |name: &str| {
        let job = Job::UploadDirRequest { directory: directory.join(name), prefix: format!("{name}/") };
        done(place, Tool::Lakefs, &job)
    };
    fs::create_dir(directory.join("downloads"))?;
    if wanted("upload") || wanted("download") {
        noise(&directory.join("large"), 256 * MIB)?;
        upload("large")?;
    }
    if wanted("upload-1g") || wanted("download-1g") {
        noise(&directory.join("huge"), 1024 * MIB)?;
        upload("huge")?;
    }
    if wanted("upload-tree") || wanted("download-tree") {
        many(&directory.join("small"), FILES, SMALL)?;
        upload_dir("small")?;
    }
    if wanted("list") || wanted("list-ahead") || wanted("stats") {
        many(&directory.join("many"), OBJECTS, 1)?;
        upload_dir("many")?;
    }
    lakectl(&["commit", &format!("lakefs://{}/{}", place.repository, place.branch), "-m", "data"])
}

/// Has a job done, by who can.
fn done(place: &Place, tool: Tool, job: &Job) -> Result<Option<Run>, Failure> {
    place.command(tool, job)?.map(measure).transpose()
}

/// Data that no storage makes smaller.
fn noise(path: &Path, bytes: u64) -> Result<(), Failure> {
    let (mut file, mut chunk) = (BufWriter::new(File::create(path)?), [0; 4096]);
    let mut left = usize::try_from(bytes)?;
    while left > 0 {
        let now = left.min(chunk.len());
        fastrand::fill(&mut chunk[..now]);
        file.write_all(&chunk[..now])?;
        left -= now;
    }
    file.flush()?;
    Ok(())
}

fn many(directory: &PathBuf, files: usize, bytes: u64) -> Result<(), Failure> {
    fs::create_dir(directory)?;
    (0..files).try_for_each(|number| noise(&directory.join(numbered("", number)), bytes))
}

/// How long the server needs for a page, with what it takes to read it.
fn time_of_a_page(place: &Place) -> Result<Duration, Failure> {
    let job = Job::List { prefix: "many/".to_owned(), pause: Duration::ZERO, prefetch: false };
    let mut times = Vec::new();
    for _ in 0..3 {
        times.extend(done(place, Tool::Reqwest, &job)?.map(|run| run.wall));
    }
    times.sort_unstable();
    let pages = u32::try_from(OBJECTS / 1000)?;
    Ok(times.get(1).copied().unwrap_or_default() / pages)
}

/// Has all contenders do the work, in turns, each time another one first.
fn rounds(place: &Place, work: &Work, rounds: usize) -> Result<Vec<Vec<Run>>, Failure> {
    let mut runs = vec![Vec::new(); work.contenders.len()];
    for round in 0..=rounds {
        for turn in 0..work.contenders.len() {
            let number = (turn + round) % work.contenders.len();
            let contender = &work.contenders[number];
            let job = (contender.job)(&format!("{}-{number}-{round}", work.id));
            let Some(command) = place.command(contender.tool, &job)? else { continue };
            let failed = |failure| format!("{} does not: {failure}", contender.name);
            // What the one before has left to be written to the disk is not for this one to wait for.
            output(&mut Command::new("sync"))?;
            std::thread::sleep(REST);
            let run = measure(command).map_err(failed)?;
            if round == 0 {
                check::check(place, contender.tool, &job).map_err(failed)?;
            } else {
                runs[number].push(run);
            }
            check::clear(&job)?;
        }
    }
    Ok(runs)
}

fn write_down(figures: &str) -> Result<(), Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = fs::read_to_string(&path)?;
    let parts =
        text.split_once(MARKS.0).and_then(|(before, rest)| Some((before, rest.split_once(MARKS.1)?.1)));
    let (before, after) = parts.ok_or("benches/README.md has no place for the figures")?;
    Ok(fs::write(path, format!("{before}{}\n{figures}\n{}{after}", MARKS.0, MARKS.1))?)
}
