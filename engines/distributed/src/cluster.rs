//! A cluster of processes on this machine.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use std::{env, io};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::args::Endpoint;

const HOST: &str = "127.0.0.1";
/// How long the processes may take to find each other.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// How many lines of each log are in an error.
const LOG_LINES: usize = 15;

/// A scheduler and executors. Dropping it kills the processes, and deletes their files.
pub(crate) struct Cluster {
    pub(crate) scheduler: Endpoint,
    pub(crate) executors: Vec<Executor>,
    scheduler_process: Process,
    /// Logs, and the directories of the executors.
    _directory: TempDir,
}

/// An executor of the cluster.
pub(crate) struct Executor {
    pub(crate) id: String,
    work_dir: PathBuf,
    process: Process,
}

struct Process {
    child: Child,
    log: PathBuf,
}

impl Cluster {
    /// Starts the processes, and waits until the executors are registered with the scheduler. `variables` are added to
    /// their environment. With `presign`, the executors read all data from the storage.
    pub(crate) async fn start(executors: usize, presign: bool, variables: &[(&str, &str)]) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("lakefs-distributed-").tempdir()?;
        let mut ports = free_ports(1 + 2 * executors)?.into_iter();
        let mut next_port = || ports.next().ok_or("there are fewer ports than processes need");
        let spawn = |name: &str, args: &[&str]| spawn(directory.path(), name, args, variables);

        let scheduler = Endpoint { host: HOST.to_owned(), port: next_port()? };
        let port = scheduler.port.to_string();
        let scheduler_process =
            spawn("scheduler", &["scheduler", "--port", &port, "--executors", &executors.to_string()])?;
        let mut started = Vec::new();
        for number in 1..=executors {
            let id = format!("executor-{number}");
            let work_dir = directory.path().join(&id);
            fs::create_dir(&work_dir)?;
            let (flight, grpc) = (next_port()?.to_string(), next_port()?.to_string());
            let scheduler = format!("{HOST}:{port}");
            let mut args = vec!["executor", "--id", &id, "--scheduler", &scheduler, "--port", &flight];
            args.extend(["--grpc-port", &grpc, "--work-dir"]);
            args.push(work_dir.to_str().ok_or("the path of the temporary directory is not UTF-8")?);
            args.extend(presign.then_some("--presign"));
            let process = spawn(&id, &args)?;
            started.push(Executor { id, work_dir, process });
        }
        let mut cluster = Self { scheduler, executors: started, scheduler_process, _directory: directory };
        match timeout(START_TIMEOUT, cluster.wait_until_ready()).await {
            Ok(Ok(())) => Ok(cluster),
            Ok(Err(error)) => Err(format!("{error}\n{}", cluster.logs()).into()),
            Err(_) => {
                Err(format!("the cluster is not ready after {START_TIMEOUT:?}\n{}", cluster.logs()).into())
            }
        }
    }

    /// Waits until the scheduler reports that it has its executors.
    async fn wait_until_ready(&mut self) -> Result<()> {
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.scheduler.port);
        while !is_ready(address).await {
            self.check_running()?;
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Fails if a process has ended.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        for process in self.processes() {
            if let Some(status) = process.child.try_wait()? {
                return Err(
                    format!("the process with the log {} ended: {status}", process.log.display()).into()
                );
            }
        }
        Ok(())
    }

    /// Returns the last lines of all logs.
    pub(crate) fn logs(&mut self) -> String {
        let mut text = String::new();
        for process in self.processes() {
            let log = fs::read_to_string(&process.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
            text.extend(["--- ", &process.log.to_string_lossy(), "\n", &last, "\n"]);
        }
        text
    }

    /// Ends the processes.
    pub(crate) async fn stop(mut self) -> Result<()> {
        for process in self.processes() {
            process.child.kill().await?;
        }
        Ok(())
    }

    fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        let executors = self.executors.iter_mut().map(|executor| &mut executor.process);
        std::iter::once(&mut self.scheduler_process).chain(executors)
    }
}

impl Executor {
    /// Returns how many files of intermediate results the executor has written.
    pub(crate) fn shuffle_files(&self) -> io::Result<usize> {
        count_files(&self.work_dir)
    }
}

/// Starts this program with these arguments. Its output goes to a file.
fn spawn(directory: &Path, name: &str, args: &[&str], variables: &[(&str, &str)]) -> Result<Process> {
    let log = directory.join(format!("{name}.log"));
    let output = File::create(&log)?;
    let child = Command::new(env::current_exe()?)
        .args(args)
        .arg("--with-parent")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true)
        .spawn()?;
    Ok(Process { child, log })
}

/// Returns ports that nobody uses now. Another program may take one before a process of the cluster binds it; then, the
/// process ends, and the start fails.
fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    // All are bound at the same time, so that they differ.
    let listeners: Vec<_> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<_>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// Whether the scheduler responds that it has its executors.
async fn is_ready(scheduler: SocketAddr) -> bool {
    let request = async {
        let mut stream = TcpStream::connect(scheduler).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        io::Result::Ok(response)
    };
    request.await.is_ok_and(|response| response.starts_with(b"HTTP/1.1 200"))
}

fn count_files(directory: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        count += if entry.file_type()?.is_dir() { count_files(&entry.path())? } else { 1 };
    }
    Ok(count)
}
