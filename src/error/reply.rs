//! What is read from a reply that is an error.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// What is kept of a reply that is an error.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) request_id: Option<String>,
    pub(super) body: Bytes,
}

/// What a server said with an error.
pub(super) enum Words {
    /// lakeFS: a JSON object; its message, or nothing (a `MergeResult`).
    Lakefs(String),
    /// A short plain text, as lakeFS writes it for a parameter that it cannot read.
    Plain(String),
    /// Somebody else, or nobody.
    None,
}

pub(super) fn server_words(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Words {
    const SHORT: usize = 1000;
    // The first document tells: a handler of lakeFS may go on to write what it would have answered.
    let first = serde_json::Deserializer::from_slice(body).into_iter().next();
    if let Some(Ok(serde_json::Value::Object(object))) = first {
        match object.get("message").and_then(serde_json::Value::as_str) {
            Some(message) => return Words::Lakefs(message.trim().to_owned()),
            None if status == StatusCode::CONFLICT => return Words::Lakefs(String::new()),
            None => {}
        }
    }
    let plain = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    match std::str::from_utf8(body).map(str::trim) {
        Ok(text) if plain && !text.is_empty() && text.len() <= SHORT => Words::Plain(text.to_owned()),
        _ => Words::None,
    }
}

pub(super) fn unexplained(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> String {
    match status {
        StatusCode::NOT_MODIFIED => "not modified".to_owned(),
        StatusCode::NOT_FOUND => {
            "not found, and the answer is not lakeFS's: is the endpoint right?".to_owned()
        }
        _ => format!("the server answered {status} ({})", described_body(headers, body)),
    }
}

pub(super) fn described_body(headers: &HeaderMap, body: &Bytes) -> String {
    if body.is_empty() {
        return "no body".to_owned();
    }
    let media_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("no content type");
    format!("{media_type}, {} bytes", body.len())
}

pub(crate) const REQUEST_ID: &str = "x-request-id";

pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The code that a storage gives for an error, in the way of S3.
pub(super) fn storage_code(body: &[u8]) -> Option<&str> {
    const LONGEST: usize = 64;
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && (1..=LONGEST).contains(&code.len())).then_some(code)
}

/// What a storage calls a request: S3, Azure, Google.
pub(super) fn storage_request_id(headers: &HeaderMap) -> Option<String> {
    let names = ["x-amz-request-id", "x-ms-request-id", "x-guploader-uploadid"];
    let value = names.into_iter().find_map(|name| headers.get(name))?;
    value.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_words_of_a_storage_the_code_is_kept() {
        let error =
            |code: &str| format!("<?xml?><Error><Code>{code}</Code><Signature>abc</Signature></Error>");
        assert_eq!(storage_code(error("SlowDown").as_bytes()), Some("SlowDown"));
        let long = "A".repeat(65);
        for wrong in ["", "a b", "a<b>", "https://h?X-Amz-Signature=abc", &*long] {
            assert_eq!(storage_code(error(wrong).as_bytes()), None, "{wrong}");
        }
        assert_eq!(storage_code(b"<html>busy</html>"), None);
        assert_eq!(storage_code(b"\xff<Code>SlowDown</Code>"), None);
    }
}
