//! Another writer between a request whose response is lost and what the client does next: the work of that writer stays,
//! and the outcome is true.

use std::time::Duration;

use lakefs::{Error, Result};

use crate::case::Step;
use crate::cases;
use crate::lab::{Lab, Prepared, RECONCILE_TIMEOUT, builder, retries};
use crate::world::World;

/// How long the server takes for a second request, so that the other writer is in between.
const SECOND_REQUEST: Duration = Duration::from_millis(300);
const DEADLINE: Duration = Duration::from_secs(20);

/// What the other writer does, and what of it must be there afterwards.
struct OtherWriter {
    case: &'static str,
    write: fn(World) -> Step,
    /// A part of the state of the server.
    remains: &'static str,
    /// Whether the client can find out that its request was applied.
    is_recognisable: bool,
}

fn writers() -> Vec<OtherWriter> {
    let writer = |case, write, remains| OtherWriter { case, write, remains, is_recognisable: false };
    let recognisable = |case, write, remains| OtherWriter { case, write, remains, is_recognisable: true };
    vec![
        writer("hard_reset_branch", commits, "branch main at (\"other\""),
        writer("hard_reset_branch (main~1)", commits, "branch main at (\"other\""),
        writer("reset_branch", stages, "branch main uncommitted \"b/other\""),
        writer("reset_branch (prefix)", stages, "branch main uncommitted \"b/other\""),
        writer("delete_branch", creates_exp, "branch exp at"),
        writer("delete_tag", creates_tag, "tag v1 at"),
        recognisable("create_branch", commits, "branch main at (\"other\""),
        recognisable("create_branch (exist_ok)", commits, "branch main at (\"other\""),
        recognisable("create_tag", commits, "branch main at (\"other\""),
        recognisable("create_tag (exist_ok)", commits, "branch main at (\"other\""),
        recognisable("commit", commits, "branch main at (\"other\""),
        writer("commit (allow_empty)", commits, "branch main at (\"other\""),
        recognisable("merge_into_branch", commits, "branch main at (\"other\""),
        writer("merge_into_branch (squash)", commits, "branch main at (\"other\""),
        writer("cherry_pick", commits, "branch main at (\"other\""),
        recognisable("revert_branch", commits, "branch main at (\"other\""),
        writer("merge_pull_request", commits, "branch main at (\"other\""),
    ]
}

fn commits(w: World) -> Step {
    Box::pin(async move {
        w.main().object("other").upload("other").await?;
        Ok(w.main().commit("other").await?.id)
    })
}

fn stages(w: World) -> Step {
    Box::pin(async move { Ok(w.main().object("b/other").upload("other").await?.path) })
}

fn creates_exp(w: World) -> Step {
    Box::pin(async move { Ok(w.exp().create("main").await?.commit_id) })
}

fn creates_tag(w: World) -> Step {
    Box::pin(async move { Ok(w.repository().tag("v1").create("main").await?.commit_id) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_of_another_writer_stays_when_a_response_is_lost() {
    let lab = Lab::new().await;
    let mut failures = Vec::new();
    for writer in writers() {
        if let Err(failure) = tokio::time::timeout(DEADLINE, check(&lab, &writer)).await.unwrap() {
            failures.push(format!("{}: {failure}", writer.case));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

async fn check(lab: &Lab, writer: &OtherWriter) -> Result<(), String> {
    let case = cases::all().into_iter().find(|case| case.name == writer.case).unwrap();
    let prepared = lab.prepare(&case).await?;
    let server = lab.server();
    server.clear_requests();
    server.faults().on(case.operation()).drop_response();
    if case.operation() != "commit" {
        // The other writers commit, too.
        server.faults().on(case.operation()).delay(SECOND_REQUEST).proceed();
    }
    // The other writer needs some time. The client waits for the end of the check only where it recognises nothing.
    let reconcile = if writer.is_recognisable { DEADLINE / 2 } else { RECONCILE_TIMEOUT };
    let client = builder(server, server.endpoint()).retries(retries().reconcile_timeout(reconcile));
    let (outcome, other) = tokio::join!(
        prepared.call_with(&case, client.build().unwrap()),
        other_writer(&prepared, writer, case.operation())
    );
    Lab::clean_up(&case, &prepared);
    other.map_err(|error| format!("the other writer fails: {error}"))?;
    let (state, applications) = (prepared.world.state(), prepared.applications(&case));
    let outcome = outcome.ok_or("no end")?;
    let seen = match &outcome {
        Ok(_) => "success".to_owned(),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    // The other writer may have used the operation as well.
    let by_other = usize::from(case.operation() == "commit");
    match outcome {
        _ if !state.contains(writer.remains) => {
            Err(format!("the work of the other writer is lost; {seen}\n{state}"))
        }
        _ if applications > 1 + by_other => Err(format!("applied {} times; {seen}", applications - by_other)),
        Err(error) if !error.is_outcome_unknown() => Err(format!("falsely certain; {seen}")),
        Err(_) if writer.is_recognisable => Err(format!("not recognised; {seen}")),
        _ => Ok(()),
    }
}

/// Writes as soon as the server has applied the first request.
async fn other_writer(prepared: &Prepared, writer: &OtherWriter, operation: &str) -> Result<String, Error> {
    let is_applied = || {
        let requests = prepared.world.server.requests_for(operation);
        requests.iter().any(|request| request.handled_status.is_some())
    };
    while !is_applied() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (writer.write)(prepared.world.clone()).await
}
