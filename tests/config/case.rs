//! One row of the table.

use crate::program::{Program, Setup};
use crate::recorder::{Mode, Recorder};

/// Files and an environment, and what lakectl and the client make of them.
pub(crate) struct Case {
    name: &'static str,
    files: Vec<(&'static str, String)>,
    variables: Vec<(&'static str, &'static str)>,
    lakectl: Outcome,
    /// What the client does differently, and why.
    difference: Option<(Outcome, &'static str)>,
}

/// What a program does to list repositories.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Sends requests to `{url}` followed by this path.
    Sends { path: String, authorization: String, attempts: usize },
    /// Sends nothing, because there is no endpoint.
    NoEndpoint,
    /// Sends nothing, because the value of this key is invalid.
    Rejects(&'static str),
    /// Sends nothing, and the message contains this text.
    Fails(&'static str),
}

pub(crate) const ENDPOINT: &str = "LAKECTL_SERVER_ENDPOINT_URL";
pub(crate) const ID: &str = "LAKECTL_CREDENTIALS_ACCESS_KEY_ID";
pub(crate) const SECRET: &str = "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY";
pub(crate) const FILE: &str = "LAKECTL_CONFIG_FILE";

/// A file with an endpoint and an access key.
pub(crate) const COMPLETE: &str =
    "server:\n  endpoint_url: {url}\ncredentials:\n  access_key_id: fid\n  secret_access_key: fsecret\n";

/// Sends `attempts` requests with the access key of [`COMPLETE`].
pub(crate) fn sends(attempts: usize) -> Outcome {
    sends_as("Basic fid:fsecret", attempts)
}

pub(crate) fn sends_as(authorization: &str, attempts: usize) -> Outcome {
    sends_to("/api/v1/repositories", authorization, attempts)
}

pub(crate) fn sends_to(path: &str, authorization: &str, attempts: usize) -> Outcome {
    Outcome::Sends { path: path.to_owned(), authorization: authorization.to_owned(), attempts }
}

impl Case {
    /// A row without files and variables.
    pub(crate) fn new(name: &'static str, lakectl: Outcome) -> Self {
        Self { name, files: Vec::new(), variables: Vec::new(), lakectl, difference: None }
    }

    /// A row whose file is `~/.lakectl.yaml`.
    pub(crate) fn yaml(name: &'static str, content: impl Into<String>, lakectl: Outcome) -> Self {
        Self::new(name, lakectl).file(".lakectl.yaml", content)
    }

    /// A row whose file is [`COMPLETE`] with this line under `server.retries`.
    pub(crate) fn retries(line: &'static str, lakectl: Outcome) -> Self {
        Self::yaml(line, with_retries(line), lakectl)
    }

    /// A row whose environment has an endpoint and an access key.
    pub(crate) fn environment(name: &'static str, lakectl: Outcome) -> Self {
        Self::new(name, lakectl).set(ENDPOINT, "{url}").set(ID, "eid").set(SECRET, "esecret")
    }

    /// A path that ends with a slash is a directory.
    pub(crate) fn file(mut self, path: &'static str, content: impl Into<String>) -> Self {
        self.files.push((path, content.into()));
        self
    }

    pub(crate) fn set(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// The client does something else, on purpose.
    pub(crate) fn but_client(mut self, outcome: Outcome, reason: &'static str) -> Self {
        self.difference = Some((outcome, reason));
        self
    }

    /// Returns what distinguishes the row from others.
    pub(crate) fn identity(&self) -> String {
        format!("{:?} {:?}", self.files, self.variables)
    }

    /// Runs a program, and returns a description of each difference from the expectation.
    pub(crate) fn check(&self, program: &Program) -> Option<String> {
        let recorder = Recorder::start(Mode::Unavailable);
        let mut setup = Setup::new(recorder.endpoint());
        for (path, content) in &self.files {
            setup.write(path, content);
        }
        for (name, value) in &self.variables {
            setup.set(name, value);
        }
        let report = setup.list(program);
        let expected = match (program, &self.difference) {
            (Program::Client, Some((outcome, _))) => outcome,
            _ => &self.lakectl,
        };
        let requests = recorder.requests();
        let is_expected = match expected {
            Outcome::Sends { path, authorization, attempts } => {
                let is_same = |request: &crate::recorder::Recorded| {
                    request.path == *path && request.authorization == *authorization
                };
                requests.len() == *attempts && requests.iter().all(is_same)
            }
            Outcome::NoEndpoint => {
                let words = match program {
                    Program::Lakectl(_) => "unsupported protocol scheme",
                    Program::Client => "there is no endpoint",
                };
                requests.is_empty() && report.error.contains(words)
            }
            Outcome::Rejects(key) => {
                let variable = format!("LAKECTL_{}", key.replace('.', "_").to_uppercase());
                let is_named = report.error.contains(key)
                    || matches!(program, Program::Client) && report.error.contains(&variable);
                requests.is_empty() && is_named
            }
            Outcome::Fails(words) => requests.is_empty() && report.error.contains(words),
        };
        (!is_expected).then(|| {
            let sent: Vec<_> =
                requests.iter().map(|request| (&request.path, &request.authorization)).collect();
            format!("{}: expected {expected:?}, sent {sent:?}, reported {:?}", self.name, report.error)
        })
    }
}

/// [`COMPLETE`] with this line under `server.retries`.
pub(crate) fn with_retries(line: &str) -> String {
    COMPLETE.replace("credentials:", &format!("  retries:\n    {line}\ncredentials:"))
}
