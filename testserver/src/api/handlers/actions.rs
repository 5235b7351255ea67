//! Action runs. There are none, because this server runs no hooks.

use axum::http::StatusCode;
use serde_json::Value;

use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, ok};
use crate::api::wire::List;

pub(crate) fn list_runs(call: &Call<'_>) -> ApiResult {
    call.catalog().repository(call.repository())?;
    if !call.text("branch").is_empty() && !call.text("commit").is_empty() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "can't use both branchID and MergedCommitID: parameters conflict",
        ));
    }
    ok(&List::<Value>::empty())
}

pub(crate) fn get_run(call: &Call<'_>) -> ApiResult {
    let key = format!("runs/{}: not found", call.path_parameter("run_id"));
    Err(not_found(call, &key)?)
}

pub(crate) fn list_hooks(call: &Call<'_>) -> ApiResult {
    call.catalog().repository(call.repository())?;
    ok(&List::<Value>::empty())
}

pub(crate) fn get_output(call: &Call<'_>) -> ApiResult {
    let key = format!("tasks/{}/{}", call.path_parameter("run_id"), call.path_parameter("hook_run_id"));
    Err(not_found(call, &key)?)
}

fn not_found(call: &Call<'_>, key: &str) -> Result<ApiError, ApiError> {
    let repository = call.repository();
    call.catalog().repository(repository)?;
    let message = format!("partition=actions, key=repos/{repository}/{key}: not found");
    Ok(ApiError::new(StatusCode::NOT_FOUND, message))
}
