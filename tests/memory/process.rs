//! Runs work in a process of its own, with the server in another one, so that only the memory of the client is measured.
//!
//! Both processes run this test program again with the name of the test. The environment selects their role.
//!
//! The result is the peak memory of the process (`VmHWM`) without the pages of its program file that were in memory when the
//! work started (`RssFile`). A program without optimization has many of these pages, and they hold none of the data. Pages
//! of the program file that the work loads later are counted.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, io};

use lakefs::{Branch, Client};
use lakefs_testserver::ServerBuilder;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

const ROLE: &str = "LAKEFS_MEMORY_ROLE";
const SERVER: &str = "LAKEFS_MEMORY_SERVER";
const DIRECTORY: &str = "LAKEFS_MEMORY_DIRECTORY";
const TASK: &str = "LAKEFS_MEMORY_TASK";

/// Precedes the message that a process sends to the one that started it.
const MESSAGE_PREFIX: &str = "memory test: ";

/// The longest time that a worker may need. Usually it needs seconds.
const DEADLINE: Duration = Duration::from_secs(600);

/// The branch and the local directory that all processes of a test share.
pub(crate) struct Workspace {
    pub(crate) branch: Branch,
    pub(crate) directory: PathBuf,
}

/// Prepares and checks the work of a test, and measures it.
pub(crate) struct Measurement<'a> {
    pub(crate) workspace: Workspace,
    test: &'a str,
    server: &'a ServerProcess,
}

/// Runs a test with this name. `run` calls [`Measurement::peak_memory`] for each task, which does `work` with the name of the
/// task in a process of its own.
pub(crate) fn measure(
    test: &str,
    server: ServerBuilder,
    work: impl AsyncFnOnce(Workspace, String),
    run: impl AsyncFnOnce(Measurement<'_>),
) {
    let variable = |name: &str| env::var(name).expect(name);
    match env::var(ROLE).as_deref() {
        Ok("server") => runtime().block_on(serve(server)),
        Ok("worker") => {
            let workspace = workspace(&variable(SERVER), variable(DIRECTORY).as_ref());
            let runtime = runtime();
            let program = field_of_status("RssFile");
            let work = async { timeout(DEADLINE, work(workspace, variable(TASK))).await };
            runtime.block_on(work).expect("the work completes in time");
            send_message(&(field_of_status("VmHWM") - program).to_string());
        }
        _ => {
            // One test at a time, because each keeps two cores busy and its server needs a lot of memory.
            static ALONE: Mutex<()> = Mutex::new(());
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            let directory = TempDir::new().unwrap();
            let server = &ServerProcess::start(test);
            let workspace = workspace(&server.message, directory.path());
            runtime().block_on(async {
                workspace.branch.repository().create("mem://memory").await.unwrap();
                run(Measurement { workspace, test, server }).await;
            });
        }
    }
}

impl Measurement<'_> {
    /// Runs a task in a process of its own, and returns its peak memory in KiB.
    pub(crate) fn peak_memory(&self, task: &str) -> u64 {
        let mut worker = command(self.test, "worker");
        worker.env(SERVER, &self.server.message).env(DIRECTORY, &self.workspace.directory).env(TASK, task);
        let output = worker.stderr(Stdio::inherit()).output().unwrap();
        let output_text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the worker failed: {output_text}");
        let peak = output_text.lines().find_map(|line| line.strip_prefix(MESSAGE_PREFIX));
        let peak = peak.expect("the worker sends its peak memory");
        println!("{} {task}: {peak} KiB", self.test);
        peak.parse().unwrap()
    }
}

/// Returns a runtime with two threads on every machine, because each thread needs memory.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Connects to the server that has sent this message.
fn workspace(server: &str, directory: &Path) -> Workspace {
    let [endpoint, id, secret] = server.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let client = Client::builder().endpoint(endpoint).access_key(id, secret).build().unwrap();
    Workspace { branch: client.repository("memory").branch("main"), directory: directory.to_owned() }
}

/// Returns the command that runs this program again for one test, in a role.
fn command(test: &str, role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command
}

/// Sends a message to the process that started this one. It starts a new line, because the test harness has begun one.
fn send_message(message: &str) {
    println!("\n{MESSAGE_PREFIX}{message}");
}

/// A server in a process of its own. It ends when its standard input closes, thus also when this process ends.
struct ServerProcess {
    process: Child,
    /// The endpoint and the access key of the server.
    message: String,
    _output: BufReader<ChildStdout>,
}

impl ServerProcess {
    fn start(test: &str) -> Self {
        let mut command = command(test, "server");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let lines = (&mut output).lines();
        let message =
            lines.map(Result::unwrap).find_map(|line| line.strip_prefix(MESSAGE_PREFIX).map(str::to_owned));
        Self { process, message: message.expect("the server sends its endpoint"), _output: output }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

async fn serve(server: ServerBuilder) {
    let server = server.start().await.unwrap();
    send_message(&[server.endpoint(), server.access_key_id(), server.secret_access_key()].join(" "));
    let read_to_end = || io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(read_to_end).await.unwrap().unwrap();
}

/// Returns a field of `/proc/self/status`. Those of memory are in KiB.
pub(crate) fn field_of_status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect(field);
    value.trim().trim_end_matches(" kB").parse().unwrap()
}
