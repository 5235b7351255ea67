//! The command lines of the contenders.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lakefs_bench::{BoxError, CONCURRENCY, FILES, Job, numbered, uploads};

/// A program that runs jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Lakefs,
    Reqwest,
    OpenDal,
    Curl,
    /// curl, and then the verification and the flush to the disk that this crate does too.
    CurlMd5Sync,
    Lakectl,
    Python,
    /// `md5sum` of the local file of a download, which is what a verification costs.
    Md5sum,
    /// curl, and then the flush of the file to the disk.
    CurlSync,
    /// The S3 client of the crate `object_store`, on the S3 gateway of lakeFS.
    S3Gateway,
}

/// The server, the branch and the local directory of the jobs.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The directory of the programs of this package.
    pub(crate) programs: PathBuf,
    /// The directory of the data.
    pub(crate) directory: PathBuf,
    pub(crate) server: String,
    pub(crate) key: (String, String),
    pub(crate) repository: String,
    pub(crate) branch: String,
}

impl Setup {
    fn uri(&self, path: &str) -> String {
        format!("lakefs://{}/{}/{path}", self.repository, self.branch)
    }

    /// Returns the command that runs a job. `None`: the tool does not support it.
    pub(crate) fn command(&self, tool: Tool, job: &Job) -> Result<Option<Command>, BoxError> {
        let mut command = self.command_of(tool, job)?;
        if let Some(command) = &mut command {
            command.env("LAKECTL_SERVER_ENDPOINT_URL", &self.server);
        }
        Ok(command)
    }

    fn command_of(&self, tool: Tool, job: &Job) -> Result<Option<Command>, BoxError> {
        Ok(match tool {
            Tool::Reqwest | Tool::OpenDal | Tool::Python if !is_basic(job) => None,
            Tool::Lakefs => Some(self.with_args(self.program("bench-lakefs"), job)),
            Tool::Reqwest => Some(self.with_args(self.program("bench-reqwest"), job)),
            Tool::OpenDal if matches!(job, Job::List { .. }) => None,
            Tool::OpenDal => Some(self.with_args(self.program("bench-opendal"), job)),
            Tool::Python => {
                let mut command = Command::new("python3");
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("contender.py"));
                Some(self.with_args(command, job))
            }
            Tool::Lakectl => self.lakectl(job),
            Tool::Curl => self.curl(job)?,
            Tool::CurlMd5Sync => {
                self.curl(job)?.map(|curl| and_then(&curl, job, "md5sum \"$1\" && sync \"$1\""))
            }
            Tool::CurlSync => self.curl(job)?.map(|curl| and_then(&curl, job, "sync \"$1\"")),
            Tool::Md5sum => self.md5sum(job),
            Tool::S3Gateway => Some(self.with_args(self.program("bench-s3"), job)),
        })
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// Adds the command line that [`Invocation`](lakefs_bench::Invocation) parses.
    fn with_args(&self, mut command: Command, job: &Job) -> Command {
        command.args([&self.repository, &self.branch]);
        match job {
            Job::Upload { file, path } => command.arg("upload").arg(file).arg(path),
            Job::Download { path, file, verify } => {
                let verify = if *verify { "verify" } else { "no-verify" };
                command.arg("download").arg(path).arg(file).arg(verify)
            }
            Job::UploadDir { directory, prefix, concurrency } => {
                command.arg("upload-dir").arg(directory).arg(prefix).arg(or_default(*concurrency))
            }
            Job::DownloadDir { prefix, directory, concurrency } => {
                command.arg("download-dir").arg(prefix).arg(directory).arg(or_default(*concurrency))
            }
            Job::Sync { directory, prefix, by_time } => {
                let by = if *by_time { "time" } else { "checksum" };
                command.arg("sync").arg(directory).arg(prefix).arg(by)
            }
            Job::Status { directory } => command.arg("status").arg(directory),
            Job::Ranges { path, count, concurrency } => {
                command.args(["ranges", path, &count.to_string(), &concurrency.to_string()])
            }
            Job::Fill { prefix, count } => command.args(["fill", prefix, &count.to_string()]),
            Job::List { prefix, pause, prefetch } => {
                let prefetch = if *prefetch { "prefetch" } else { "no-prefetch" };
                command.args(["list", prefix, &pause.as_micros().to_string(), prefetch])
            }
            Job::Stats { prefix, count } => command.args(["stats", prefix, &count.to_string()]),
        };
        command
    }

    fn lakectl(&self, job: &Job) -> Option<Command> {
        let mut command = Command::new("lakectl");
        match job {
            Job::Upload { file, path } => {
                command.args(["fs", "upload", "--no-progress", "-s"]).arg(file).arg(self.uri(path))
            }
            Job::Download { path, file, .. } => {
                command.args(["fs", "download", "--no-progress"]).arg(self.uri(path)).arg(file)
            }
            Job::UploadDir { directory, prefix, concurrency } => {
                command.args(["fs", "upload", "--no-progress", "-r"]);
                command.args(parallelism(*concurrency)).arg("-s");
                command.arg(with_trailing_slash(directory)).arg(self.uri(prefix))
            }
            Job::DownloadDir { prefix, directory, concurrency } => {
                command.args(["fs", "download", "--no-progress", "-r"]);
                command.args(parallelism(*concurrency));
                command.arg(self.uri(prefix)).arg(with_trailing_slash(directory))
            }
            Job::Status { directory } => command.args(["local", "status"]).arg(directory),
            Job::List { prefix, pause, .. } if pause.is_zero() => {
                command.args(["fs", "ls", "-r", &self.uri(prefix)])
            }
            Job::List { .. }
            | Job::Stats { .. }
            | Job::Sync { .. }
            | Job::Ranges { .. }
            | Job::Fill { .. } => {
                return None;
            }
        };
        Some(command)
    }

