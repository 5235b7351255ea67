//! Interprets error responses.

use bytes::Bytes;

/// An error response, as plain data.
#[derive(Clone)]
pub(crate) struct ErrorResponse {
    pub(crate) status: u16,
    /// The value of `Content-Type`.
    pub(crate) media_type: Option<String>,
    /// The identifier that the server or the storage gave to the request.
    pub(crate) request_id: Option<String>,
    /// The start of the body.
    pub(crate) body: Bytes,
}

/// The origin of a response.
#[derive(Clone, Debug)]
pub(crate) struct ResponseOrigin {
    /// The operation that was called.
    pub(crate) operation: &'static str,
    /// Whether the method is `HEAD`, whose responses have no body.
    pub(crate) is_head: bool,
    /// Scheme, host and port of the server that responded.
    pub(crate) endpoint: String,
    /// The response may contain secrets, so messages show nothing of the body.
    pub(crate) is_secret: bool,
}

/// The body of an error response.
pub(super) enum ErrorPayload {
    /// A JSON object of lakeFS: its message, or nothing (a `MergeResult`).
    Lakefs(String),
    /// A short plain text, as lakeFS writes it for a parameter that it cannot parse.
    Text(String),
    /// Anything else, or nothing.
    Other,
}

impl ErrorResponse {
    pub(super) fn payload(&self) -> ErrorPayload {
        const MAX_TEXT: usize = 1000;
        const CONFLICT: u16 = 409;
        // Only the first document counts: a handler of lakeFS may continue with the response that it had prepared.
        let first = serde_json::Deserializer::from_slice(&self.body).into_iter().next();
        if let Some(Ok(serde_json::Value::Object(object))) = first {
            match object.get("message").and_then(serde_json::Value::as_str) {
                Some(message) => return ErrorPayload::Lakefs(message.trim().to_owned()),
                None if self.status == CONFLICT => return ErrorPayload::Lakefs(String::new()),
                None => {}
            }
        }
        match std::str::from_utf8(&self.body).map(str::trim) {
            Ok(text) if self.has_media_type("text/plain") && !text.is_empty() && text.len() <= MAX_TEXT => {
                ErrorPayload::Text(text.to_owned())
            }
            _ => ErrorPayload::Other,
        }
    }

    /// The response without its body, if that may contain secrets.
    pub(super) fn without_secrets(self, origin: &ResponseOrigin) -> Self {
        if origin.is_secret { Self { body: Bytes::new(), ..self } } else { self }
    }

    fn has_media_type(&self, expected: &str) -> bool {
        let media_type = self.media_type.as_deref().and_then(|value| value.split(';').next());
        media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
    }

    /// Status, media type and size: `status 502, text/html, 49 bytes`.
    pub(super) fn summary(&self) -> String {
        let status = self.status;
        if self.body.is_empty() {
            return format!("status {status}, no body");
        }
        let media_type = self.media_type.as_deref().unwrap_or("no content type");
        format!("status {status}, {}, {} bytes", media_type.escape_debug(), self.body.len())
    }

    /// Describes the fault of a response that lakeFS did not write.
    pub(super) fn describe_foreign(&self, origin: &ResponseOrigin) -> String {
        let ResponseOrigin { endpoint, is_secret, .. } = origin;
        let summary = self.summary();
        if (300..400).contains(&self.status) {
            return format!("{endpoint} redirects, which is not followed ({summary}); check the endpoint");
        }
        if self.expects_https() {
            return format!("{endpoint} expects https ({summary}); use https:// in the endpoint");
        }
        let start = if *is_secret || self.body.is_empty() {
            String::new()
        } else {
            format!(", starting with \"{}\"", self.start())
        };
        format!("the response of {endpoint} is not one of lakeFS ({summary}{start}); check the endpoint")
    }

    /// The start of the body on one line.
    fn start(&self) -> String {
        const MAX_BYTES: usize = 64;
        let start = &self.body[..self.body.len().min(MAX_BYTES)];
        let text = String::from_utf8_lossy(start);
        // A character that was cut in the middle is left out.
        let text = if start.len() < self.body.len() { text.trim_end_matches('\u{fffd}') } else { &text };
        text.escape_debug().to_string()
    }

