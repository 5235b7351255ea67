//! Directories that are made alike by way of a branch, with a bar that shows how far each run has come.
//!
//! ```console
//! cargo run --example sync
//! cargo run --example sync -- [--delete] SOURCE TARGET
//! ```
//!
//! Without directories it makes its own: it uploads one, changes a little, uploads what differs, commits, and downloads the
//! commit to another one. With directories it uploads SOURCE, which is only read, and makes TARGET like it. In TARGET,
//! nothing is deleted without `--delete`; files of the same name are replaced. Either way, what came is compared with
//! what went, byte by byte.
//!
//! Without any set-up it runs on a lakeFS in memory. With `LAKECTL_SERVER_ENDPOINT_URL` and credentials in the
//! environment it runs on that server, under `LAKEFS_STORAGE_NAMESPACE` (`local://sync` unless said otherwise). The
//! repository is deleted in the end.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io, process};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lakefs::{Client, Progress, Repository, SyncReport};
use lakefs_testserver::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Under this prefix the files are on the branch.
const PREFIX: &str = "data/";
const FILES: u64 = 40;
const LARGE_FILE: u64 = 96 * 1024 * 1024;

/// Which directories, and what may be done to them.
struct Directories {
    source: PathBuf,
    target: PathBuf,
    /// Whether files of the target that the source has not are deleted.
    delete: bool,
    /// The example has made the source, and may change it.
    own: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    // Directories of its own are there as long as this value.
    let temporary = tempfile::tempdir()?;
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let directories = match &*arguments {
        [] => own(temporary.path())?,
        [source, target] => given(source.as_ref(), target.as_ref(), false)?,
        [option, source, target] if option == "--delete" => given(source.as_ref(), target.as_ref(), true)?,
        _ => return Err("usage: sync [[--delete] SOURCE TARGET]".into()),
    };

    let endpoint = env::var("LAKECTL_SERVER_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
    // The server in memory lives as long as this value.
    let (client, _server, storage) = if let Some(url) = endpoint {
        println!("Running on the lakeFS at {url}.");
        let storage = env::var("LAKEFS_STORAGE_NAMESPACE").unwrap_or_else(|_| "local://sync".to_owned());
        (Client::from_env()?, None, storage)
    } else {
        let server = Server::start().await?;
        println!(
            "Running on a lakeFS in memory, started for this example; LAKECTL_SERVER_ENDPOINT_URL names a real one."
        );
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()?;
        (client, Some(server), "mem://sync".to_owned())
    };

    let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let repository = client.repository(format!("sync-{moment}-{}", process::id()));
    repository.create(format!("{storage}/{}", repository.name())).default_branch("main").await?;
    // What was begun is cleaned up, whether the story went well or not.
    let story = story(&repository, &directories).await;
    let deleted = repository.delete().await;
    story?;
    Ok(deleted?)
}

fn own(temporary: &Path) -> Result<Directories> {
    let (source, target) = (temporary.join("source"), temporary.join("target"));
    make_files(&source)?;
    Ok(Directories { source, target, delete: true, own: true })
}

fn given(source: &Path, target: &Path, delete: bool) -> Result<Directories> {
    let source = source.canonicalize().ok().filter(|source| source.is_dir());
    let source = source.ok_or("SOURCE is no directory")?;
    let target = target.canonicalize().or_else(|_| absolute(target))?;
    if source.starts_with(&target) || target.starts_with(&source) {
        return Err("one of the directories is in the other".into());
    }
    Ok(Directories { source, target, delete, own: false })
}

async fn story(repository: &Repository, directories: &Directories) -> Result<()> {
    let Directories { source, target, delete, own } = directories;
    let branch = repository.branch("main");
    let mut runs = Vec::new();

    heading(&format!("Upload {}", source.display()));
    let bar = new_bar();
    let report = branch.sync_from_dir(source, PREFIX).shared_progress(&progress(&bar)).await?;
    runs.push(Run::done("up", &bar, report));

    if *own {
        heading("Edit a file, add one, remove one; upload what differs");
        change_files(source)?;
        let bar = new_bar();
        let sync = branch.sync_from_dir(source, PREFIX).delete_extraneous(true);
        let report = sync.shared_progress(&progress(&bar)).await?;
        runs.push(Run::done("up again", &bar, report));
        if (report.transferred, report.deleted) != (2, 1) {
            return Err("something else was moved than what differs".into());
        }
    }

    heading("Commit");
    let commit = branch.commit(format!("Files of {}", source.display())).await?;
    println!("{:.12}  {}", commit.id, commit.message);

    heading(&format!("Download the commit to {}", target.display()));
    let bar = new_bar();
    let sync = repository.reference(commit.id).sync_to_dir(PREFIX, target).delete_extraneous(*delete);
    let report = sync.shared_progress(&progress(&bar)).await?;
    runs.push(Run::done("down", &bar, report));

    heading("Compare the directories");
    let (went, mut came) = (files(source)?, files(target)?);
    if !delete {
        came.retain(|name, _| went.contains_key(name));
    }
    if went != came {
        return Err("the directories have other files, or of other sizes".into());
    }
    for name in went.keys() {
        if !same_content(&source.join(name), &target.join(name))? {
            return Err(format!("{} differs", name.display()).into());
        }
    }
    println!("{} files, {}, the same in both", went.len(), HumanBytes(went.values().sum()));

    heading("Summary");
    println!(
        "{:10} {:>11} {:>9} {:>7} {:>12} {:>9}",
        "direction", "transferred", "unchanged", "deleted", "bytes", "time"
    );
    for Run { name, report, time } in runs {
        let (bytes, time) =
            (HumanBytes(report.bytes_transferred).to_string(), format!("{:.2} s", time.as_secs_f64()));
        let SyncReport { transferred, unchanged, deleted, .. } = report;
        println!("{name:10} {transferred:11} {unchanged:9} {deleted:7} {bytes:>12} {time:>9}");
    }
    Ok(())
}

/// A row of the summary.
struct Run {
    name: &'static str,
    report: SyncReport,
    time: Duration,
}

impl Run {
    fn done(name: &'static str, bar: &ProgressBar, report: SyncReport) -> Self {
        bar.finish();
        Self { name, report, time: bar.elapsed() }
    }
}

/// A bar where the output is a terminal, and hidden elsewhere.
fn new_bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("[{bar:30}] {bytes:>10} of {total_bytes:10} {bytes_per_sec:>13}  {msg}");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
}

