//! Converts failures below HTTP to errors with readable messages.

use std::error::Error as StdError;
use std::io;

use reqwest::Url;

use crate::error::{Error, ErrorKind};

/// Scheme, host and port of a URL, without anything that could be a secret.
pub(super) fn endpoint_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The error of a request to `url` that failed below HTTP.
pub(super) fn transport_error(error: reqwest::Error, url: Option<&Url>) -> Error {
    // After a redirect, reqwest names the URL that failed.
    let failed = error.url().filter(|url| matches!(url.scheme(), "http" | "https"));
    let endpoint = failed.or(url).map_or_else(|| "the server".to_owned(), endpoint_of);
    let not_applied = error.is_connect() || error.is_builder();
    let (kind, message) = if error.is_timeout() {
        let message = if error.is_connect() {
            format!("cannot connect to {endpoint}: no connection within the connect timeout")
        } else {
            format!("no response from {endpoint} within the read timeout")
        };
        (ErrorKind::Timeout, message)
    } else if error.is_connect() {
        (ErrorKind::Transport, format!("cannot connect to {endpoint}: {}", connect_cause(&error)))
    } else if error.is_builder() {
        (ErrorKind::InvalidRequest, "the request cannot be sent".to_owned())
    } else if error.is_redirect() {
        let message = format!("{endpoint} redirects in a way that cannot be followed; check the endpoint");
        (ErrorKind::UnexpectedResponse, message)
    } else {
        (ErrorKind::Transport, format!("the connection to {endpoint} failed: {}", connection_cause(&error)))
    };
    // The URL may contain a signature.
    Error::transport(kind, message, not_applied).with_source(error.without_url())
}

/// The error of a server that received a whole request and does not respond.
pub(super) fn response_timeout(url: &Url) -> Error {
    let message = format!("no response from {} within the read timeout", endpoint_of(url));
    Error::transport(ErrorKind::Timeout, message, false)
}

/// Why a connection could not be established.
fn connect_cause(error: &reqwest::Error) -> String {
    if causes(error).any(|cause| cause.to_string() == "dns error") {
        return "the host name cannot be resolved".to_owned();
    }
    if let Some(cause) = tls_cause(error) {
        return cause;
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            "the connection was closed before it was established; check whether the server uses https or http"
                .to_owned()
        }
        _ => innermost(error),
    }
}

/// Why an established connection failed.
fn connection_cause(error: &reqwest::Error) -> String {
    for cause in causes(error) {
        if let Some(cause) = cause.downcast_ref::<hyper::Error>() {
            if cause.is_parse() {
                return "the response is not HTTP; if the server uses TLS, use https:// in the endpoint"
                    .to_owned();
            }
            if cause.is_incomplete_message() {
                return "it was closed before the response was complete".to_owned();
            }
        }
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::UnexpectedEof) => "it was closed before the response was complete".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "it was reset by the server".to_owned(),
        Some(io::ErrorKind::BrokenPipe) => "it was closed while the request was sent".to_owned(),
        _ => innermost(error),
    }
}

/// What is wrong with TLS, if that is the cause.
fn tls_cause(error: &reqwest::Error) -> Option<String> {
    const NO_TLS: &str =
        "the server does not use TLS on this port; if that is intended, use http:// in the endpoint";
    #[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
    for cause in causes(error) {
        match cause.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                return Some(format!("the certificate of the server is not trusted: {reason}"));
            }
            Some(rustls::Error::InvalidMessage(_)) => return Some(NO_TLS.to_owned()),
            Some(other) => return Some(format!("the TLS handshake failed: {other}")),
            None => {}
        }
    }
    // The other TLS libraries only have texts, which differ by platform.
    let text = innermost(error);
    if text.contains("certificate") {
        return Some(format!("the certificate of the server is not trusted: {text}"));
    }
    ["wrong version number", "packet length too long", "record layer"]
        .iter()
        .any(|known| text.contains(known))
        .then(|| NO_TLS.to_owned())
}

/// An error and its causes, those inside of I/O errors included.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        // `source` of such an error skips the error that it wraps.
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn io_error(error: &reqwest::Error) -> Option<&io::Error> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last()
}

/// The text of the innermost cause.
fn innermost(error: &reqwest::Error) -> String {
    match causes(error).last() {
        Some(cause) if !cause.is::<reqwest::Error>() => cause.to_string(),
        // reqwest's own text has the URL.
        _ => "unknown cause".to_owned(),
    }
}
