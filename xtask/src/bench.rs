//! `cargo xtask bench`: compares the client with others.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// The package that runs and measures the contenders.
const PACKAGE: &str = "lakefs-bench";

/// Builds all contenders in release mode, and runs them.
pub(crate) fn run(workspace: &Path, arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    cargo(workspace, "build", ["--package", PACKAGE, "--bins"].map(Into::into))?;
    let before = ["--package", PACKAGE, "--bin", PACKAGE, "--"].map(OsString::from);
    cargo(workspace, "run", before.into_iter().chain(arguments))
}

fn cargo(
    workspace: &Path,
    command: &str,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    cargo.current_dir(workspace).args([command, "--release", "--quiet"]).args(arguments);
    let failed = |why: &dyn std::fmt::Display| Failure::new(format!("cargo {command}: {why}"));
    let status = cargo.status().map_err(|error| failed(&error))?;
    if status.success() { Ok(()) } else { Err(failed(&status)) }
}
