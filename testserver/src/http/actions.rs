//! Runs of actions. There are none: this server runs no hooks.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::reply::{Failure, Outcome, ok};
use super::wire::List;

pub(crate) fn list_runs(call: &Call<'_>) -> Outcome {
    call.lake().repository(call.repository())?;
    if !call.text("branch").is_empty() && !call.text("commit").is_empty() {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "can't use both branchID and MergedCommitID: parameters conflict",
        ));
    }
    ok(&List::<Value>::empty())
}

pub(crate) fn run(call: &Call<'_>) -> Outcome {
    let key = format!("runs/{}: not found", call.segment("run_id"));
    Err(missing(call, &key)?)
}

pub(crate) fn list_hooks(call: &Call<'_>) -> Outcome {
    call.lake().repository(call.repository())?;
    ok(&List::<Value>::empty())
}

pub(crate) fn output(call: &Call<'_>) -> Outcome {
    let key = format!("tasks/{}/{}", call.segment("run_id"), call.segment("hook_run_id"));
    Err(missing(call, &key)?)
}

fn missing(call: &Call<'_>, key: &str) -> Result<Failure, Failure> {
    let repository = call.repository();
    call.lake().repository(repository)?;
    let message = format!("partition=actions, key=repos/{repository}/{key}: not found");
    Ok(Failure::new(StatusCode::NOT_FOUND, message))
}
