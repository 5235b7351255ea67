//! The server itself: health, configuration, setup, statistics.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use axum::http::header::SERVER;
use serde::{Deserialize, Serialize};
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

pub(crate) fn config(call: &Call<'_>) -> Outcome {
    named(ok(&json!({
        "capabilities_config": {},
        "storage_config": storage_config(call),
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

pub(crate) fn storage(call: &Call<'_>) -> Outcome {
    ok(&storage_config(call))
}

pub(crate) fn garbage_collection(_: &Call<'_>) -> Outcome {
    const DAY: u32 = 24 * 60 * 60;
    ok(&json!({ "grace_period": DAY }))
}

fn version_config() -> Value {
    json!({ "version": VERSION, "version_context": "lakeFS" })
}

fn storage_config(call: &Call<'_>) -> Value {
    let signs = call.app.storage.is_some();
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
        "pre_sign_multipart_upload": signs,
        "pre_sign_support": signs,
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
        "state": if call.app.auth.account().is_some() { "initialized" } else { "not_initialized" },
    }))
}

pub(crate) fn set_up(call: &Call<'_>) -> Outcome {
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
        return Err(Failure::new(StatusCode::BAD_REQUEST, "empty user display name"));
    }
    let set_up = || Failure::new(StatusCode::CONFLICT, "lakeFS already initialized");
    if call.app.auth.account().is_some() {
        return Err(set_up());
    }
    let email = body.email.filter(|email| !email.is_empty());
    email.as_deref().map_or(Ok(()), check_email)?;
    let key = body.key.map(|key| (key.access_key_id, key.secret_access_key));
    let key = call.app.auth.set_up(body.username, key).ok_or_else(set_up)?;
    call.app.preferences.store(email.is_some(), Ordering::Relaxed);
    ok(&Credentials {
        access_key_id: key.id,
        creation_date: key.created.seconds,
        secret_access_key: key.secret,
    })
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
    if call.app.preferences.load(Ordering::Relaxed) {
        return Err(Failure::new(StatusCode::CONFLICT, "communication preferences already set"));
    }
    if call.app.auth.account().is_none() {
        return Err(Failure::new(StatusCode::PRECONDITION_FAILED, "lakeFS is not initialized"));
    }
    let email = body.email.unwrap_or_default();
    if email.is_empty() {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "email is required"));
    }
    check_email(&email)?;
    call.app.preferences.store(true, Ordering::Relaxed);
    Ok(empty(StatusCode::OK))
}

/// Looks at the form alone, where a real server looks for the host as well.
fn check_email(email: &str) -> Result<(), Failure> {
    match email.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') => Ok(()),
        _ => Err(Failure::new(StatusCode::BAD_REQUEST, "invalid email address")),
    }
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