/// Moves the bar. Where it is hidden, there is a line for each quarter of the way.
fn progress(bar: &ProgressBar) -> Progress {
    let (bar, hidden, quarters) = (bar.clone(), bar.is_hidden(), AtomicU64::new(0));
    Progress::new(move |now| {
        let total = now.total_bytes.unwrap_or_default();
        let items = format!("{} of {} files", now.items, now.total_items.unwrap_or_default());
        // The last one is there when the last file is.
        let most = if Some(now.items) == now.total_items { 4 } else { 3 };
        let quarter = (4 * now.bytes).checked_div(total).unwrap_or_default().min(most);
        if hidden && quarters.fetch_max(quarter, Relaxed) < quarter {
            println!("{} of {}, {items}", HumanBytes(now.bytes), HumanBytes(total));
        }
        bar.set_length(total);
        bar.set_position(now.bytes);
        bar.set_message(items);
    })
}

/// Files of many sizes, one of them large.
fn make_files(directory: &Path) -> io::Result<()> {
    for number in 0..FILES {
        let name = format!("part-{}/{number:02}.bin", number % 4);
        make_file(&directory.join(name), number, 137 * number * number)?;
    }
    make_file(&directory.join("large.bin"), FILES, LARGE_FILE)
}

fn change_files(directory: &Path) -> io::Result<()> {
    make_file(&directory.join("part-1/05.bin"), FILES + 1, 12_345)?;
    make_file(&directory.join("part-4/added.bin"), FILES + 2, 54_321)?;
    fs::remove_file(directory.join("part-3/07.bin"))
}

fn make_file(path: &Path, seed: u64, bytes: u64) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    io::copy(&mut Noise(fastrand::Rng::with_seed(seed)).take(bytes), &mut File::create(path)?)?;
    Ok(())
}

/// Bytes without end, the same for the same seed.
struct Noise(fastrand::Rng);

impl Read for Noise {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.fill(bytes);
        Ok(bytes.len())
    }
}

/// The files below a directory by their names there, and their sizes.
fn files(directory: &Path) -> io::Result<BTreeMap<PathBuf, u64>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (path, metadata) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
            if metadata.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(directory).unwrap_or(&path).to_owned(), metadata.len());
            }
        }
    }
    Ok(files)
}

fn same_content(left: &Path, right: &Path) -> io::Result<bool> {
    let (mut left, mut right) = (BufReader::new(File::open(left)?), BufReader::new(File::open(right)?));
    loop {
        let (one, other) = (left.fill_buf()?, right.fill_buf()?);
        let bytes = one.len().min(other.len());
        if one[..bytes] != other[..bytes] {
            return Ok(false);
        }
        if bytes == 0 {
            return Ok(one.is_empty() && other.is_empty());
        }
        left.consume(bytes);
        right.consume(bytes);
    }
}

fn heading(text: &str) {
    println!("\n== {text}");
}
