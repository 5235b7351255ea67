//! The matrix: every case under every fault.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lakefs::Error;

use crate::case::{Case, Effect};
use crate::cases;
use crate::endpoint::RefusingEndpoint;
use crate::expectation::{Expectation, expectation};
use crate::fault::{Action, FAULTS, Fault, REFUSAL};
use crate::healthy::{self, Healthy, is_visible};
use crate::lab::{Lab, builder, is_of};

/// How many pairs run at the same time. Most of them wait for timeouts.
const WORKERS: usize = 48;

/// What is wrong with the outcome of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fall {
    /// The request took effect more than once, or the state is neither that before nor that after.
    Twice,
    /// The call succeeded without effect, or with a wrong value.
    Lost,
    /// The call failed for certain, although it took effect.
    FalselyCertain,
    /// The call did not end.
    Hung,
    /// The outcome is true, and not permitted.
    NotPermitted,
}

/// The outcome of a pair that is not as it should be.
struct Finding {
    case: &'static str,
    fault: String,
    fall: Fall,
    expected: Expectation,
    seen: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, fault, fall, expected, seen } = self;
        let mut permitted = Vec::new();
        permitted.extend(expected.success.then_some("success"));
        permitted.extend(expected.unknown.then_some("unknown"));
        permitted.extend(expected.certain.then_some("certain failure"));
        let kinds = if expected.kinds.is_empty() { String::new() } else { format!(" {:?}", expected.kinds) };
        write!(f, "{fall:?} | {case} | {fault} | {}{kinds} | {seen}", permitted.join(" or "))
    }
}

