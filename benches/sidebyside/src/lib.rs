//! What each contender is asked to do, in the words of its command line.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many files are under way at once.
pub const CONCURRENCY: usize = 25;

/// How many files a directory has that is uploaded or downloaded.
pub const FILES: usize = 2000;

/// What any of the programs fails with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A job, and where it is done.
#[derive(Debug)]
pub struct Order {
    /// The name of the repository.
    pub repository: String,
    /// The name of the branch.
    pub branch: String,
    /// What is to be done there.
    pub job: Job,
}

/// What is to be done.
#[derive(Debug)]
pub enum Job {
    /// One file becomes one object.
    Upload {
        /// The file.
        file: PathBuf,
        /// The path of the object.
        path: String,
    },
    /// One object becomes one file.
    Download {
        /// The path of the object.
        path: String,
        /// The file.
        file: PathBuf,
        /// Whether the bytes are held against the checksum, by who can.
        verify: bool,
    },
    /// A directory becomes the objects under a prefix.
    UploadDirRequest {
        /// The directory.
        directory: PathBuf,
        /// The prefix, with a slash at its end.
        prefix: String,
    },
    /// The objects under a prefix become a directory.
    DownloadDirRequest {
        /// The prefix, with a slash at its end.
        prefix: String,
        /// The directory.
        directory: PathBuf,
    },
    /// All objects under a prefix are listed, in pages of 1,000.
    List {
        /// The prefix, with a slash at its end.
        prefix: String,
        /// How long what is done with a page takes.
        pause: Duration,
        /// Whether the next page is asked for meanwhile, by who can.
        prefetch: bool,
    },
    /// Objects are looked at, one after another.
    Stats {
        /// A prefix, under which the objects are called by numbers with five digits.
        prefix: String,
        /// How many there are.
        count: usize,
    },
}

impl Order {
    /// What the command line says.
    ///
    /// # Errors
    /// It says something else than what [`Order`] can hold.
    pub fn from_command_line() -> Result<Self, Failure> {
        let mut words = std::env::args().skip(1);
        let mut word = |what: &str| words.next().ok_or_else(|| format!("{what} is missing"));
        let (repository, branch) = (word("the repository")?, word("the branch")?);
        let job = match &*word("the job")? {
            "upload" => Job::Upload { file: word("the file")?.into(), path: word("the path")? },
            "download" => Job::Download {
                path: word("the path")?,
                file: word("the file")?.into(),
                verify: word("verified or not")? == "verified",
            },
            "upload-tree" => Job::UploadDirRequest {
                directory: word("the directory")?.into(),
                prefix: word("the prefix")?,
            },
            "download-tree" => Job::DownloadDirRequest {
                prefix: word("the prefix")?,
                directory: word("the directory")?.into(),
            },
            "list" => Job::List {
                prefix: word("the prefix")?,
                pause: Duration::from_micros(word("the pause")?.parse()?),
                prefetch: word("ahead or not")? == "ahead",
            },
            "stats" => Job::Stats { prefix: word("the prefix")?, count: word("the count")?.parse()? },
            other => return Err(format!("{other:?} is no job").into()),
        };
        Ok(Self { repository, branch, job })
    }
}

/// What there is to upload of a directory: the files, and the paths of their objects.
///
/// # Errors
/// The directory cannot be read.
pub fn uploads(directory: &Path, prefix: &str) -> io::Result<Vec<(PathBuf, String)>> {
    let upload = |file: DirEntry| (file.path(), format!("{prefix}{}", file.file_name().to_string_lossy()));
    fs::read_dir(directory)?.map(|file| file.map(upload)).collect()
}

/// The path of the object with this number.
#[must_use]
pub fn numbered(prefix: &str, number: usize) -> String {
    format!("{prefix}{number:05}")
}
