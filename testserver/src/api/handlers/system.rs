//! The server itself: health, configuration, setup, statistics.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use axum::http::header::SERVER;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::auth::SESSION_COOKIE;
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, no_content, ok};
use crate::api::state::BLOCKSTORE;
use crate::http::{empty, set_header};

/// The lakeFS version whose behaviour this server implements.
const VERSION: &str = "1.84.0";
/// Distinguishes this server from a real one. It is a header because clients interpret every member of the
/// body.
const SERVER_NAME: &str = concat!("lakefs-testserver/", env!("CARGO_PKG_VERSION"));

pub(crate) fn health(_: &Call<'_>) -> ApiResult {
    no_content()
}

pub(crate) fn config(call: &Call<'_>) -> ApiResult {
    with_server_header(ok(&json!({
        "capabilities_config": {},
        "storage_config": storage_config(call),
        "storage_config_list": [],
        "ui_config": {},
        "version_config": version_config(),
    })))
}

pub(crate) fn version(_: &Call<'_>) -> ApiResult {
    with_server_header(ok(&version_config()))
}

fn with_server_header(result: ApiResult) -> ApiResult {
    let mut response = result?;
    set_header(&mut response, SERVER, SERVER_NAME);
    Ok(response)
}

pub(crate) fn storage(call: &Call<'_>) -> ApiResult {
    ok(&storage_config(call))
}

pub(crate) fn garbage_collection(_: &Call<'_>) -> ApiResult {
    const DAY: u32 = 24 * 60 * 60;
    ok(&json!({ "grace_period": DAY }))
}

fn version_config() -> Value {
    json!({ "version": VERSION, "version_context": "lakeFS" })
}

fn storage_config(call: &Call<'_>) -> Value {
    let presigns = call.state.storage.is_some();
    let scheme = format!("^{BLOCKSTORE}://");
    json!({
        "blockstore_description": "",
        "blockstore_id": "",
        "blockstore_namespace_ValidityRegex": scheme,
        "blockstore_namespace_example": format!("{BLOCKSTORE}://example-bucket/"),
        "blockstore_type": BLOCKSTORE,
        "default_namespace_prefix": "",
        "import_support": false,
        "import_validity_regex": scheme,
        "pre_sign_multipart_upload": presigns,
        "pre_sign_support": presigns,
        "pre_sign_support_ui": false,
    })
}

pub(crate) fn setup_state(call: &Call<'_>) -> ApiResult {
    ok(&json!({
        "comm_prefs_missing": !call.state.has_comm_prefs.load(Ordering::Relaxed),
        "login_config": {
            "RBAC": "none",
            "login_cookie_names": [SESSION_COOKIE],
            "login_failed_message": "The credentials don't match.",
            "login_url": "",
            "login_url_method": "none",
            "logout_url": "",
        },
        "state": if call.state.auth.account().is_some() { "initialized" } else { "not_initialized" },
    }))
}

pub(crate) fn set_up(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        username: String,
        key: Option<Key>,
        email: Option<String>,
    }
    #[derive(Deserialize)]
    struct Key {
        access_key_id: String,
        secret_access_key: String,
    }
    #[derive(Serialize)]
    struct Credentials {
        access_key_id: String,
        creation_date: i64,
        secret_access_key: String,
    }
    let body: Body = call.body("Setup")?;
    if body.username.is_empty() {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "empty user display name"));
    }
    let already_set_up = || ApiError::new(StatusCode::CONFLICT, "lakeFS already initialized");
    if call.state.auth.account().is_some() {
        return Err(already_set_up());
    }
    let email = body.email.filter(|email| !email.is_empty());
    email.as_deref().map_or(Ok(()), check_email)?;
    let key = body.key.map(|key| (key.access_key_id, key.secret_access_key));
    let key = call.state.auth.set_up(body.username, key).ok_or_else(already_set_up)?;
    call.state.has_comm_prefs.store(email.is_some(), Ordering::Relaxed);
    ok(&Credentials {
        access_key_id: key.id,
        creation_date: key.created.seconds,
        secret_access_key: key.secret,
    })
}

/// Does nothing, because no identity provider is configured.
#[expect(clippy::unnecessary_wraps, reason = "handlers return a result")]
pub(crate) fn oidc_callback(_: &Call<'_>) -> ApiResult {
    Ok(empty(StatusCode::OK))
}

pub(crate) fn set_comm_prefs(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        email: Option<String>,
    }
    let body: Body = call.body("SetupCommPrefs")?;
    if call.state.has_comm_prefs.load(Ordering::Relaxed) {
        return Err(ApiError::new(StatusCode::CONFLICT, "communication preferences already set"));
    }
    if call.state.auth.account().is_none() {
        return Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "lakeFS is not initialized"));
    }
    let email = body.email.unwrap_or_default();
    if email.is_empty() {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "email is required"));
    }
    check_email(&email)?;
    call.state.has_comm_prefs.store(true, Ordering::Relaxed);
    Ok(empty(StatusCode::OK))
}

/// Checks the format. A real server also looks up the host.
fn check_email(email: &str) -> Result<(), ApiError> {
    match email.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') => Ok(()),
        _ => Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid email address")),
    }
}

pub(crate) fn auth_capabilities(_: &Call<'_>) -> ApiResult {
    ok(&json!({ "invite_user": false }))
}

/// Checks events and discards them.
pub(crate) fn statistics(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        events: Vec<Event>,
    }
    #[derive(Deserialize)]
    struct Event {
        class: String,
        name: String,
        count: i64,
    }
    let body: Body = call.body("PostStatsEvents")?;
    for event in body.events {
        let violation = match event {
            Event { class, .. } if class.is_empty() => "class is required",
            Event { name, .. } if name.is_empty() => "name is required",
            Event { count, .. } if count < 0 => "count must be a non-negative integer",
            Event { .. } => continue,
        };
        return Err(ApiError::new(StatusCode::BAD_REQUEST, format!("invalid value: {violation}")));
    }
    no_content()
}

pub(crate) fn usage(call: &Call<'_>) -> ApiResult {
    ok(&json!({ "installation_id": call.state.installation_id.to_string(), "reports": [] }))
}
