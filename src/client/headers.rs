//! Headers that the program adds to requests.

use reqwest::header::{HeaderName, HeaderValue};

/// The headers that a program cannot set: credentials, the framing of messages, and what the client sets or interprets
/// itself.
const RESERVED: [&str; 18] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Parses a header that a program may add. The error message does not contain the value, which may be a secret.
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| format!("the header name {name:?} cannot be sent as an HTTP header"))?;
    if RESERVED.contains(&parsed.as_str()) {
        return Err(format!("the header {name:?} cannot be set, because the client sets it"));
    }
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| format!("the value of {name:?} cannot be sent as an HTTP header"))?;
    // It may be a secret.
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_transport_and_invalid_headers_are_rejected() {
        assert!(parse_header("X-Team", "data").is_ok());
        for (name, value) in [
            ("authorization", "hush"),
            ("Host", "hush"),
            ("content-length", "1"),
            ("a b", "hush"),
            ("a", "hush\n"),
        ] {
            let message = parse_header(name, value).unwrap_err();
            assert!(message.contains(name) && !message.contains("hush"), "{message}");
        }
    }
}
