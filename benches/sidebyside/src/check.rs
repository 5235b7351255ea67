//! Whether a contender has done its job.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use lakefs_bench::{Failure, Job};

use crate::measure::output;
use crate::tool::{Place, Tool};
use crate::work::OBJECTS;

/// Holds what a run has left against what it was to leave.
pub(crate) fn check(place: &Place, tool: Tool, job: &Job) -> Result<(), Failure> {
    let source = &place.directory;
    let back = source.join("back");
    let fetch = |job: &Job| -> Result<(), Failure> {
        let mut command = place.command(Tool::Lakectl, job)?.ok_or("lakectl cannot")?;
        output(&mut command).map(drop)
    };
    match job {
        Job::Upload { file, path } => {
            fetch(&Job::Download { path: path.clone(), file: back.clone(), verify: false })?;
            same_file(file, &back)?;
            fs::remove_file(back)?;
        }
        Job::UploadDirRequest { directory, prefix } => {
            fetch(&Job::DownloadDirRequest { prefix: prefix.clone(), directory: back.clone() })?;
            same_directory(directory, &back)?;
            fs::remove_dir_all(back)?;
        }
        Job::Download { path, file, .. } => same_file(&source.join(path), file)?,
        Job::DownloadDirRequest { prefix, directory } => same_directory(&source.join(prefix), directory)?,
        Job::List { .. } => {
            let Some(command) = place.command(tool, job)? else { return Ok(()) };
            let count = count(command)?;
            if count != OBJECTS {
                return Err(format!("{count} objects were listed").into());
            }
        }
        // That there was an object each time is what it fails without.
        Job::Stats { .. } => {}
    }
    Ok(())
}

/// Removes a large file that a run has left. Small ones stay: ext4 is slow to make new ones for some seconds after many
/// were removed, and the next contender would be the one to pay.
pub(crate) fn clear(job: &Job) -> Result<(), Failure> {
    if let Job::Download { file, .. } = job {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// How many objects were listed: lakectl prints a line for each, the others the number. What is printed is not kept, as a
/// process begins with the peak of the one that has started it.
fn count(mut command: Command) -> Result<usize, Failure> {
    let mut lister = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let (mut lines, mut last) = (0, String::new());
    for line in BufReader::new(lister.stdout.take().ok_or("nothing can be read")?).lines() {
        (lines, last) = (lines + 1, line?);
    }
    if !lister.wait()?.success() {
        return Err("the list fails".into());
    }
    Ok(last.trim().parse().unwrap_or(lines))
}

fn same_directory(left: &Path, right: &Path) -> Result<(), Failure> {
    let (mut here, there) = (0, fs::read_dir(right)?.count());
    for file in fs::read_dir(left)? {
        let file = file?;
        same_file(&file.path(), &right.join(file.file_name()))?;
        here += 1;
    }
    if here == there { Ok(()) } else { Err(format!("{there} files instead of {here}").into()) }
}

fn same_file(left: &Path, right: &Path) -> Result<(), Failure> {
    let differ = || Failure::from(format!("{} and {} differ", left.display(), right.display()));
    let (mut here, mut there) = (BufReader::new(File::open(left)?), BufReader::new(File::open(right)?));
    loop {
        let (a, b) = (here.fill_buf()?, there.fill_buf()?);
        let bytes = a.len().min(b.len());
        if a[..bytes] != b[..bytes] {
            return Err(differ());
        }
        if bytes == 0 {
            return if a.len() == b.len() { Ok(()) } else { Err(differ()) };
        }
        here.consume(bytes);
        there.consume(bytes);
    }
}
