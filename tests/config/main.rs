//! The configuration of `lakectl`, as this crate reads it.
//!
//! The tables in [`cases`], [`waits`], [`iam`], [`parallelism`] and [`http_version`] have files, environments, and the
//! expected outcome. The expected values were taken from `lakectl` 1.84.0, which ran with each file and environment and
//! with `HOME` set to a new directory: `lakectl repo list` against a server on the loopback interface that records
//! requests and responds with 503. The server shows the URL that the endpoint results in, the `Authorization` header,
//! the number of attempts and their waits; what is rejected was taken from the messages of lakectl. `lakectl fs upload`
//! against the same server shows how many files are transferred at once, and a server with TLS shows the protocols that
//! lakectl offers.
//!
//! A row says where this crate differs on purpose, and why.
//!
//! With the path of a `lakectl` in the variable `LAKECTL`, the tests also run it, and compare it with the tables:
//!
//! ```text
//! LAKECTL=/usr/local/bin/lakectl cargo test --test config
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod case;
mod cases;
mod http_version;
mod iam;
mod parallelism;
mod program;
mod recorder;
mod waits;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use program::Program;

/// Returns the programs to run: the client, and lakectl if there is one.
fn programs() -> Vec<Program> {
    let mut programs = vec![Program::Client];
    match std::env::var_os("LAKECTL") {
        Some(path) => programs.push(Program::Lakectl(path.into())),
        None => println!("the variable LAKECTL is not set: only the client runs"),
    }
    programs
}

/// Checks all rows of a table, several at once, and fails with a list of those that are not as expected.
fn check_all<T: Sync>(rows: &[T], check: impl Fn(&T, &Program) -> Option<String> + Sync) {
    let mut differences = Vec::new();
    for program in programs() {
        let next = AtomicUsize::new(0);
        let failures = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Some(failure) = check(row, &program) {
                            failures.lock().unwrap().push(failure);
                        }
                    }
                });
            }
        });
        let failures = failures.into_inner().unwrap();
        println!("{program:?}: {} of {} rows differ", failures.len(), rows.len());
        for failure in failures {
            differences.push(format!("{program:?}: {failure}"));
        }
    }
    assert!(differences.is_empty(), "rows differ:\n{}", differences.join("\n"));
}

#[test]
fn configuration_has_the_outcome_of_the_table() {
    check_all(&cases::all(), |case, program| case.check(program));
}

#[test]
fn rows_are_distinct() {
    let cases = cases::all();
    let distinct: HashSet<_> = cases.iter().map(case::Case::identity).collect();
    assert_eq!(distinct.len(), cases.len());
}
