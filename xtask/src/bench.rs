//! `cargo xtask bench`: compares the client with others.

use std::ffi::OsString;
use std::path::Path;

use crate::cargo;
use crate::failure::Failure;

/// The package that runs and measures the contenders.
const PACKAGE: &str = "lakefs-bench";

/// Builds all contenders in release mode, and runs them.
pub(crate) fn run(workspace: &Path, arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    cargo::run(workspace, ["build", "--release", "--quiet", "--package", PACKAGE, "--bins"].map(Into::into))?;
    let before =
        ["run", "--release", "--quiet", "--package", PACKAGE, "--bin", PACKAGE, "--"].map(OsString::from);
    cargo::run(workspace, before.into_iter().chain(arguments))
}
