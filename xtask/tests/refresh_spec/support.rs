//! A repository to refresh, and the server to refresh it from.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const CONTRACT: &str = "/openapi.json";
pub(crate) const VERSION: &str = "/api/v1/config/version";
pub(crate) const SECRET: &str = "a-secret-that-nobody-prints";

pub(crate) fn contract() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "lakeFS API",
            "version": "1.0.0",
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0.html"},
        },
        "paths": {"/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "get": {
                "operationId": "GetThing",
                "summary": "prose",
                "responses": {"200": {
                    "description": "prose",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                }},
            },
        }},
        "components": {"schemas": {"Thing": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string"},
                "note": {"type": "string"},
                "kind": {"type": "string", "enum": ["common"]},
            },
        }}},
    })
}

pub(crate) const WORDS: &str = r#"
[operations.get_thing]
doc = "Reads a thing."

[parameters]
id = "Which."

[models.Thing]
doc = "A thing."
fields = { id = "Which.", note = "A note.", kind = "Of which kind." }

[models.ThingKind]
doc = "A kind of thing."
values = { common = "Not rare." }
"#;

/// Serves this response instead of a contract, and asserts that it is rejected.
#[track_caller]
pub(crate) fn refused_contract(response: &[u8], says: &[&str]) {
    let repository = Repository::new(Some(&contract()));
    let version = answer("200 OK", "application/json", r#"{"version":"1.85.0","version_context":"lakeFS"}"#);
    let server = Server::start([(CONTRACT, response.to_vec()), (VERSION, version)]);
    let place = format!("{}{CONTRACT}", server.address);
    let says: Vec<&str> = says.iter().copied().chain([place.as_str()]).collect();
    repository.refused(&server, &[], &says);
    repository.refused(&server, &["--check"], &says);
}

pub(crate) struct Repository(pub(crate) TempDir);

impl Repository {
    /// Creates one with documentation, and with a contract that was refreshed from a server.
    pub(crate) fn new(contract: Option<&Value>) -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        fs::write(repository.path().join("docs.toml"), WORDS).unwrap();
        if let Some(contract) = contract {
            repository.refresh(&Server::of(contract), &[]).assert_success();
        }
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, address: &str, arguments: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_xtask")), address, arguments)
    }

    pub(crate) fn command_of(&self, program: &Path, address: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(["refresh-spec", "--server", address, "--directory"]).arg(self.path()).args(arguments);
        command.env("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "key");
        command.env("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", SECRET);
        command.env("NO_PROXY", "127.0.0.1");
        command
    }

    pub(crate) fn run(&self, address: &str, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(address, arguments))
    }

    pub(crate) fn refresh(&self, server: &Server, arguments: &[&str]) -> Outcome {
        self.run(&server.address, arguments)
    }

    /// Asserts that the refresh fails with one line that contains these texts, and changes nothing.
    #[track_caller]
    pub(crate) fn refused(&self, server: &Server, arguments: &[&str], says: &[&str]) {
        self.unchanged_by(|| self.refresh(server, arguments)).assert_refused(says);
    }

    #[track_caller]
    pub(crate) fn unchanged_by(&self, run: impl FnOnce() -> Outcome) -> Outcome {
        let before = self.files();
        let outcome = run();
        assert_eq!(before.keys().collect::<Vec<_>>(), self.files().keys().collect::<Vec<_>>());
        assert!(before == self.files(), "a file has changed");
        outcome
    }

    /// Every file with its contents, and every directory without.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path()).unwrap().map(Result::unwrap);
        entries
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, if entry.path().is_dir() { Vec::new() } else { fs::read(entry.path()).unwrap() })
            })
            .collect()
    }
}

pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let outcome = Self {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        };
        let shown = [&outcome.stdout, &outcome.stderr].iter().any(|text| text.contains(SECRET));
        assert!(!shown, "the secret was shown");
        outcome
    }

    #[track_caller]
    pub(crate) fn assert_success(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
    }

    #[track_caller]
    pub(crate) fn assert_says(&self, line: &str) {
        assert!(self.stdout.lines().any(|other| other.contains(line)), "{line:?} is not in\n{}", self.stdout);
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, says: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        for text in says {
            assert!(self.stderr.contains(text), "{text:?} is not in {:?}", self.stderr);
        }
    }
}

pub(crate) fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(crate) fn published(contract: &Value) -> Vec<u8> {
    answer("200 OK", "application/json", &contract.to_string())
}

/// A server that responds to each path with fixed bytes, then closes the connection.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a lakeFS 1.85.0 that publishes this contract.
    pub(crate) fn of(contract: &Value) -> Self {
        let version =
            answer("200 OK", "application/json", r#"{"version":"1.85.0","version_context":"lakeFS"}"#);
        Self::start([(CONTRACT, published(contract)), (VERSION, version)])
    }

    pub(crate) fn start(responses: [(&'static str, Vec<u8>); 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::Relaxed);
                // The client closes the connection when the response is too long.
                let _ = Self::respond(stream, &responses);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn respond(mut stream: TcpStream, responses: &[(&str, Vec<u8>)]) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        let path = first.split(' ').nth(1).unwrap_or_default();
        let missing = answer("404 Not Found", "text/plain", "");
        let response =
            responses.iter().find(|(known, _)| *known == path).map_or(&missing, |(_, response)| response);
        stream.write_all(response)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}
