//! The jobs that each contender runs, and their command line.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectStoreExt as _;

/// The number of files that a contender without a default transfers at once.
pub const CONCURRENCY: usize = 25;

/// The number of files in a directory that is uploaded or downloaded.
pub const FILES: usize = 2000;

/// The number of bytes in a mebibyte.
pub const MIB: u64 = 1024 * 1024;

/// The error of all programs of this package.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A job, with the branch that it runs on.
#[derive(Debug)]
pub struct Invocation {
    /// The name of the repository.
    pub repository: String,
    /// The name of the branch.
    pub branch: String,
    /// The job.
    pub job: Job,
}

/// What a contender does.
#[derive(Debug)]
pub enum Job {
    /// Uploads a file to an object.
    Upload {
        /// The file.
        file: PathBuf,
        /// The path of the object.
        path: String,
    },
    /// Downloads an object to a file.
    Download {
        /// The path of the object.
        path: String,
        /// The file.
        file: PathBuf,
        /// Whether to verify the bytes against the checksum, if the contender can.
        verify: bool,
    },
    /// Uploads a directory to the objects under a prefix.
    UploadDir {
        /// The directory.
        directory: PathBuf,
        /// The prefix, which ends with a slash.
        prefix: String,
        /// The number of files at once. `None` means the default of the contender.
        concurrency: Option<usize>,
    },
    /// Downloads the objects under a prefix to a directory.
    DownloadDir {
        /// The prefix, which ends with a slash.
        prefix: String,
        /// The directory.
        directory: PathBuf,
        /// The number of files at once. `None` means the default of the contender.
        concurrency: Option<usize>,
    },
    /// Synchronizes a directory whose files have not changed to the objects under a prefix.
    Sync {
        /// The directory.
        directory: PathBuf,
        /// The prefix, which ends with a slash.
        prefix: String,
        /// Whether to compare sizes and modification times instead of checksums.
        by_time: bool,
    },
    /// Lists the changes of a working copy, which has none.
    Status {
        /// The directory of the working copy.
        directory: PathBuf,
    },
    /// Reads ranges of 1 MiB of an object, several at once, as a query engine does.
    Ranges {
        /// The path of the object.
        path: String,
        /// The number of ranges.
        count: usize,
        /// The number of ranges at once.
        concurrency: usize,
    },
    /// Creates objects that share the data of one object.
    Fill {
        /// The prefix of the objects, whose names are numbers with seven digits.
        prefix: String,
        /// The number of objects.
        count: usize,
    },
    /// Lists all objects under a prefix, in pages of 1,000.
    List {
        /// The prefix, which ends with a slash.
        prefix: String,
        /// How long the contender processes each page.
        pause: Duration,
        /// Whether to request the next page in the meantime, if the contender can.
        prefetch: bool,
    },
    /// Reads the metadata of objects, one after another.
    Stats {
        /// The prefix of the objects, whose names are numbers with five digits.
        prefix: String,
        /// The number of objects.
        count: usize,
    },
}

impl Invocation {
    /// Parses the command line.
    ///
    /// # Errors
    /// An argument is missing or not valid.
    pub fn from_args() -> Result<Self, BoxError> {
        let mut args = std::env::args().skip(1);
        let mut next = |name: &str| args.next().ok_or_else(|| format!("the argument {name} is missing"));
        let (repository, branch) = (next("REPOSITORY")?, next("BRANCH")?);
        let job = match &*next("JOB")? {
            "upload" => Job::Upload { file: next("FILE")?.into(), path: next("PATH")? },
            "download" => Job::Download {
                path: next("PATH")?,
                file: next("FILE")?.into(),
                verify: next("VERIFY")? == "verify",
            },
            "upload-dir" => Job::UploadDir {
                directory: next("DIRECTORY")?.into(),
                prefix: next("PREFIX")?,
                concurrency: number(&next("CONCURRENCY")?)?,
            },
            "download-dir" => Job::DownloadDir {
                prefix: next("PREFIX")?,
                directory: next("DIRECTORY")?.into(),
                concurrency: number(&next("CONCURRENCY")?)?,
            },
            "sync" => Job::Sync {
                directory: next("DIRECTORY")?.into(),
                prefix: next("PREFIX")?,
                by_time: next("BY")? == "time",
            },
            "status" => Job::Status { directory: next("DIRECTORY")?.into() },
            "ranges" => Job::Ranges {
                path: next("PATH")?,
                count: next("COUNT")?.parse()?,
                concurrency: next("CONCURRENCY")?.parse()?,
            },
            "fill" => Job::Fill { prefix: next("PREFIX")?, count: next("COUNT")?.parse()? },
            "list" => Job::List {
                prefix: next("PREFIX")?,
                pause: Duration::from_micros(next("PAUSE")?.parse()?),
                prefetch: next("PREFETCH")? == "prefetch",
            },
            "stats" => Job::Stats { prefix: next("PREFIX")?, count: next("COUNT")?.parse()? },
            other => return Err(format!("unknown job {other:?}").into()),
        };
        Ok(Self { repository, branch, job })
    }
}

/// Parses a number. Returns `None` for `default`.
fn number(text: &str) -> Result<Option<usize>, BoxError> {
    if text == "default" { Ok(None) } else { Ok(Some(text.parse()?)) }
}

/// Returns the files of a directory with the paths of their objects.
///
/// # Errors
/// The directory cannot be read.
pub fn uploads(directory: &Path, prefix: &str) -> io::Result<Vec<(PathBuf, String)>> {
    let upload = |file: DirEntry| (file.path(), format!("{prefix}{}", file.file_name().to_string_lossy()));
    fs::read_dir(directory)?.map(|file| file.map(upload)).collect()
}

/// Returns the path of the object with this number.
#[must_use]
pub fn numbered(prefix: &str, number: usize) -> String {
    format!("{prefix}{number:05}")
}

/// Reads ranges of 1 MiB of an object, in turns from its start.
///
/// # Errors
/// A range cannot be read, or is too short.
pub async fn read_ranges(
    store: &impl object_store::ObjectStore,
    path: &str,
    count: usize,
    concurrency: usize,
) -> Result<(), BoxError> {
    let path = object_store::path::Path::from(path);
    let starts = (0..count as u64).map(|number| number * MIB);
    let reads = starts.map(|start| store.get_range(&path, start..start + MIB));
    let bytes = stream::iter(reads).buffer_unordered(concurrency);
    let total = bytes.try_fold(0, async |total, bytes| Ok(total + bytes.len() as u64)).await?;
    if total == count as u64 * MIB { Ok(()) } else { Err(format!("{total} bytes were read").into()) }
}
