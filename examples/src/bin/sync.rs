//! Synchronizes a directory to a branch, and the branch to another directory, with a progress bar.
//!
//! ```console
//! cargo run -p lakefs-examples --bin sync
//! cargo run -p lakefs-examples --bin sync -- [--delete] SOURCE TARGET
//! ```
//!
//! Without arguments, creates its own directories: uploads one, changes some files, uploads the differences, commits, and
//! downloads the commit to the other one. With arguments, uploads SOURCE, which is only read, and downloads the commit to
//! TARGET. Existing files in TARGET are replaced, and with `--delete`, files that are not in SOURCE are deleted. In both
//! cases, compares the files of the two directories byte by byte.
//!
//! Runs on an in-memory test server. To run it on your own server, set `LAKECTL_SERVER_ENDPOINT_URL`,
//! `LAKECTL_CREDENTIALS_ACCESS_KEY_ID`, `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY` and, unless the server uses local
//! storage, `LAKEFS_STORAGE_NAMESPACE`. The repository is deleted at the end.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use std::{env, fs, io};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lakefs::{ProgressUpdate, Repository, SyncReport};
use lakefs_examples::ExampleServer;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The prefix of the objects on the branch.
const PREFIX: &str = "data/";
const FILES: u64 = 40;
const LARGE_FILE: u64 = 96 * 1024 * 1024;

/// The directories, and the permitted changes to them.
struct Directories {
    source: PathBuf,
    target: PathBuf,
    /// Files of the target that are not in the source are deleted.
    delete: bool,
    /// The source was created by this example, which may change it.
    generated: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    // Deleted when the value is dropped.
    let temporary = tempfile::tempdir()?;
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let directories = match &*arguments {
        [] => generated(temporary.path())?,
        [source, target] => given(source.as_ref(), target.as_ref(), false)?,
        [option, source, target] if option == "--delete" => given(source.as_ref(), target.as_ref(), true)?,
        _ => return Err("usage: sync [[--delete] SOURCE TARGET]".into()),
    };

    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("sync")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run(&repository, &directories).await;
    let deleted = repository.delete().await;
    result?;
    Ok(deleted?)
}

fn generated(temporary: &Path) -> Result<Directories> {
    let (source, target) = (temporary.join("source"), temporary.join("target"));
    make_files(&source)?;
    Ok(Directories { source, target, delete: true, generated: true })
}

fn given(source: &Path, target: &Path, delete: bool) -> Result<Directories> {
    let source = source.canonicalize().ok().filter(|source| source.is_dir());
    let source = source.ok_or("SOURCE is not a directory")?;
    let target = target.canonicalize().or_else(|_| absolute(target))?;
    if source.starts_with(&target) || target.starts_with(&source) {
        return Err("one directory contains the other".into());
    }
    Ok(Directories { source, target, delete, generated: false })
}

async fn run(repository: &Repository, directories: &Directories) -> Result<()> {
    let Directories { source, target, delete, generated } = directories;
    let branch = repository.branch("main");
    let mut runs = Vec::new();

    heading(&format!("Upload {}", source.display()));
    let bar = new_bar();
    let report = branch.sync_from_dir(source, PREFIX).progress(progress(&bar)).await?;
    runs.push(Run::finish("upload", &bar, report));

    if *generated {
        heading("Edit a file, add one, remove one, and upload the differences");
        change_files(source)?;
        let bar = new_bar();
        let sync = branch.sync_from_dir(source, PREFIX).delete_extraneous(true);
        let report = sync.progress(progress(&bar)).await?;
        if (report.transferred, report.deleted) != (2, 1) {
            return Err("the upload is not limited to the differences".into());
        }
        runs.push(Run::finish("upload 2", &bar, report));
    }

    heading("Commit");
    let commit = branch.commit(format!("Files of {}", source.display())).await?;
    println!("{:.12}  {}", commit.id, commit.message);

    heading(&format!("Download the commit to {}", target.display()));
    let bar = new_bar();
    let sync = repository.reference(commit.id).sync_to_dir(PREFIX, target).delete_extraneous(*delete);
    let report = sync.progress(progress(&bar)).await?;
    runs.push(Run::finish("download", &bar, report));

    heading("Compare the directories");
    let (expected, mut actual) = (files(source)?, files(target)?);
    if !delete {
        actual.retain(|name, _| expected.contains_key(name));
    }
    if actual != expected {
        return Err("the names or sizes of the files differ".into());
    }
    for name in expected.keys() {
        if !same_content(&source.join(name), &target.join(name))? {
            return Err(format!("{} differs", name.display()).into());
        }
    }
    println!("{} files, {}, equal in both", expected.len(), HumanBytes(expected.values().sum()));

    heading("Summary");
    println!(
        "{:10} {:>11} {:>9} {:>7} {:>12} {:>9}",
        "run", "transferred", "unchanged", "deleted", "bytes", "time"
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
    fn finish(name: &'static str, bar: &ProgressBar, report: SyncReport) -> Self {
        bar.finish();
        Self { name, report, time: bar.elapsed() }
    }
}

/// Creates a bar, which is hidden if the output is not a terminal.
fn new_bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("[{bar:30}] {bytes:>10} of {total_bytes:10} {bytes_per_sec:>13}  {msg}");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
}

/// Updates the bar. If it is hidden, prints a line for each quarter of the bytes.
fn progress(bar: &ProgressBar) -> impl Fn(ProgressUpdate) + Send + Sync + use<> {
    let (bar, hidden, quarters) = (bar.clone(), bar.is_hidden(), AtomicU64::new(0));
    move |update: ProgressUpdate| {
        let total = update.total_bytes.unwrap_or_default();
        let items = format!("{} of {} files", update.items, update.total_items.unwrap_or_default());
        // The last quarter is complete when the last file is.
        let max = if Some(update.items) == update.total_items { 4 } else { 3 };
        let quarter = (4 * update.bytes).checked_div(total).unwrap_or_default().min(max);
        if hidden && quarters.fetch_max(quarter, Relaxed) < quarter {
            println!("{} of {}, {items}", HumanBytes(update.bytes), HumanBytes(total));
        }
        bar.set_length(total);
        bar.set_position(update.bytes);
        bar.set_message(items);
    }
}

/// Creates files of different sizes, one of them large.
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
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    io::copy(&mut Noise(fastrand::Rng::with_seed(seed)).take(bytes), &mut File::create(path)?)?;
    Ok(())
}

/// Endless pseudo-random bytes, which depend only on the seed.
struct Noise(fastrand::Rng);

impl Read for Noise {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.fill(bytes);
        Ok(bytes.len())
    }
}

/// Returns the sizes of the files below a directory by their relative path.
fn files(directory: &Path) -> io::Result<BTreeMap<PathBuf, u64>> {
    let (mut files, mut directories) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(current) = directories.pop() {
        for entry in fs::read_dir(current)? {
            let (path, metadata) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
            if metadata.is_dir() {
                directories.push(path);
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
