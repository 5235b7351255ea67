//! Creates the data of the benchmarks, and uploads those that are read from the server.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use lakefs_bench::{BoxError, FILES, Job, numbered};

use crate::benchmarks::{MANY_OBJECTS, MIB, OBJECTS, SMALL_FILE, SYNC_FILES, TREES};
use crate::measure::output;
use crate::tools::{Setup, Tool};
use crate::{lakectl, run_job};

pub(crate) fn prepare(setup: &Setup, selected: &dyn Fn(&str) -> bool) -> Result<(), BoxError> {
    eprintln!("creating the data");
    let any = |ids: &[&str]| ids.iter().any(|id| selected(id));
    let directory = &setup.directory;
    let upload = |file: &str| {
        let job = Job::Upload { file: directory.join(file), path: file.to_owned() };
        run_job(setup, Tool::Lakefs, &job)
    };
    let upload_dir = |name: &str| {
        let (directory, prefix) = (directory.join(name), format!("{name}/"));
        run_job(setup, Tool::Lakefs, &Job::UploadDir { directory, prefix, concurrency: None })
    };
    fs::create_dir(directory.join("downloads"))?;
    if any(&["upload", "download", "download-unverified", "ranges"]) {
        write_random_file(&directory.join("large"), 256 * MIB)?;
        upload("large")?;
    }
    if any(&["upload-1g", "download-1g"]) {
        write_random_file(&directory.join("huge"), 1024 * MIB)?;
        upload("huge")?;
    }
    if any(&["upload-dir", "download-dir", "upload-sweep", "download-sweep"]) {
        write_random_files(&directory.join("small"), FILES, SMALL_FILE)?;
        upload_dir("small")?;
    }
    if any(&["list", "list-prefetch", "list-1m", "stats"]) {
        write_random_files(&directory.join("many"), OBJECTS, 1)?;
        upload_dir("many")?;
    }
    if selected("list-1m") {
        run_job(setup, Tool::Lakefs, &Job::Fill { prefix: "million/".to_owned(), count: MANY_OBJECTS })?;
    }
    if selected("trees") {
        for (name, directories, files) in TREES {
            fs::create_dir(directory.join(name))?;
            for number in 0..directories {
                write_random_files(&directory.join(name).join(numbered("d", number)), files, 1)?;
            }
        }
    }
    lakectl(&["commit", &format!("lakefs://{}/{}", setup.repository, setup.branch), "-m", "data"])
        .or_else(|error| if any(&["sync", "trees"]) { Ok(()) } else { Err(error) })?;
    if selected("sync") {
        prepare_sync(setup)?;
    }
    Ok(())
}

/// Makes a working copy of lakectl, and a directory with the same files without the index of lakectl.
fn prepare_sync(setup: &Setup) -> Result<(), BoxError> {
    let (copy, files) = (setup.directory.join("working-copy"), setup.directory.join("sync"));
    write_random_files(&copy, SYNC_FILES, SMALL_FILE)?;
    output(Command::new("cp").arg("-a").args([&copy, &files]))?;
    let uri = format!("lakefs://{}/{}/sync/", setup.repository, setup.branch);
    let path = copy.to_string_lossy();
    lakectl(&["local", "init", &uri, &path])?;
    lakectl(&["local", "commit", &path, "-m", "files"])
}

/// Writes random bytes, which cannot be compressed.
fn write_random_file(path: &Path, bytes: u64) -> Result<(), BoxError> {
    let (mut file, mut chunk) = (BufWriter::new(File::create(path)?), [0; 4096]);
    let mut remaining = usize::try_from(bytes)?;
    while remaining > 0 {
        let now = remaining.min(chunk.len());
        fastrand::fill(&mut chunk[..now]);
        file.write_all(&chunk[..now])?;
        remaining -= now;
    }
    file.flush()?;
    Ok(())
}

fn write_random_files(directory: &Path, files: usize, bytes: u64) -> Result<(), BoxError> {
    fs::create_dir(directory)?;
    (0..files).try_for_each(|number| write_random_file(&directory.join(numbered("", number)), bytes))
}
