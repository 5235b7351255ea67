//! `cargo xtask codegen` on a copy of `openapi/`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

#[test]
fn current_listing_passes_the_check() {
    let copy = copy();
    assert_eq!(run(&copy, &[]), (Some(0), String::new()));
    assert_eq!(run(&copy, &["--check"]), (Some(0), String::new()));
}

#[test]
fn check_prints_the_difference_and_writes_nothing() {
    let copy = copy();
    run(&copy, &[]);
    let surface = copy.path().join("surface.txt");
    let text = fs::read_to_string(&surface).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    fs::write(&surface, rest).unwrap();

    let output = output(&copy, &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains(&format!("\n+{first}\n")));
    assert!(String::from_utf8(output.stderr).unwrap().contains("run `cargo xtask codegen`"));
    assert_eq!(fs::read_to_string(&surface).unwrap(), rest);

    fs::remove_file(&surface).unwrap();
    let shown = String::from_utf8(self::output(&copy, &["--check"]).stdout).unwrap();
    assert!(shown.lines().count() < 250, "a long difference is cut");
    assert!(shown.contains("more lines"), "{shown}");
    assert!(!surface.exists());
}

#[test]
fn mismatched_docs_fail_only_the_check() {
    let copy = copy();
    let docs = copy.path().join("docs.toml");
    let text = fs::read_to_string(&docs).unwrap();
    fs::write(&docs, text.replace("[operations.get_repository]", "[operations.gone]")).unwrap();
    for (arguments, code) in [(&[][..], 0), (&["--check"], 1)] {
        let output = output(&copy, arguments);
        assert_eq!(output.status.code(), Some(code));
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(report.contains("docs.toml: document operation get_repository\n"), "{report}");
        assert!(report.contains("docs.toml: remove operation gone\n"), "{report}");
    }
}

#[test]
fn edited_contract_fails_the_check() {
    let copy = copy();
    run(&copy, &[]);
    let contract = copy.path().join("lakefs.json");
    fs::write(&contract, format!("{}\n", fs::read_to_string(&contract).unwrap())).unwrap();
    let (code, stderr) = run(&copy, &["--check"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("source.toml describes another lakefs.json"), "{stderr}");
}

fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let openapi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi");
    for file in ["lakefs.json", "source.toml", "docs.toml"] {
        fs::copy(openapi.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn output(directory: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["codegen", "--directory"]).arg(directory.path()).args(arguments).output().unwrap()
}

fn run(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = output(directory, arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}
