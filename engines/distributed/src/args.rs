//! The command line.

use std::path::PathBuf;

use lexopt::prelude::{Long, Value, ValueExt as _};

use crate::Result;

const USAGE: &str = "\
lakefs-distributed [run] [--scheduler HOST:PORT]
lakefs-distributed scheduler --port PORT [--bind IP] [--host NAME] [--executors COUNT]
lakefs-distributed executor --id ID --scheduler HOST:PORT --port PORT --grpc-port PORT --work-dir DIRECTORY
                            [--bind IP] [--host NAME] [--vcores COUNT] [--presign]

--scheduler  run: queries this cluster instead of one that it starts
--bind       the address to listen at; default: 127.0.0.1
--host       the name at which the others reach this process; default: 127.0.0.1
--executors  the scheduler is ready when this many executors are registered; default: 2
--vcores     how many tasks the executor runs at a time; default: 2
--presign    reads all data from the storage at pre-signed URLs; default: only reads of 1 MiB or more
--with-parent  exits when standard input is closed";

pub(crate) enum Command {
    Run(RunOptions),
    Scheduler(SchedulerOptions),
    Executor(ExecutorOptions),
}

pub(crate) struct RunOptions {
    /// Default: a cluster of processes on this machine.
    pub(crate) scheduler: Option<Endpoint>,
}

pub(crate) struct SchedulerOptions {
    pub(crate) bind: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) executors: usize,
    pub(crate) with_parent: bool,
}

pub(crate) struct ExecutorOptions {
    pub(crate) id: String,
    pub(crate) scheduler: Endpoint,
    pub(crate) bind: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) grpc_port: u16,
    pub(crate) work_dir: PathBuf,
    pub(crate) vcores: usize,
    pub(crate) presign: bool,
    pub(crate) with_parent: bool,
}

/// A host and a port.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl std::str::FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let invalid = || format!("{text:?} is not HOST:PORT");
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        Ok(Self { host: host.to_owned(), port: port.parse().map_err(|_| invalid())? })
    }
}

pub(crate) fn parse() -> Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut command = None;
    let (mut id, mut scheduler, mut port, mut grpc_port, mut work_dir) = (None, None, None, None, None);
    let (mut bind, mut host) = ("127.0.0.1".to_owned(), "127.0.0.1".to_owned());
    let (mut executors, mut vcores) = (2, 2);
    let (mut presign, mut with_parent) = (false, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Value(name) if command.is_none() => command = Some(name.string()?),
            Long("id") => id = Some(parser.value()?.string()?),
            Long("scheduler") => scheduler = Some(parser.value()?.parse::<Endpoint>()?),
            Long("port") => port = Some(parser.value()?.parse()?),
            Long("grpc-port") => grpc_port = Some(parser.value()?.parse()?),
            Long("work-dir") => work_dir = Some(PathBuf::from(parser.value()?)),
            Long("bind") => bind = parser.value()?.string()?,
            Long("host") => host = parser.value()?.string()?,
            Long("executors") => executors = parser.value()?.parse()?,
            Long("vcores") => vcores = parser.value()?.parse()?,
            Long("presign") => presign = true,
            Long("with-parent") => with_parent = true,
            _ => return Err(format!("{}\n\n{USAGE}", arg.unexpected()).into()),
        }
    }
    let missing = |option: &str| format!("the option --{option} is missing\n\n{USAGE}");
    match command.as_deref() {
        None | Some("run") => Ok(Command::Run(RunOptions { scheduler })),
        Some("scheduler") => Ok(Command::Scheduler(SchedulerOptions {
            bind,
            host,
            port: port.ok_or_else(|| missing("port"))?,
            executors,
            with_parent,
        })),
        Some("executor") => Ok(Command::Executor(ExecutorOptions {
            id: id.ok_or_else(|| missing("id"))?,
            scheduler: scheduler.ok_or_else(|| missing("scheduler"))?,
            bind,
            host,
            port: port.ok_or_else(|| missing("port"))?,
            grpc_port: grpc_port.ok_or_else(|| missing("grpc-port"))?,
            work_dir: work_dir.ok_or_else(|| missing("work-dir"))?,
            vcores,
            presign,
            with_parent,
        })),
        Some(other) => Err(format!("{other:?} is no command\n\n{USAGE}").into()),
    }
}
