//! Headers that the program adds to requests.

use reqwest::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// Headers that the transport sets itself.
const RESERVED: [HeaderName; 9] = [
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    HOST,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Parses a header that a program may add. The error message does not contain the value, which may be a secret.
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| format!("the header name {name:?} cannot be sent as an HTTP header"))?;
    if RESERVED.contains(&parsed) {
        return Err(format!("the header {name:?} cannot be set: the client sends its own"));
    }
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| format!("the value of {name:?} cannot be sent as an HTTP header"))?;
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
