//! `cargo xtask package-check`: checks that the package is complete, and builds offline from a read-only directory.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, say};

/// Files that the build script of the package needs.
const REQUIRED: [&str; 5] =
    ["build.rs", "build/mod.rs", "openapi/lakefs.json", "openapi/docs.toml", "openapi/source.toml"];

const PACKAGE: [&str; 6] = ["package", "--package", "lakefs", "--offline", "--allow-dirty", "--quiet"];

/// Packages the client, then builds the package offline from a read-only directory.
pub(crate) fn run(workspace: &Path) -> Result<(), Failure> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    // Shared by both builds, so that the dependencies are built once.
    let target = target.join("package-check");

    // The offline builds need all dependencies on this machine.
    output(cargo(workspace, &target).args(["fetch", "--locked", "--quiet"]))?;

    let listed = output(cargo(workspace, &target).args(PACKAGE).arg("--list"))?;
    let missing: Vec<_> =
        REQUIRED.into_iter().filter(|file| !listed.lines().any(|line| line == *file)).collect();
    if !missing.is_empty() {
        return Err(Failure::at("cargo package --list", format!("missing: {}", missing.join(", "))));
    }

    say("packaging and building the package")?;
    let _ = fs::remove_dir_all(target.join("package"));
    output(cargo(workspace, &target).args(PACKAGE))?;

    say("building the package offline from a read-only directory")?;
    let unpacked = unpacked(&target.join("package"))?;
    let elsewhere = tempfile::tempdir().map_err(|error| Failure::at("temporary directory", error))?;
    let copy = elsewhere.path().join("lakefs");
    let before = snapshot(&unpacked)?;
    write_read_only(&copy, &before)?;
    let built = output(cargo(&copy, &target).args(["build", "--offline", "--locked", "--quiet"]));
    let after = snapshot(&copy);
    set_writable(&copy)?;
    built?;
    // Root can write to read-only files, so the contents are compared.
    if after? != before {
        return Err(Failure::new("the build of the package changed its source directory"));
    }
    say(&format!("the package is complete: {} files", before.len()))
}

fn cargo(directory: &Path, target: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory).env("CARGO_TARGET_DIR", target);
    command
}

fn describe(command: &Command) -> String {
    let arguments = command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>();
    format!("cargo {}", arguments.join(" "))
}

/// Runs Cargo and returns its standard output. Its standard error is inherited.
fn output(command: &mut Command) -> Result<String, Failure> {
    let name = describe(command);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| Failure::at(&name, error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::at(name, output.status))
}

/// Returns the directory into which Cargo unpacked the package to build it.
fn unpacked(packages: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(packages).map_err(|error| Failure::at(packages.display(), error))?;
    let directories = entries.filter_map(|entry| Some(entry.ok()?.path()));
    directories
        .filter(|path| path.join("Cargo.toml.orig").is_file())
        .max()
        .ok_or_else(|| Failure::at(packages.display(), "no unpacked package"))
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Returns every file below a directory, with its contents.
fn snapshot(directory: &Path) -> Result<Files, Failure> {
    fn collect(root: &Path, directory: &Path, files: &mut Files) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                collect(root, &path, files)?;
            } else {
                files.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), fs::read(&path)?);
            }
        }
        Ok(())
    }
    let mut files = Files::new();
    collect(directory, directory, &mut files).map_err(|error| Failure::at(directory.display(), error))?;
    Ok(files)
}

fn write_read_only(directory: &Path, files: &Files) -> Result<(), Failure> {
    let write = || {
        for (name, contents) in files {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().unwrap_or(directory))?;
            fs::write(&path, contents)?;
        }
        set_read_only(directory, true)
    };
    write().map_err(|error| Failure::at(directory.display(), error))
}

fn set_writable(directory: &Path) -> Result<(), Failure> {
    set_read_only(directory, false).map_err(|error| Failure::at(directory.display(), error))
}

fn set_read_only(path: &Path, read_only: bool) -> io::Result<()> {
    let set = || {
        let mut permissions = fs::metadata(path)?.permissions();
        #[allow(
            clippy::permissions_set_readonly_false,
            reason = "a temporary copy, which is about to be removed"
        )]
        permissions.set_readonly(read_only);
        fs::set_permissions(path, permissions)
    };
    if !read_only {
        set()?;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            set_read_only(&entry?.path(), read_only)?;
        }
    }
    if read_only { set() } else { Ok(()) }
}
