//! Checks the results of a contender.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use lakefs_bench::{BoxError, Job};

use crate::benchmarks::OBJECTS;
use crate::measure::output;
use crate::tools::{Setup, Tool};

/// Compares the files and objects of a run with the source data.
pub(crate) fn check(setup: &Setup, tool: Tool, job: &Job) -> Result<(), BoxError> {
    let source = &setup.directory;
    let download = source.join("check");
    let run_lakectl = |job: &Job| -> Result<(), BoxError> {
        let mut command = setup.command(Tool::Lakectl, job)?.ok_or("lakectl does not support the job")?;
        output(&mut command).map(drop)
    };
    match job {
        Job::Upload { file, path } => {
            run_lakectl(&Job::Download { path: path.clone(), file: download.clone(), verify: false })?;
            same_file(file, &download)?;
            fs::remove_file(download)?;
        }
        Job::UploadDir { directory, prefix, .. } => {
            let directory_of_check = download.clone();
            run_lakectl(&Job::DownloadDir {
                prefix: prefix.clone(),
                directory: directory_of_check,
                concurrency: None,
            })?;
            same_directory(directory, &download)?;
            fs::remove_dir_all(download)?;
        }
        // md5sum only reads.
        Job::Download { .. } if tool == Tool::Md5sum => {}
        Job::Download { path, file, .. } => same_file(&source.join(path), file)?,
        Job::DownloadDir { prefix, directory, .. } => same_directory(&source.join(prefix), directory)?,
        Job::List { .. } => {
            let Some(command) = setup.command(tool, job)? else { return Ok(()) };
            let count = count(command)?;
            if count != OBJECTS {
                return Err(format!("{count} objects were listed").into());
            }
        }
        // The job itself fails if an object is missing, a file has changed, or bytes are missing.
        Job::Stats { .. } | Job::Sync { .. } | Job::Status { .. } | Job::Ranges { .. } | Job::Fill { .. } => {
        }
    }
    Ok(())
}

/// Removes the large file of a run. Small files are kept: after many files are removed, ext4 creates new ones slowly for
/// some seconds, which would slow down the next contender.
pub(crate) fn clean_up(job: &Job) -> Result<(), BoxError> {
    match job {
        Job::Download { file, .. } if file.exists() => Ok(fs::remove_file(file)?),
        _ => Ok(()),
    }
}

/// Returns the number of listed objects. lakectl prints a line for each, the others print the number.
///
/// The output is not kept in memory, because the peak memory of a process starts with that of its parent.
fn count(mut command: Command) -> Result<usize, BoxError> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let (mut lines, mut last) = (0, String::new());
    for line in BufReader::new(child.stdout.take().ok_or("the output cannot be read")?).lines() {
        (lines, last) = (lines + 1, line?);
    }
    if !child.wait()?.success() {
        return Err("the list failed".into());
    }
    Ok(last.trim().parse().unwrap_or(lines))
}

fn same_directory(left: &Path, right: &Path) -> Result<(), BoxError> {
    let (mut expected, actual) = (0, fs::read_dir(right)?.count());
    for file in fs::read_dir(left)? {
        let file = file?;
        same_file(&file.path(), &right.join(file.file_name()))?;
        expected += 1;
    }
    if expected == actual { Ok(()) } else { Err(format!("{actual} files instead of {expected}").into()) }
}

fn same_file(left: &Path, right: &Path) -> Result<(), BoxError> {
    let differ = || BoxError::from(format!("{} and {} differ", left.display(), right.display()));
    let (mut left_file, mut right_file) =
        (BufReader::new(File::open(left)?), BufReader::new(File::open(right)?));
    loop {
        let (a, b) = (left_file.fill_buf()?, right_file.fill_buf()?);
        let bytes = a.len().min(b.len());
        if a[..bytes] != b[..bytes] {
            return Err(differ());
        }
        if bytes == 0 {
            return if a.len() == b.len() { Ok(()) } else { Err(differ()) };
        }
        left_file.consume(bytes);
        right_file.consume(bytes);
    }
}
