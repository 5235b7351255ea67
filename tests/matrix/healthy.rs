//! The cases on a server without faults: every operation has one, and each succeeds.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, Effect};
use crate::cases;
use crate::contract::Contract;
use crate::lab::Lab;

/// The operations whose effect is not in the state of the test server: tokens, statistics, files of metadata. A test
/// sees only how often they were applied.
const INVISIBLE: [&str; 8] = [
    "login",
    "post_stats_events",
    "get_physical_address",
    "upload_part",
    "upload_part_copy",
    "dump_refs",
    "create_symlink_file",
    "prepare_garbage_collection_commits",
];

/// What a case does on a server without faults.
pub(crate) struct Healthy {
    pub(crate) value: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Calls a case on a server without faults.
pub(crate) async fn run(lab: &Lab, case: &Case) -> Result<Healthy, String> {
    let prepared = lab.prepare(case).await?;
    prepared.world.server.clear_requests();
    let value = prepared.call(case).await.expect("the call ends");
    let value = value.map_err(|error| format!("{}: {error:?}", case.name))?;
    match prepared.applications(case) {
        1 => {}
        applications => return Err(format!("{}: applied {applications} times", case.name)),
    }
    let (before, after) = (prepared.before.clone(), prepared.world.state());
    Lab::clean_up(case, &prepared);
    Ok(Healthy { value, before, after })
}

pub(crate) fn is_visible(case: &Case) -> bool {
    case.emulated.is_empty()
        && case.effect != Effect::Read
        && !INVISIBLE.contains(&case.operation())
        && case.name != "prepare_garbage_collection_uncommitted"
}

#[test]
fn every_operation_has_a_case_and_every_case_an_operation() {
    let contract = Contract::new();
    let operations: BTreeSet<_> = contract.operations().map(str::to_owned).collect();
    let cases = cases::all();
    let covered: BTreeSet<String> = cases.iter().map(|case| case.operation().to_owned()).collect();
    assert_eq!(covered, operations);
    assert_eq!(operations.len(), 134);
    let mut names = BTreeMap::new();
    for case in &cases {
        *names.entry(case.name).or_insert(0) += 1;
    }
    names.retain(|_, count| *count > 1);
    assert!(names.is_empty(), "names of several cases: {names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_succeeds_once_on_a_server_without_faults() {
    let lab = Lab::new().await;
    let mut failures = Vec::new();
    for case in cases::all() {
        if let Err(failure) = check(&lab, &case).await {
            failures.push(failure);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

async fn check(lab: &Lab, case: &Case) -> Result<(), String> {
    let (first, second) = (run(lab, case).await?, run(lab, case).await?);
    let name = case.name;
    if (first.before != first.after) != is_visible(case) {
        return Err(format!(
            "{name}: changes nothing visible, or not only that\n{}\n{}",
            first.before, first.after
        ));
    }
    if first.after != second.after {
        return Err(format!("{name}: the state differs between runs\n{}\n{}", first.after, second.after));
    }
    if case.effect != Effect::Read && first.value != second.value {
        return Err(format!("{name}: the value differs between runs\n{}\n{}", first.value, second.value));
    }
    Ok(())
}
