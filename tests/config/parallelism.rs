//! `options.parallelism`: how many files the transfer of a directory transfers at once.

use std::fs;

use tempfile::TempDir;

use crate::case::COMPLETE;
use crate::check_all;
use crate::program::{Program, Setup};
use crate::recorder::{Mode, Recorder};

const FILES: usize = 30;
const VARIABLE: &str = "LAKECTL_OPTIONS_PARALLELISM";

/// A value in the file, a variable, and how many files are transferred at once.
type Row = (Option<&'static str>, Option<&'static str>, usize);

/// lakectl transfers nothing with 0 and negative numbers. The client uses its default.
const ROWS: &[Row] = &[
    (None, None, 25),
    (Some("7"), None, 7),
    (Some("\"7\""), None, 7),
    (Some("7.9"), None, 7),
    (Some("true"), None, 1),
    (Some("+7"), None, 7),
    (Some("null"), None, 25),
    (Some("3"), Some("0x5"), 5),
    (None, Some("9"), 9),
];

fn check((file, variable, expected): &Row, program: &Program) -> Option<String> {
    let recorder = Recorder::start(Mode::Uploads(*expected));
    let mut setup = Setup::new(recorder.endpoint());
    let options = file.map(|value| format!("options: {{ parallelism: {value} }}\n")).unwrap_or_default();
    setup.write(".lakectl.yaml", &format!("{COMPLETE}{options}"));
    if let Some(value) = variable {
        setup.set(VARIABLE, value);
    }
    let directory = TempDir::new().unwrap();
    for file in 0..FILES {
        fs::write(directory.path().join(file.to_string()), "a").unwrap();
    }
    let report = setup.upload(program, directory.path());
    let most = recorder.most_uploads_in_flight();
    (most != *expected).then(|| format!("{file:?} {variable:?}: {most} instead of {expected}: {report:?}"))
}

#[test]
fn parallelism_has_the_outcome_of_the_table() {
    check_all(ROWS, check);
}
