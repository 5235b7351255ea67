//! Calls cargo.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// Runs cargo in the workspace, without its progress.
pub(crate) fn run(workspace: &Path, arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let command = arguments.first().map(|command| command.display().to_string()).unwrap_or_default();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let failed = |why: &dyn std::fmt::Display| Failure::new(format!("cargo {command}: {why}"));
    let status = Command::new(cargo).current_dir(workspace).args(arguments).status();
    let status = status.map_err(|error| failed(&error))?;
    if status.success() { Ok(()) } else { Err(failed(&status)) }
}