/// A pair, and whether the fault applies to all attempts instead of the first one.
struct Pair<'a> {
    case: &'a Case,
    healthy: &'a Healthy,
    fault: &'static Fault,
    persistent: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_has_a_true_outcome_under_every_fault() {
    let start = Instant::now();
    let only = std::env::var("MATRIX_ONLY").unwrap_or_default();
    let lab = Lab::new().await;
    let mut cases = Vec::new();
    for case in cases::all().into_iter().filter(|case| case.name.contains(&only)) {
        let healthy = healthy::run(&lab, &case).await.unwrap();
        cases.push((case, healthy));
    }
    let cases: &'static [(Case, Healthy)] = cases.leak();
    let mut pairs = Vec::new();
    for (case, healthy) in cases {
        for fault in FAULTS.iter().filter(|fault| fault.is_possible(case)) {
            pairs.push(Pair { case, healthy, fault, persistent: false });
            if fault.persistent_too {
                pairs.push(Pair { case, healthy, fault, persistent: true });
            }
        }
    }
    let (next, findings) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (pairs, count) = (Arc::new(pairs), cases.len());
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (pairs, next, findings) = (Arc::clone(&pairs), Arc::clone(&next), Arc::clone(&findings));
            tokio::spawn(async move {
                let lab = Lab::new().await;
                while let Some(pair) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(finding) = check(&lab, pair).await {
                        findings.lock().unwrap().push(finding);
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let mut findings = std::mem::take(&mut *findings.lock().unwrap());
    findings.sort_by_key(|finding| (finding.fall, finding.case));
    report(pairs.len(), count, &findings, start.elapsed());
}

fn report(pairs: usize, cases: usize, findings: &[Finding], elapsed: Duration) {
    let mut falls = BTreeMap::new();
    for finding in findings {
        *falls.entry(finding.fall).or_insert(0) += 1;
    }
    let count = |fall| falls.get(&fall).copied().unwrap_or_default();
    let summary = format!(
        "{pairs} pairs of {cases} calls of 134 operations in {elapsed:.0?}: {} applied twice, {} lost, {} falsely certain, {} hung, {} not permitted",
        count(Fall::Twice),
        count(Fall::Lost),
        count(Fall::FalselyCertain),
        count(Fall::Hung),
        count(Fall::NotPermitted),
    );
    eprintln!("{summary}");
    let table: Vec<_> = findings.iter().map(|finding| finding.to_string()).collect();
    let head = "fall | call | fault | permitted | seen";
    assert!(findings.is_empty(), "{summary}\n{head}\n{}", table.join("\n"));
}

async fn check(lab: &Lab, pair: &Pair<'_>) -> Option<Finding> {
    let Pair { case, healthy, fault, persistent } = *pair;
    let mut prepared = lab.prepare(case).await.unwrap();
    let server = Arc::clone(&prepared.world.server);
    // A read is compared with another one on the same repository.
    let value = match case.effect {
        Effect::Read => prepared.call(case).await.unwrap().unwrap(),
        _ => healthy.value.clone(),
    };
    server.clear_requests();
    let outcome = if fault.action == Action::Refused {
        let endpoint = RefusingEndpoint::new();
        let client = builder(&server, &endpoint.url()).build().unwrap();
        let address = server.local_addr();
        let (_forward, _closed) = match persistent {
            false => (Some(endpoint.open_after(REFUSAL, address)), None),
            true => (None, Some(endpoint)),
        };
        prepared.call_with(case, client).await
    } else {
        let repository = prepared.world.repository.clone();
        let plan = server.faults().on(case.operation()).when(move |path| is_of(path, &repository));
        fault.plan(if persistent { plan.always() } else { plan });
        prepared.call(case).await
    };
    server.faults().clear();
    let (applications, state) = (prepared.applications(case), prepared.world.state());
    Lab::clean_up(case, &prepared);
    let expected = expectation(case, fault, persistent);
    let fall = fall(case, &outcome, &value, applications, &state, healthy, &prepared.before, expected)?;
    let seen = format!("{}; applied {applications} times, {}", described(outcome.as_ref()), {
        if state == healthy.after {
            "the state is that after one"
        } else if state == prepared.before {
            "the state is that before"
        } else {
            "another state"
        }
    });
    prepared.before.clear();
    let fault = format!("{}{}", fault.name, if persistent { ", always" } else { "" });
    Some(Finding { case: case.name, fault, fall, expected, seen })
}

fn described(outcome: Option<&lakefs::Result<String>>) -> String {
    match outcome {
        None => "no end".to_owned(),
        Some(Ok(value)) => format!("Ok({})", value.chars().take(60).collect::<String>()),
        Some(Err(error)) => {
            let outcome = if error.is_outcome_unknown() { "unknown" } else { "certain" };
            format!("{:?}, {outcome}: {error}", error.kind())
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "all that is known of a pair")]
fn fall(
    case: &Case,
    outcome: &Option<lakefs::Result<String>>,
    value: &str,
    applications: usize,
    state: &str,
    healthy: &Healthy,
    before: &str,
    expected: Expectation,
) -> Option<Fall> {
    let is_applied = if is_visible(case) { state == healthy.after } else { applications > 0 };
    let is_mutation = matches!(case.effect, Effect::Delete | Effect::Checked | Effect::Once);
    if (is_mutation && applications > 1) || (state != healthy.after && state != before && is_visible(case)) {
        return Some(Fall::Twice);
    }
    let Some(outcome) = outcome else { return Some(Fall::Hung) };
    match outcome {
        Ok(seen)
            if (seen != value && !expected.any_value) || !(is_applied || case.effect == Effect::Read) =>
        {
            Some(Fall::Lost)
        }
        Ok(_) => (!expected.success).then_some(Fall::NotPermitted),
        Err(error) if is_mutation && is_applied && !error.is_outcome_unknown() => Some(Fall::FalselyCertain),
        Err(error) => (!is_permitted(error, expected)).then_some(Fall::NotPermitted),
    }
}

fn is_permitted(error: &Error, expected: Expectation) -> bool {
    let certainty = if error.is_outcome_unknown() { expected.unknown } else { expected.certain };
    certainty && (expected.kinds.is_empty() || expected.kinds.contains(&error.kind()))
}
