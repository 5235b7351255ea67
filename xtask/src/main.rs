//! Tasks of this repository: `cargo xtask --help` lists them.

#[path = "../../build/api_listing.rs"]
mod api_listing;
mod bench;
#[path = "../../build/canonical.rs"]
mod canonical;
mod cargo;
mod codegen;
mod difference;
mod failure;
mod files;
mod licence;
mod mismatches;
mod package_check;
#[path = "../../build/mod.rs"]
mod pipeline;
mod refresh_spec;
mod server;
mod soak;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use failure::Failure;
use lexopt::{Arg, Parser, ValueExt as _};

const USAGE: &str = "\
cargo xtask <task>

  refresh-spec --server URL   Copies the contract of a running lakeFS into openapi/ and prints the changes.
    --check                   Write nothing, and fail if the contract differs.
    --accept-licence NAME     Accept a contract whose declared licence has this name. Default: only Apache-2.0.
    --timeout SECONDS         Timeout of each request. Default: 60.
    --directory PATH          Directory of the contract. Default: openapi/.
    Requires LAKECTL_CREDENTIALS_ACCESS_KEY_ID and LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY in the environment.

  codegen                     Writes openapi/surface.txt, the listing of the generated public items.
    --check                   Write nothing, and fail if the listing or openapi/docs.toml differs from what is generated.
    --directory PATH          Directory of the contract. Default: openapi/.

  package-check               Packages the client, and builds the package offline from a read-only directory.

  soak                        Checks the outcome of many writers behind a faulty proxy. See `cargo xtask soak --help`.

  bench                       Compares the client with others on a running lakeFS. See `cargo xtask bench --help`.
";

fn main() -> ExitCode {
    match run(Parser::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Parser) -> Result<(), Failure> {
    let Some(task) = arguments.next()? else { return failure::say(USAGE) };
    match task {
        Arg::Long("help") | Arg::Short('h') => failure::say(USAGE),
        Arg::Value(task) if task == "refresh-spec" => refresh_spec(arguments),
        Arg::Value(task) if task == "codegen" => codegen(arguments),
        Arg::Value(task) if task == "package-check" => match arguments.next()? {
            None => package_check::run(&workspace()),
            Some(other) => Err(other.unexpected().into()),
        },
        Arg::Value(task) if task == "bench" => bench::run(&workspace(), arguments.raw_args()?),
        Arg::Value(task) if task == "soak" => soak::run(&workspace(), arguments.raw_args()?),
        other => Err(other.unexpected().into()),
    }
}

fn refresh_spec(mut arguments: Parser) -> Result<(), Failure> {
    let mut server = None;
    let mut options = refresh_spec::Options {
        check: false,
        accept_licence: None,
        timeout: Duration::from_secs(60),
        directory: workspace().join("openapi"),
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("server") => server = Some(arguments.value()?.string()?),
            Arg::Long("check") => options.check = true,
            Arg::Long("accept-licence") => options.accept_licence = Some(arguments.value()?.string()?),
            Arg::Long("timeout") => options.timeout = Duration::from_secs(arguments.value()?.parse()?),
            Arg::Long("directory") => options.directory = arguments.value()?.into(),
            Arg::Long("help") | Arg::Short('h') => return failure::say(USAGE),
            other => return Err(other.unexpected().into()),
        }
    }
    let server = server.ok_or_else(|| Failure::new("refresh-spec: no server: pass --server URL"))?;
    refresh_spec::run(&server, &options)
}

fn codegen(mut arguments: Parser) -> Result<(), Failure> {
    let mut check = false;
    let mut directory = workspace().join("openapi");
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("check") => check = true,
            Arg::Long("directory") => directory = arguments.value()?.into(),
            Arg::Long("help") | Arg::Short('h') => return failure::say(USAGE),
            other => return Err(other.unexpected().into()),
        }
    }
    codegen::run(&directory, check)
}

/// The root of the workspace: the parent of the directory of this package.
fn workspace() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned());
    package.parent().unwrap_or(&package).to_owned()
}
