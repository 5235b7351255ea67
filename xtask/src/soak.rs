//! `cargo xtask soak`: checks the outcome of many writers behind a faulty proxy.

use std::ffi::OsString;
use std::path::Path;

use crate::cargo;
use crate::failure::Failure;

/// Builds and runs the package of the soak test.
pub(crate) fn run(workspace: &Path, arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let before = ["run", "--quiet", "--package", "lakefs-soak", "--"].map(OsString::from);
    cargo::run(workspace, before.into_iter().chain(arguments))
}
