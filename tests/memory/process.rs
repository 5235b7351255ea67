//! Work in a process of its own, on a server in another one, so that its memory is that of nothing else.
//!
//! Both are this test program once more, with the name of the test, and told by the environment which of the two it is.
//!
//! The figure is the system's own: the most that the process has had in memory (`VmHWM`), less the pages of its program file
//! that were there when the work began (`RssFile`). Those are many where nothing is optimised, and hold nothing of the
//! data. Further ones that the work needs count as its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::{env, fs, io};

use lakefs::{Branch, Client};
use lakefs_testserver::ServerBuilder;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const ROLE: &str = "LAKEFS_MEMORY_ROLE";
const SERVER: &str = "LAKEFS_MEMORY_SERVER";
const DIRECTORY: &str = "LAKEFS_MEMORY_DIRECTORY";
const TASK: &str = "LAKEFS_MEMORY_TASK";

/// In front of what a process has to say to the one that started it.
const SAYS: &str = "memory test says: ";

/// Where work is done: on a branch, and in a directory.
pub(crate) struct Place {
    pub(crate) branch: Branch,
    pub(crate) directory: PathBuf,
}

/// What a test does with its work: a place to prepare it and to look at what it has done, and the way to start it.
pub(crate) struct Trial<'a> {
    pub(crate) place: Place,
    test: &'a str,
    server: &'a Running,
}

/// Runs the story of the test of this name, which starts its work in a process of its own, with the name of a task.
pub(crate) fn trial(
    test: &str,
    server: ServerBuilder,
    work: impl AsyncFnOnce(Place, String),
    story: impl AsyncFnOnce(Trial<'_>),
) {
    let variable = |name: &str| env::var(name).expect(name);
    match env::var(ROLE).as_deref() {
        Ok("server") => runtime().block_on(serve(server)),
        Ok("work") => {
            let (place, runtime) = (place(&variable(SERVER), variable(DIRECTORY).as_ref()), runtime());
            let program = kibibytes("RssFile");
            runtime.block_on(work(place, variable(TASK)));
            say(&(kibibytes("VmHWM") - program).to_string());
        }
        _ => {
            // One after another: each keeps two cores and a lot of the memory of its server busy.
            static ALONE: Mutex<()> = Mutex::new(());
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            let directory = TempDir::new().unwrap();
            let server = &Running::start(test);
            let place = place(&server.says, directory.path());
            runtime().block_on(async {
                place.branch.repository().create("mem://memory").await.unwrap();
                story(Trial { place, test, server }).await;
            });
        }
    }
}

impl Trial<'_> {
    /// Has a task done, and gives the most memory that it took, in KiB.
    pub(crate) fn peak_of(&self, task: &str) -> u64 {
        let mut worker = again(self.test, "work");
        worker.env(SERVER, &self.server.says).env(DIRECTORY, &self.place.directory).env(TASK, task);
        let output = worker.stderr(Stdio::inherit()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the work has failed: {said}");
        let peak = said.lines().find_map(|line| line.strip_prefix(SAYS)).expect("the work tells its peak");
        println!("{} {task}: {peak} KiB", self.test);
        peak.parse().unwrap()
    }
}

/// Two threads, on whatever machine: each has memory of its own.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn place(server: &str, directory: &Path) -> Place {
    let [endpoint, id, secret] = server.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let client = Client::builder().endpoint(endpoint).access_key(id, secret).build().unwrap();
    Place { branch: client.repository("memory").branch("main"), directory: directory.to_owned() }
}

fn again(test: &str, role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command
}

/// The harness has begun a line already.
fn say(what: &str) {
    println!("\n{SAYS}{what}");
}

/// A server in a process of its own. It ends when its standard input does, so also when this process is gone.
struct Running {
    process: Child,
    says: String,
    _output: BufReader<ChildStdout>,
}

impl Running {
    fn start(test: &str) -> Self {
        let mut command = again(test, "server");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let says = (&mut output).lines().find_map(|line| line.unwrap().strip_prefix(SAYS).map(str::to_owned));
        Self { process, says: says.expect("the server tells where it is"), _output: output }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

async fn serve(server: ServerBuilder) {
    let server = server.start().await.unwrap();
    say(&[server.endpoint(), server.access_key_id(), server.secret_access_key()].join(" "));
    let until_it_closes = || io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(until_it_closes).await.unwrap().unwrap();
}

/// A figure that the system has of this process.
fn kibibytes(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let figure = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect(name);
    figure.trim().trim_end_matches(" kB").parse().unwrap()
}
