//! Users and credentials. With basic authentication there is one user, which may do everything.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use serde::{Deserialize, Serialize};

use crate::api::auth::{Account, SESSION_COOKIE};
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, ok};
use crate::api::wire::List;
use crate::http::{http_date_after, set_header};
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
    fn from_account(account: &'a Account) -> Self {
        Self {
            creation_date: account.created.seconds,
            email: Some(""),
            friendly_name: Some(""),
            id: &account.user,
        }
    }
}

/// Responds with an empty user to a request without credentials.
pub(crate) fn current_user(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct CurrentUser<'a> {
        user: User<'a>,
    }
    let account = call.state.auth.account().filter(|_| call.user.is_some());
    let user = account.map_or_else(User::default, User::from_account);
    ok(&CurrentUser { user })
}

pub(crate) fn login(call: &Call<'_>) -> ApiResult {
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
    let auth = &call.state.auth;
    if !auth.is_valid_key(&body.access_key_id, &body.secret_access_key) {
        return Err(ApiError::unauthenticated());
    }
    let (token, token_expiration) = auth.issue_token();
    let mut response = ok(&Token { token: &token, token_expiration })?;
    let cookie = format!(
        "{SESSION_COOKIE}={token}; Path=/; Expires={}; Max-Age={}; HttpOnly; SameSite=Lax",
        http_date_after(COOKIE_LIFETIME),
        COOKIE_LIFETIME.as_secs()
    );
    set_header(&mut response, SET_COOKIE, &cookie);
    Ok(response)
}

pub(crate) fn list_users(call: &Call<'_>) -> ApiResult {
    let users = call.state.auth.account().into_iter().map(User::from_account);
    let mut list = List::new(Page { results: users.collect(), has_more: false }, |user| user.id);
    list.pagination.max_per_page = 0;
    ok(&list)
}

pub(crate) fn create_user(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        id: String,
        invite_user: Option<bool>,
    }
    let body: Body = call.body("CreateUser")?;
    if body.invite_user == Some(true) {
        return Err(match body.id.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => ApiError::not_implemented(),
            _ => ApiError::new(StatusCode::BAD_REQUEST, "Invalid email format"),
        });
    }
    Err(ApiError::new(StatusCode::CONFLICT, "Already exists"))
}

pub(crate) fn get_user(call: &Call<'_>) -> ApiResult {
    ok(&User::from_account(requested_user(call)?))
}

pub(crate) fn delete_user(call: &Call<'_>) -> ApiResult {
    requested_user(call)?;
    Err(ApiError::not_implemented())
}

pub(crate) fn create_credentials(call: &Call<'_>) -> ApiResult {
    requested_user(call).map_err(|_| ApiError::from(Error::from(ErrorKind::NotFound)))?;
    let message = "exceeded number of allowed credentials: invalid request";
    Err(ApiError::new(StatusCode::BAD_REQUEST, message))
}

pub(crate) fn delete_credentials(_: &Call<'_>) -> ApiResult {
    Err(ApiError::not_implemented())
}

pub(crate) fn list_credentials(_: &Call<'_>) -> ApiResult {
    Err(ApiError::not_implemented())
}

pub(crate) fn get_credentials(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct Credentials<'a> {
        access_key_id: &'a str,
        creation_date: i64,
    }
    let keys = call.state.auth.keys();
    let key = keys.iter().find(|key| key.id == call.path_parameter("accessKeyId"));
    let key = key.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "credentials not found"))?;
    ok(&Credentials { access_key_id: &key.id, creation_date: key.created.seconds })
}

fn requested_user<'a>(call: &Call<'a>) -> Result<&'a Account, ApiError> {
    let account = call.state.auth.account().filter(|account| account.user == call.path_parameter("userId"));
    account.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "user not found"))
}
