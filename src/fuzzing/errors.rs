//! The errors that responses become.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;

use bytes::Bytes;
use reqwest::Url;

use crate::api::OPERATIONS;
use crate::error::{Error, ErrorKind, ErrorResponse, ResponseOrigin};
use crate::fuzzing::input::Input;
use crate::http::outcome::changed_nothing;

/// A secret, which every body contains. It cannot be the error code of a storage, which is shown.
const SECRET: &str = "hunter2-secret";

/// The longest line of an error, in characters.
const MAX_LINE: usize = 5000;

/// Checks that every response becomes an error of one bounded line that shows no secret.
pub fn errors(data: &[u8]) {
    let mut input = Input::new(data);
    let operation = input.choose(&OPERATIONS);
    let (constructor, flags) = (input.byte() % 4, input.byte());
    let status = 100 + input.number() % 900;
    let [name, media_type, request_id] = [(); 3].map(|()| String::from_utf8_lossy(input.line()));
    let position = usize::from(input.byte());
    let body = with_secret(input.rest(), position);
    let mut url = Url::parse("http://host:8000/api/v1/").unwrap();
    url.query_pairs_mut().append_pair("path", &name).append_pair("branch", &name);
    if flags & 1 != 0 {
        url.query_pairs_mut().append_pair("presign", "true");
    }
    let origin = ResponseOrigin {
        operation: operation.id,
        is_head: operation.method == "HEAD",
        endpoint: "http://host:8000".to_owned(),
        is_secret: operation.is_secret(&url),
    };
    let has = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let response = ErrorResponse {
        status,
        media_type: has(&media_type),
        request_id: has(&request_id),
        body: Bytes::from(body.clone()),
    };
    let error = match constructor {
        0 => Error::response(&origin, response),
        1 => Error::foreign(&origin, response),
        2 => Error::storage(&origin, response),
        _ => {
            let source = serde_json::from_slice::<Vec<u8>>(&body).unwrap_err();
            Error::decode(&origin, response, flags & 4 != 0, source)
        }
    };
    let not_applied = changed_nothing(operation.id, &error);
    let error = error
        .with_not_applied(not_applied)
        .during(operation.id, || operation.describe(&url))
        .after(u32::from(flags), !not_applied);

    check_line(&error);
    assert_eq!((error.status(), error.operation()), (Some(status), Some(operation.id)));
    assert!(error.kind() != ErrorKind::NotFound || error.is_from_lakefs() || error.is_from_storage());
    assert!(!(error.is_from_lakefs() && error.is_from_storage()));
    let is_foreign = !error.is_from_lakefs() && !error.is_from_storage();
    assert!(
        !is_foreign || status < 500 || status == 501 || !not_applied,
        "a proxy does not know what lakeFS did"
    );
    assert!(constructor != 1 || error.kind() == ErrorKind::UnexpectedResponse);
    if origin.is_secret || error.is_from_storage() {
        assert!(error.body().is_empty(), "a body with secrets is kept");
        let is_message =
            error.is_from_lakefs() && message_of(&body).is_some_and(|text| text.contains(SECRET));
        // Names and headers may be shown.
        let is_elsewhere = [&name, &media_type, &request_id].iter().any(|text| text.contains(SECRET));
        assert!(is_message || is_elsewhere || !everything_shown(&error).contains(SECRET), "{error:?}");
    } else {
        assert_eq!(error.body(), body);
    }
    let (kind, run) = (error.kind(), error.action_run_id().map(str::to_owned));
    assert!(run.is_none() || kind == ErrorKind::HookFailed);
    assert!(!error.is_retryable() || kind != ErrorKind::UnexpectedResponse);
    assert!(!io::Error::from(error).to_string().is_empty());
}

fn check_line(error: &Error) {
    let line = error.to_string();
    assert!(!line.is_empty() && line.chars().count() <= MAX_LINE, "{} characters", line.chars().count());
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert!(!line.contains(breaks), "{line:?} is more than one line");
}

/// Inserts the secret into a body.
fn with_secret(body: &[u8], position: usize) -> Vec<u8> {
    let (before, after) = body.split_at(position.min(body.len()));
    [before, SECRET.as_bytes(), after].concat()
}

/// The message of lakeFS, which is shown always.
fn message_of(body: &[u8]) -> Option<String> {
    let first = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>().next()?;
    Some(first.ok()?.get("message")?.as_str()?.to_owned())
}

fn everything_shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", error.message());
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    text
}
