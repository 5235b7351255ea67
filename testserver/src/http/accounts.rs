//! The user, as a server with basic authentication knows it: there is one, and it may do everything.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use serde::{Deserialize, Serialize};

use super::auth::{Account, COOKIE_NAME};
use super::call::Call;
use super::dates;
use super::reply::{Failure, Outcome, ok, set};
use super::wire::List;
use crate::model::{Error, ErrorKind, Page};

const COOKIE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(Debug, Default, Serialize)]
struct User<'a> {
    creation_date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_name: Option<&'a str>,
    id: &'a str,
}

impl<'a> User<'a> {
    fn known(account: &'a Account) -> Self {
        Self {
            creation_date: account.created.seconds,
            email: Some(""),
            friendly_name: Some(""),
            id: &account.user,
        }
    }
}

/// Nobody is a user too, without a name.
pub(crate) fn current_user(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct CurrentUser<'a> {
        user: User<'a>,
    }
    let account = call.app.auth.account().filter(|_| call.user.is_some());
    let user = account.map_or_else(User::default, User::known);
    ok(&CurrentUser { user })
}

pub(crate) fn login(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    struct Body {
        access_key_id: String,
        secret_access_key: String,
    }
    #[derive(Serialize)]
    struct Token<'a> {
        token: &'a str,
        token_expiration: i64,
    }
    let body: Body = call.body("Login")?;
    let auth = &call.app.auth;
    if !auth.knows(&body.access_key_id, &body.secret_access_key) {
        return Err(Failure::unauthenticated());
    }
    let (token, token_expiration) = auth.issue();
    let mut reply = ok(&Token { token: &token, token_expiration })?;
    let cookie = format!(
        "{COOKIE_NAME}={token}; Path=/; Expires={}; Max-Age={}; HttpOnly; SameSite=Lax",
        dates::http_in(COOKIE_LIFETIME),
        COOKIE_LIFETIME.as_secs()
    );
    set(&mut reply, SET_COOKIE, &cookie);
    Ok(reply)
}

pub(crate) fn list_users(call: &Call<'_>) -> Outcome {
    let users = call.app.auth.account().into_iter().map(User::known);
    let mut list = List::new(Page { results: users.collect(), has_more: false }, |user| user.id);
    list.pagination.max_per_page = 0;
    ok(&list)
}

pub(crate) fn create_user(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    struct Body {
        id: String,
        invite_user: Option<bool>,
    }
    let body: Body = call.body("CreateUser")?;
    if body.invite_user == Some(true) {
        return Err(match body.id.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => Failure::not_implemented(),
            _ => Failure::new(StatusCode::BAD_REQUEST, "Invalid email format"),
        });
    }
    Err(Failure::new(StatusCode::CONFLICT, "Already exists"))
}

pub(crate) fn get_user(call: &Call<'_>) -> Outcome {
    ok(&User::known(known_user(call)?))
}

pub(crate) fn delete_user(call: &Call<'_>) -> Outcome {
    known_user(call)?;
    Err(Failure::not_implemented())
}

pub(crate) fn create_credentials(call: &Call<'_>) -> Outcome {
    known_user(call).map_err(|_| Failure::from(Error::from(ErrorKind::NotFound)))?;
    let message = "exceeded number of allowed credentials: invalid request";
    Err(Failure::new(StatusCode::BAD_REQUEST, message))
}

pub(crate) fn delete_credentials(_: &Call<'_>) -> Outcome {
    Err(Failure::not_implemented())
}

pub(crate) fn list_credentials(_: &Call<'_>) -> Outcome {
    Err(Failure::not_implemented())
}

pub(crate) fn get_credentials(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct Credentials<'a> {
        access_key_id: &'a str,
        creation_date: i64,
    }
    let keys = call.app.auth.keys();
    let key = keys.iter().find(|key| key.id == call.segment("accessKeyId"));
    let key = key.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "credentials not found"))?;
    ok(&Credentials { access_key_id: &key.id, creation_date: key.created.seconds })
}

fn known_user<'a>(call: &Call<'a>) -> Result<&'a Account, Failure> {
    let account = call.app.auth.account().filter(|account| account.user == call.segment("userId"));
    account.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "user not found"))
}