    /// Whether a server that expects TLS responded to plain HTTP: Go's own, or nginx.
    fn expects_https(&self) -> bool {
        const BAD_REQUEST: u16 = 400;
        let text = String::from_utf8_lossy(&self.body);
        self.status == BAD_REQUEST
            && (text.contains("HTTP request to an HTTPS server")
                || text.contains("HTTP request was sent to HTTPS port"))
    }
}

/// The error code of a storage, in the format of S3 and Azure.
pub(super) fn storage_code(body: &[u8]) -> Option<&str> {
    const MAX_LENGTH: usize = 64;
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_plain && (1..=MAX_LENGTH).contains(&code.len())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn only_the_code_of_a_storage_error_is_kept() {
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

    fn describe(status: u16, body: &str, is_secret: bool) -> String {
        let origin = ResponseOrigin {
            operation: "get_branch",
            is_head: false,
            endpoint: "http://h:8000".to_owned(),
            is_secret,
        };
        let media_type = Some("text/html".to_owned());
        ErrorResponse { status, media_type, request_id: None, body: body.to_owned().into() }
            .describe_foreign(&origin)
    }

    #[test]
    fn foreign_response_is_described_by_its_start() {
        assert_eq!(
            describe(404, "<!DOCTYPE html>\n<p>\u{1b}[31m", false),
            r#"the response of http://h:8000 is not one of lakeFS (status 404, text/html, 24 bytes, starting with "<!DOCTYPE html>\n<p>\u{1b}[31m"); check the endpoint"#
        );
        let long = describe(404, &"ä".repeat(100), false);
        assert!(long.contains(&format!("starting with \"{}\"", "ä".repeat(32))), "{long}");
        let cut = describe(404, &format!("x{}", "ä".repeat(100)), false);
        assert!(cut.contains(&format!("starting with \"x{}\"", "ä".repeat(31))), "{cut}");
        assert!(!describe(404, "hush", true).contains("hush"));
        assert!(describe(302, "", false).contains("redirects"));
        let tls = describe(400, "Client sent an HTTP request to an HTTPS server.\n", false);
        assert!(tls.contains("use https://"), "{tls}");
    }

    fn response(is_secret: bool, status: u16, media_type: &str, body: &str) -> Error {
        let origin =
            ResponseOrigin { operation: "login", is_head: false, endpoint: "http://h".to_owned(), is_secret };
        let (media_type, body) = (Some(media_type.to_owned()), body.to_owned().into());
        Error::response(&origin, ErrorResponse { status, media_type, request_id: None, body })
    }

    #[test]
    fn text_of_a_secret_operation_is_not_shown() {
        for status in [400, 431, 502, 503] {
            let error = response(false, status, "Text/Plain ; charset=utf-8", "hush");
            assert_eq!(error.message(), "hush");
            let secret = response(true, status, "Text/Plain ; charset=utf-8", "hush");
            assert!(!format!("{secret} {secret:?}").contains("hush"), "{secret}");
            assert!(secret.body().is_empty() && secret.kind() == error.kind());
        }
        let error = response(true, 401, "application/json", r#"{"message":"authentication failed"}"#);
        assert_eq!(error.message(), "authentication failed");
    }

    #[test]
    fn error_is_displayed_on_one_line() {
        let body =
            r#"{"message":"pre-commit hook aborted, run id '7': 1 error occurred:\n\t* hook failed\n"}"#;
        let error = response(false, 412, "application/json", body).during("commit", || "commit".to_owned());
        assert_eq!(
            error.to_string(),
            "commit: pre-commit hook aborted, run id '7': 1 error occurred: * hook failed"
        );
        assert!(error.message().contains("occurred:\n\t* hook failed"));
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(60_000));
        let error = response(false, 400, "application/json", &long).after(2, true);
        assert!(error.to_string().len() < 2200 && error.message().len() == 60_000);
        assert!(error.to_string().contains("…") && error.to_string().ends_with("it may have taken effect"));
    }
}
