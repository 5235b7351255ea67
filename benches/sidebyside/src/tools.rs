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
}

/// The server, the branch and the local directory of the jobs.
#[derive(Debug)]
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
        Ok(match tool {
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
            Tool::CurlMd5Sync => self.curl(job)?.map(|curl| with_md5_and_sync(&curl, job)),
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
            Job::UploadDir { directory, prefix } => command.arg("upload-dir").arg(directory).arg(prefix),
            Job::DownloadDir { prefix, directory } => command.arg("download-dir").arg(prefix).arg(directory),
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
        let parallel = CONCURRENCY.to_string();
        match job {
            Job::Upload { file, path } => {
                command.args(["fs", "upload", "--no-progress", "-s"]).arg(file).arg(self.uri(path))
            }
            Job::Download { path, file, .. } => {
                command.args(["fs", "download", "--no-progress"]).arg(self.uri(path)).arg(file)
            }
            Job::UploadDir { directory, prefix } => {
                command.args(["fs", "upload", "--no-progress", "-r", "-p", &parallel, "-s"]);
                command.arg(with_trailing_slash(directory)).arg(self.uri(prefix))
            }
            Job::DownloadDir { prefix, directory } => {
                command.args(["fs", "download", "--no-progress", "-r", "-p", &parallel]);
                command.arg(self.uri(prefix)).arg(with_trailing_slash(directory))
            }
            Job::List { prefix, pause, .. } if pause.is_zero() => {
                command.args(["fs", "ls", "-r", &self.uri(prefix)])
            }
            Job::List { .. } | Job::Stats { .. } => return None,
        };
        Some(command)
    }

    fn curl(&self, job: &Job) -> Result<Option<Command>, BoxError> {
        let mut config = CurlConfig::new(&self.key);
        match job {
            Job::Upload { file, path } => config.upload(file, &self.write_url(path)),
            Job::Download { path, file, .. } => config.download(&self.read_url("objects", path), file),
            Job::UploadDir { directory, prefix } => {
                for (file, path) in uploads(directory, prefix)? {
                    config.upload(&file, &self.write_url(&path));
                }
            }
            // curl cannot list objects, so the names are generated.
            Job::DownloadDir { prefix, directory } => {
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
            Job::List { .. } => return Ok(None),
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

fn with_md5_and_sync(curl: &Command, job: &Job) -> Command {
    let mut args = vec![curl.get_program().to_string_lossy().into_owned()];
    args.extend(curl.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    let mut command = Command::new("sh");
    let file = if let Job::Upload { file, .. } | Job::Download { file, .. } = job {
        &**file
    } else {
        Path::new(".")
    };
    let line = format!("{} && md5sum \"$1\" && sync \"$1\"", args.join(" "));
    command.arg("-c").arg(line).arg("sh").arg(file);
    command
}

fn percent_encode(path: &str) -> String {
    path.replace('/', "%2F")
}

fn with_trailing_slash(directory: &Path) -> String {
    format!("{}/", directory.display())
}
