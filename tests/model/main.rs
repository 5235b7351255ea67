//! Random sequences of operations: a server must do what a small model of a repository does.
//!
//! `cargo test --test model` runs the sequences on the test server; `PROPTEST_CASES` sets how many. With
//! `LAKEFS_TEST_ENDPOINT` and `LAKECTL_CREDENTIALS_*` they run on that lakeFS. A failure prints the shortest sequence that
//! fails, and its seed is kept in `tests/model/regressions.txt`, which the next runs try first.
//!
//! Left out is what a real server does not do the same every time, or does wrong: cherry-picks, which change cached commits;
//! two commits with one id; hard resets of branches with uncommitted changes; merges into branches whose writes changed
//! nothing; equal objects at different paths, which a merge takes for one another.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod listing;
mod model;
mod operations;
mod run;
#[path = "../support/mod.rs"]
mod support;

use std::cell::Cell;
use std::env;
use std::time::Duration;

use lakefs::RetryPolicy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use crate::support::Fixture;

/// How many sequences run without `PROPTEST_CASES`.
const CASES: u32 = 48;

/// Without optimization, the futures of a sequence need more than the stack of a test.
const STACK: usize = 64 << 20;

#[test]
fn server_does_what_the_model_does() {
    let sequences =
        std::thread::Builder::new().name("model".to_owned()).stack_size(STACK).spawn(run_sequences).unwrap();
    if let Err(failure) = sequences.join() {
        std::panic::resume_unwind(failure);
    }
}

fn run_sequences() {
    let mut config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/model/regressions.txt"))),
        max_shrink_iters: 500,
        ..Config::default()
    };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let runtime = Runtime::new().unwrap();
    let fixture = runtime.block_on(Fixture::new());
    // A creation of what exists with equal bytes waits for a commit.
    let retries = RetryPolicy::default().reconcile_timeout(Duration::from_millis(50));
    let client = fixture.builder().retries(retries).build().unwrap();
    let (sequences, steps) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new(config).run(&operations::sequences(), |operations| {
        runtime.block_on(async {
            let repository = fixture.repository("model").await;
            let repository = client.repository(repository.name());
            let result = Box::pin(run::run(repository.clone(), &operations)).await;
            repository.delete().await.expect("the repository is deleted");
            sequences.set(sequences.get() + 1);
            steps.set(steps.get() + operations.len());
            result.map_err(TestCaseError::fail)
        })
    });
    eprintln!("{} sequences with {} operations ran", sequences.get(), steps.get());
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
