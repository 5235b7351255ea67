//! The server itself: health, configuration, setup, statistics.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::BLOCKSTORE;
use super::auth::COOKIE_NAME;
use super::call::Call;
use super::reply::{Failure, Outcome, empty, no_content, ok};

/// The version whose behaviour this server follows.
const VERSION: &str = "1.84.0";
/// Where the real server says `lakeFS`.
const VERSION_CONTEXT: &str = "lakeFS test server";

pub(crate) fn health(_: &Call<'_>) -> Outcome {
    no_content()
}

pub(crate) fn config(_: &Call<'_>) -> Outcome {
    ok(&json!({
        "capabilities_config": {},
        "storage_config": storage_config(),
        "storage_config_list": [],
        "ui_config": {},
        "version_config": version_config(),
    }))
}

pub(crate) fn version(_: &Call<'_>) -> Outcome {
    ok(&version_config())
}

pub(crate) fn storage(_: &Call<'_>) -> Outcome {
    ok(&storage_config())
}

pub(crate) fn garbage_collection(_: &Call<'_>) -> Outcome {
    const SIX_HOURS: u32 = 6 * 60 * 60;
    ok(&json!({ "grace_period": SIX_HOURS }))
}

fn version_config() -> Value {
    json!({ "version": VERSION, "version_context": VERSION_CONTEXT })
}

fn storage_config() -> Value {
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
        "pre_sign_multipart_upload": false,
        "pre_sign_support": false,
        "pre_sign_support_ui": false,
    })
}

pub(crate) fn setup_state(_: &Call<'_>) -> Outcome {
    ok(&json!({
        "comm_prefs_missing": false,
        "login_config": {
            "RBAC": "none",
            "login_cookie_names": [COOKIE_NAME],
            "login_failed_message": "The credentials don't match.",
            "login_url": "",
            "login_url_method": "none",
            "logout_url": "",
        },
        "state": "initialized",
    }))
}

/// The server is set up from the start.
pub(crate) fn set_up(_: &Call<'_>) -> Outcome {
    Err(Failure::new(StatusCode::CONFLICT, "lakeFS already initialized"))
}

/// Without a provider of identities there is nothing to come back from.
pub(crate) fn oidc_callback(_: &Call<'_>) -> Outcome {
    Ok(empty(StatusCode::OK))
}

pub(crate) fn set_up_preferences(_: &Call<'_>) -> Outcome {
    Ok(empty(StatusCode::OK))
}

pub(crate) fn auth_capabilities(_: &Call<'_>) -> Outcome {
    ok(&json!({ "invite_user": false }))
}

pub(crate) fn statistics(_: &Call<'_>) -> Outcome {
    no_content()
}

pub(crate) fn usage(call: &Call<'_>) -> Outcome {
    ok(&json!({ "installation_id": call.app.instance.to_string(), "reports": [] }))
}
