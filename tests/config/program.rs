//! Runs lakectl, or this crate's client in a process of its own, with a home directory and environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use futures::TryStreamExt as _;
use lakefs::{ClientBuilder, Error};
use tempfile::TempDir;

/// Names the test function that runs the client.
const CHILD: &str = "program::child";

/// What the child does: lists repositories, or uploads the directory that this variable names.
const UPLOAD: &str = "LAKEFS_CONFIG_TEST_UPLOAD";

/// Precedes the lines that the child reports.
const PREFIX: &str = "config test: ";

/// A program that reads the configuration.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    Lakectl(PathBuf),
    Client,
}

/// A home directory with files, and an environment.
pub(crate) struct Setup {
    pub(crate) home: TempDir,
    endpoint: String,
    variables: Vec<(String, String)>,
}

impl Setup {
    /// In files and variables, `{url}` stands for the endpoint and `{home}` for the home directory.
    pub(crate) fn new(endpoint: String) -> Self {
        Self { home: TempDir::new().unwrap(), endpoint, variables: Vec::new() }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{url}", &self.endpoint).replace("{home}", self.home.path().to_str().unwrap())
    }

    /// Writes a file below the home directory. A path that ends with a slash is a directory.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let file = self.home.path().join(path);
        if path.ends_with('/') {
            return fs::create_dir_all(file).unwrap();
        }
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, self.fill(content)).unwrap();
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let value = self.fill(value);
        self.variables.push((name.to_owned(), value));
    }

    /// Lists the repositories of the server.
    pub(crate) fn list(&self, program: &Program) -> Report {
        self.run(program, &["repo", "list"], None)
    }

    /// Uploads a directory.
    pub(crate) fn upload(&self, program: &Program, directory: &Path) -> Report {
        let source = directory.to_str().unwrap();
        let command =
            ["fs", "upload", "--recursive", "--pre-sign=false", "--source", source, "lakefs://repo/main/"];
        self.run(program, &command, Some(source))
    }

    fn run(&self, program: &Program, lakectl: &[&str], upload: Option<&str>) -> Report {
        let mut command = match program {
            Program::Lakectl(path) => {
                let mut command = Command::new(path);
                command.args(lakectl);
                command
            }
            Program::Client => {
                let mut command = Command::new(env::current_exe().unwrap());
                command.args(["--exact", CHILD, "--ignored", "--nocapture", "--test-threads=1"]);
                command
            }
        };
        command.env_clear().env("HOME", self.home.path()).env("LAKECTL_SKIP_ENTERPRISE_CHECK", "1");
        // Without it, the AWS library of lakectl looks for a machine of EC2.
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(directory) = upload {
            command.env(UPLOAD, directory);
        }
        for (name, value) in &self.variables {
            match value.as_str() {
                UNSET => command.env_remove(name),
                value => command.env(name, value),
            };
        }
        let output = command.stdin(Stdio::null()).current_dir(self.home.path()).output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        match program {
            Program::Lakectl(_) => Report { builder: String::new(), error: text },
            Program::Client => {
                assert!(output.status.success() && text.contains("1 passed"), "{text}");
                let line = |kind: &str| {
                    let prefix = format!("{PREFIX}{kind} ");
                    text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
                };
                Report { builder: line("builder"), error: line("error") }
            }
        }
    }
}

/// The value of a variable that is not set.
pub(crate) const UNSET: &str = "<unset>";

/// What a program reports.
#[derive(Debug)]
pub(crate) struct Report {
    /// The `Debug` output of the client's builder.
    pub(crate) builder: String,
    /// The error of the client, or the whole output of lakectl.
    pub(crate) error: String,
}

/// The client in a process of its own, because a process cannot change its own environment.
#[tokio::test]
#[ignore = "the other tests run it in a process of its own"]
async fn child() {
    // Only the other tests clear the environment.
    if env::var_os("LAKECTL_SKIP_ENTERPRISE_CHECK").is_none() {
        return;
    }
    println!();
    if let Err(error) = run_client().await {
        println!("{PREFIX}error {}", error.to_string().replace('\n', " "));
    }
}

async fn run_client() -> Result<(), Error> {
    let builder = ClientBuilder::from_env()?;
    println!("{PREFIX}builder {builder:?}");
    let client = builder.build()?;
    match env::var(UPLOAD) {
        Ok(directory) => {
            let branch = client.repository("repo").branch("main");
            branch.upload_dir(directory, "").send().await?;
        }
        Err(_) => {
            client.repositories().try_collect::<Vec<_>>().await?;
        }
    }
    Ok(())
}