    fn curl(&self, job: &Job) -> Result<Option<Command>, BoxError> {
        let mut config = CurlConfig::new(&self.key);
        match job {
            Job::Upload { file, path } => config.upload(file, &self.write_url(path)),
            Job::Download { path, file, .. } => config.download(&self.read_url("objects", path), file),
            Job::UploadDir { directory, prefix, .. } => {
                for (file, path) in uploads(directory, prefix)? {
                    config.upload(&file, &self.write_url(&path));
                }
            }
            // curl cannot list objects, so the names are generated.
            Job::DownloadDir { prefix, directory, .. } => {
                for number in 0..FILES {
                    let path = numbered(prefix, number);
                    config.download(&self.read_url("objects", &path), &directory.join(numbered("", number)));
                }
            }
            Job::Stats { prefix, count } => {
                for number in 0..*count {
                    let url = self.read_url("objects/stat", &numbered(prefix, number));
                    config.download(&url, Path::new("/dev/null"));
                }
            }
            Job::List { .. }
            | Job::Sync { .. }
            | Job::Status { .. }
            | Job::Ranges { .. }
            | Job::Fill { .. } => {
                return Ok(None);
            }
        }
        let file = self.directory.join("curl.conf");
        fs::write(&file, config.text)?;
        let mut command = Command::new("curl");
        command.args(["--no-progress-meter", "--fail-early", "--create-dirs"]);
        if matches!(job, Job::UploadDir { .. } | Job::DownloadDir { .. }) {
            command.args(["--parallel", "--parallel-max", &CONCURRENCY.to_string()]);
        }
        command.arg("--config").arg(file);
        Ok(Some(command))
    }

    /// The source of a downloaded object is a local file of the same name.
    fn md5sum(&self, job: &Job) -> Option<Command> {
        let Job::Download { path, .. } = job else { return None };
        let mut command = Command::new("md5sum");
        command.arg(self.directory.join(path));
        Some(command)
    }

    fn read_url(&self, endpoint: &str, path: &str) -> String {
        let Self { server, repository, branch, .. } = self;
        format!(
            "{server}/api/v1/repositories/{repository}/refs/{branch}/{endpoint}?path={}",
            percent_encode(path)
        )
    }

    fn write_url(&self, path: &str) -> String {
        let Self { server, repository, branch, .. } = self;
        format!(
            "{server}/api/v1/repositories/{repository}/branches/{branch}/objects?path={}",
            percent_encode(path)
        )
    }
}

/// The configuration file of curl. Unlike a command line, it hides the access key from other users.
struct CurlConfig {
    user: String,
    text: String,
}

impl CurlConfig {
    fn new((id, secret): &(String, String)) -> Self {
        Self { user: format!("{id}:{secret}"), text: String::new() }
    }

    fn next(&mut self, url: &str, file: &Path) {
        let separator = if self.text.is_empty() { "" } else { "next\n" };
        let (user, file) = (&self.user, file.display());
        _ = writeln!(self.text, "{separator}fail\nuser = \"{user}\"\nurl = \"{url}\"\noutput = \"{file}\"");
    }

    fn download(&mut self, url: &str, file: &Path) {
        self.next(url, file);
    }

    fn upload(&mut self, file: &Path, url: &str) {
        self.next(url, Path::new("/dev/null"));
        let file = file.display();
        _ = writeln!(
            self.text,
            "request = POST\nheader = \"Content-Type: application/octet-stream\"\nupload-file = \"{file}\""
        );
    }
}

/// Whether the contenders without a directory synchronization support the job.
fn is_basic(job: &Job) -> bool {
    !matches!(job, Job::Sync { .. } | Job::Status { .. } | Job::Ranges { .. } | Job::Fill { .. })
}

fn or_default(concurrency: Option<usize>) -> String {
    concurrency.map_or_else(|| "default".to_owned(), |number| number.to_string())
}

/// The option of lakectl for the number of files at once.
fn parallelism(concurrency: Option<usize>) -> Vec<String> {
    concurrency.map_or_else(Vec::new, |number| vec!["-p".to_owned(), number.to_string()])
}

/// Runs curl, and then a command line of the shell with the downloaded file as `$1`.
fn and_then(curl: &Command, job: &Job, line: &str) -> Command {
    let mut args = vec![curl.get_program().to_string_lossy().into_owned()];
    args.extend(curl.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    let mut command = Command::new("sh");
    let file = if let Job::Upload { file, .. } | Job::Download { file, .. } = job {
        &**file
    } else {
        Path::new(".")
    };
    let line = format!("{} && {line}", args.join(" "));
    command.arg("-c").arg(line).arg("sh").arg(file);
    command
}

fn percent_encode(path: &str) -> String {
    path.replace('/', "%2F")
}

fn with_trailing_slash(directory: &Path) -> String {
    format!("{}/", directory.display())
}
