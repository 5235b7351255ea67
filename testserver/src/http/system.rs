//! The server itself: health, configuration, setup, statistics.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use axum::http::header::SERVER;
use serde::Deserialize;
use serde_json::{Value, json};

use super::BLOCKSTORE;
use super::auth::COOKIE_NAME;
use super::call::Call;
use super::reply::{Failure, Outcome, empty, no_content, ok, set};

/// The version whose behaviour this server follows.
const VERSION: &str = "1.84.0";
/// What tells this server from a real one: a header, since clients read meaning into all that the body has.
const SERVER_NAME: &str = concat!("lakefs-testserver/", env!("CARGO_PKG_VERSION"));

pub(crate) fn health(_: &Call<'_>) -> Outcome {
    no_content()
}

pub(crate) fn config(_: &Call<'_>) -> Outcome {
    named(ok(&json!({
        "capabilities_config": {},
        "storage_config": storage_config(),
        "storage_config_list": [],
        "ui_config": {},
        "version_config": version_config(),
    })))
}

pub(crate) fn version(_: &Call<'_>) -> Outcome {
    named(ok(&version_config()))
}

fn named(outcome: Outcome) -> Outcome {
    let mut reply = outcome?;
    set(&mut reply, SERVER, SERVER_NAME);
    Ok(reply)
}

pub(crate) fn storage(_: &Call<'_>) -> Outcome {
    ok(&storage_config())
}

pub(crate) fn garbage_collection(_: &Call<'_>) -> Outcome {
    const DAY: u32 = 24 * 60 * 60;
    ok(&json!({ "grace_period": DAY }))
}

fn version_config() -> Value {
    json!({ "version": VERSION, "version_context": "lakeFS" })
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

pub(crate) fn setup_state(call: &Call<'_>) -> Outcome {
    ok(&json!({
        "comm_prefs_missing": !call.app.preferences.load(Ordering::Relaxed),
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
#[expect(clippy::unnecessary_wraps, reason = "it is a handler like others")]
pub(crate) fn oidc_callback(_: &Call<'_>) -> Outcome {
    Ok(empty(StatusCode::OK))
}

pub(crate) fn set_up_preferences(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    struct Body {
        email: Option<String>,
    }
    let body: Body = call.body("SetupCommPrefs")?;
    let email = body.email.unwrap_or_default();
    let wrong = match email.split_once('@') {
        _ if email.is_empty() => "email is required",
        Some((name, host)) if !name.is_empty() && host.contains('.') => {
            call.app.preferences.store(true, Ordering::Relaxed);
            return Ok(empty(StatusCode::OK));
        }
        _ => "invalid email address",
    };
    Err(Failure::new(StatusCode::BAD_REQUEST, wrong))
}

pub(crate) fn auth_capabilities(_: &Call<'_>) -> Outcome {
    ok(&json!({ "invite_user": false }))
}

/// Takes events and forgets them.
pub(crate) fn statistics(call: &Call<'_>) -> Outcome {
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
        let wrong = match event {
            Event { class, .. } if class.is_empty() => "class is required",
            Event { name, .. } if name.is_empty() => "name is required",
            Event { count, .. } if count < 0 => "count must be a non-negative integer",
            Event { .. } => continue,
        };
        return Err(Failure::new(StatusCode::BAD_REQUEST, format!("invalid value: {wrong}")));
    }
    no_content()
}

pub(crate) fn usage(call: &Call<'_>) -> Outcome {
    ok(&json!({ "installation_id": call.app.instance.to_string(), "reports": [] }))
}
