//! How each contender is asked.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lakefs_bench::{CONCURRENCY, FILES, Failure, Job, numbered, uploads};

/// Who does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Lakefs,
    Reqwest,
    OpenDal,
    Curl,
    /// What this crate does besides: the bytes are held against the checksum, and brought to the disk.
    CurlAndMore,
    Lakectl,
    Python,
}

/// Where the jobs are done.
#[derive(Debug)]
pub(crate) struct Place {
    /// The directory of the programs of this package.
    pub(crate) programs: PathBuf,
    /// A directory for what is made on the way.
    pub(crate) directory: PathBuf,
    pub(crate) server: String,
    pub(crate) key: (String, String),
    pub(crate) repository: String,
    pub(crate) branch: String,
}

impl Place {
    fn uri(&self, path: &str) -> String {
        format!("lakefs://{}/{}/{path}", self.repository, self.branch)
    }

    /// The command that has a job done; none, if the tool cannot do it.
    pub(crate) fn command(&self, tool: Tool, job: &Job) -> Result<Option<Command>, Failure> {
        Ok(match tool {
            Tool::Lakefs => Some(self.order(self.program("bench-lakefs"), job)),
            Tool::Reqwest => Some(self.order(self.program("bench-reqwest"), job)),
            Tool::OpenDal if matches!(job, Job::List { .. }) => None,
            Tool::OpenDal => Some(self.order(self.program("bench-opendal"), job)),
            Tool::Python => {
                let mut command = Command::new("python3");
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("contender.py"));
                Some(self.order(command, job))
            }
            Tool::Lakectl => self.lakectl(job),
            Tool::Curl => self.curl(job)?,
            Tool::CurlAndMore => self.curl(job)?.map(|curl| and_more(&curl, job)),
        })
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// With the job in the words of the programs of this package.
    fn order(&self, mut command: Command, job: &Job) -> Command {
        command.args([&self.repository, &self.branch]);
        match job {
            Job::Upload { file, path } => command.arg("upload").arg(file).arg(path),
            Job::Download { path, file, verify } => {
                let verify = if *verify { "verified" } else { "unverified" };
                command.arg("download").arg(path).arg(file).arg(verify)
            }
            Job::UploadDirRequest { directory, prefix } => {
                command.arg("upload-tree").arg(directory).arg(prefix)
            }
            Job::DownloadDirRequest { prefix, directory } => {
                command.arg("download-tree").arg(prefix).arg(directory)
            }
            Job::List { prefix, pause, prefetch } => {
                let ahead = if *prefetch { "ahead" } else { "after" };
                command.args(["list", prefix, &pause.as_micros().to_string(), ahead])
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
            Job::UploadDirRequest { directory, prefix } => {
                command.args(["fs", "upload", "--no-progress", "-r", "-p", &parallel, "-s"]);
                command.arg(with_slash(directory)).arg(self.uri(prefix))
            }
            Job::DownloadDirRequest { prefix, directory } => {
                command.args(["fs", "download", "--no-progress", "-r", "-p", &parallel]);
                command.arg(self.uri(prefix)).arg(with_slash(directory))
            }
            Job::List { prefix, pause, .. } if pause.is_zero() => {
                command.args(["fs", "ls", "-r", &self.uri(prefix)])
            }
            Job::List { .. } | Job::Stats { .. } => return None,
        };
        Some(command)
    }

    fn curl(&self, job: &Job) -> Result<Option<Command>, Failure> {
        let mut options = Options::new(&self.key);
        match job {
            Job::Upload { file, path } => options.upload(file, &self.write(path)),
            Job::Download { path, file, .. } => options.download(&self.read("objects", path), file),
            Job::UploadDirRequest { directory, prefix } => {
                for (file, path) in uploads(directory, prefix)? {
                    options.upload(&file, &self.write(&path));
                }
            }
            // It cannot list: the names are given to it.
            Job::DownloadDirRequest { prefix, directory } => {
                for number in 0..FILES {
                    let path = numbered(prefix, number);
                    options.download(&self.read("objects", &path), &directory.join(numbered("", number)));
                }
            }
            Job::Stats { prefix, count } => {
                for number in 0..*count {
                    let url = self.read("objects/stat", &numbered(prefix, number));
                    options.download(&url, Path::new("/dev/null"));
                }
            }
            Job::List { .. } => return Ok(None),
        }
        let config = self.directory.join("curl.conf");
        fs::write(&config, options.text)?;
        let mut command = Command::new("curl");
        command.args(["--no-progress-meter", "--fail-early", "--create-dirs"]);
        if matches!(job, Job::UploadDirRequest { .. } | Job::DownloadDirRequest { .. }) {
            command.args(["--parallel", "--parallel-max", &CONCURRENCY.to_string()]);
        }
        command.arg("--config").arg(config);
        Ok(Some(command))
    }

    fn read(&self, what: &str, path: &str) -> String {
        let Self { server, repository, branch, .. } = self;
        format!("{server}/api/v1/repositories/{repository}/refs/{branch}/{what}?path={}", encoded(path))
    }

    fn write(&self, path: &str) -> String {
        let Self { server, repository, branch, .. } = self;
        format!("{server}/api/v1/repositories/{repository}/branches/{branch}/objects?path={}", encoded(path))
    }
}

/// What curl is to do, as its file of options says it: there, the key pair is not seen by others.
struct Options {
    user: String,
    text: String,
}

impl Options {
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

fn and_more(curl: &Command, job: &Job) -> Command {
    let mut words = vec![curl.get_program().to_string_lossy().into_owned()];
    words.extend(curl.get_args().map(|word| word.to_string_lossy().into_owned()));
    let mut command = Command::new("sh");
    let file = if let Job::Upload { file, .. } | Job::Download { file, .. } = job {
        &**file
    } else {
        Path::new(".")
    };
    let line = format!("{} && md5sum \"$1\" && sync \"$1\"", words.join(" "));
    command.arg("-c").arg(line).arg("sh").arg(file);
    command
}

fn encoded(path: &str) -> String {
    path.replace('/', "%2F")
}

fn with_slash(directory: &Path) -> String {
    format!("{}/", directory.display())
}
