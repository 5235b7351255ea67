//! The matrix: every case under every fault.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::case::{Case, Effect};
use crate::cases;
use crate::endpoint::RefusingEndpoint;
use crate::expectation::{Expectation, expectation};
use crate::fault::{Action, FAULTS, Fault, REFUSAL};
use crate::healthy::{self, Healthy};
use crate::lab::{Lab, builder, is_of};
use crate::observation::{Observation, Violation};

/// How many pairs run at the same time. Most of them wait for timeouts.
const WORKERS: usize = 48;

/// A pair, and whether the fault applies to all attempts instead of the first one.
struct Pair {
    case: Arc<(Case, Healthy)>,
    fault: &'static Fault,
    persistent: bool,
}

/// A pair whose outcome is not as it should be.
struct Finding {
    pair: usize,
    case: &'static str,
    fault: String,
    violation: Violation,
    expected: Expectation,
    observation: Observation,
}

impl Finding {
    /// Whether the machine may have been too slow for the client's timeout. The pair is then run again, alone.
    fn may_be_overload(&self) -> bool {
        self.observation.is_timeout()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, fault, violation, expected, observation, .. } = self;
        let mut permitted = Vec::new();
        permitted.extend(expected.success.then_some("success".to_owned()));
        permitted.extend(expected.unknown.then(|| format!("unknown {:?}", expected.kinds)));
        permitted.extend(expected.certain.then(|| format!("certain {:?}", expected.kinds)));
        write!(f, "{violation:?} | {case} | {fault} | {} | {observation}", permitted.join(" or "))
    }
}

/// `MATRIX_ONLY` restricts the matrix to the cases whose names contain it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_has_a_true_outcome_under_every_fault() {
    let start = Instant::now();
    let (pairs, cases) = pairs().await;
    let pairs = Arc::new(pairs);
    let (next, findings) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (pairs, next, findings) = (Arc::clone(&pairs), Arc::clone(&next), Arc::clone(&findings));
            tokio::spawn(async move {
                let lab = Lab::new().await;
                loop {
                    let pair = next.fetch_add(1, Ordering::Relaxed);
                    if pair >= pairs.len() {
                        break;
                    }
                    if let Some(finding) = check(&lab, &pairs, pair).await {
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
    let overloaded: Vec<_> = findings.extract_if(.., |finding| finding.may_be_overload()).collect();
    let lab = Lab::new().await;
    for finding in overloaded {
        findings.extend(check(&lab, &pairs, finding.pair).await);
    }
    findings.sort_by_key(|finding| (finding.violation, finding.case));
    report(pairs.len(), cases, &findings, start.elapsed());
}

/// Returns all pairs, and the number of cases.
async fn pairs() -> (Vec<Pair>, usize) {
    let only = std::env::var("MATRIX_ONLY").unwrap_or_default();
    let lab = Lab::new().await;
    let (mut pairs, mut cases) = (Vec::new(), 0);
    for case in cases::all().into_iter().filter(|case| case.name.contains(&only)) {
        let healthy = healthy::run(&lab, &case).await.unwrap();
        let case = Arc::new((case, healthy));
        cases += 1;
        for fault in FAULTS.iter().filter(|fault| fault.is_possible(&case.0)) {
            pairs.push(Pair { case: Arc::clone(&case), fault, persistent: false });
            if fault.persistent_too {
                pairs.push(Pair { case: Arc::clone(&case), fault, persistent: true });
            }
        }
    }
    (pairs, cases)
}

fn report(pairs: usize, cases: usize, findings: &[Finding], elapsed: Duration) {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.violation).or_insert(0) += 1;
    }
    let count = |violation| counts.get(&violation).copied().unwrap_or_default();
    let summary = format!(
        "{pairs} pairs of {cases} calls of 134 operations in {elapsed:.0?}: {} applied twice, {} lost, {} falsely \
         certain, {} hung, {} not permitted",
        count(Violation::Twice),
        count(Violation::Lost),
        count(Violation::FalselyCertain),
        count(Violation::Hung),
        count(Violation::NotPermitted),
    );
    eprintln!("{summary}");
    let table: Vec<_> = findings.iter().map(ToString::to_string).collect();
    let head = "violation | call | fault | permitted | seen";
    assert!(findings.is_empty(), "{summary}\n{head}\n{}", table.join("\n"));
}

async fn check(lab: &Lab, pairs: &[Pair], pair: usize) -> Option<Finding> {
    let Pair { case, fault, persistent } = &pairs[pair];
    let (case, healthy) = &**case;
    let prepared = lab.prepare(case).await.unwrap();
    let server = lab.server();
    // A read is compared with another one on the same repository.
    let value = match case.effect {
        Effect::Read => prepared.call(case).await.unwrap().unwrap(),
        _ => healthy.value.clone(),
    };
    server.clear_requests();
    let outcome = if fault.action == Action::Refused {
        let endpoint = RefusingEndpoint::new();
        let client = builder(server, &endpoint.url()).build().unwrap();
        let (_closed, _open) = match persistent {
            true => (Some(endpoint), None),
            false => (None, Some(endpoint.open_after(REFUSAL, server.local_addr()))),
        };
        prepared.call_with(case, client).await
    } else {
        let repository = prepared.world.repository.clone();
        let plan = server.faults().on(case.operation()).when(move |path| is_of(path, &repository));
        fault.plan(if *persistent { plan.always() } else { plan });
        prepared.call_with(case, lab.impatient().clone()).await
    };
    server.faults().clear();
    let (applications, after) = (prepared.applications(case), prepared.world.state());
    Lab::clean_up(case, &prepared);
    let observation = Observation { outcome, applications, before: prepared.before, after };
    let expected = expectation(case, fault, *persistent);
    let violation = observation.violation(case, healthy, &value, expected)?;
    let fault = format!("{}{}", fault.name, if *persistent { ", always" } else { "" });
    Some(Finding { pair, case: case.name, fault, violation, expected, observation })
}
