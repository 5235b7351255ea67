//! Converts failures below HTTP to errors with readable messages.

use std::error::Error as StdError;
use std::time::Duration;
use std::{fmt, io};

use reqwest::Url;

use crate::error::{Error, ErrorKind, RetryHint};

/// Scheme, host and port of a URL, without anything that could be a secret.
pub(super) fn endpoint_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The error of a request to `url` that failed below HTTP.
pub(super) fn transport_error(error: reqwest::Error, url: Option<&Url>) -> Error {
    let failed = error.url().filter(|url| matches!(url.scheme(), "http" | "https")).or(url);
    let endpoint = failed.map_or_else(|| "the server".to_owned(), endpoint_of);
    let mut not_applied = error.is_connect() || error.is_builder();
    let mut hint = RetryHint::Policy;
    let (kind, message) = if error.is_connect() {
        if error.is_timeout() {
            let message = format!("cannot connect to {endpoint}: no connection within the connect timeout");
            (ErrorKind::Timeout, message)
        } else {
            let host = failed.and_then(Url::host_str).unwrap_or("of the server");
            let (cause, connect_hint) = connect_cause(&error, host);
            hint = connect_hint;
            (ErrorKind::Transport, format!("cannot connect to {endpoint}: {cause}"))
        }
    } else if let Some(cause) = rejection_of_client_certificate(&error) {
        // With TLS 1.3, the server verifies the certificate of the client after the handshake.
        (not_applied, hint) = (true, RetryHint::Never);
        (ErrorKind::Transport, format!("cannot connect to {endpoint}: {cause}"))
    } else if error.is_timeout() {
        (ErrorKind::Timeout, format!("the connection to {endpoint} failed: it timed out"))
    } else if error.is_builder() {
        (ErrorKind::InvalidRequest, "the request cannot be sent".to_owned())
    } else {
        (ErrorKind::Transport, format!("the connection to {endpoint} failed: {}", connection_cause(&error)))
    };
    // The URL may contain a signature.
    Error::transport(kind, message, not_applied).with_retry_hint(hint).with_source(error.without_url())
}

/// The error of a server that received a whole request and does not respond, or does not send the rest of a response.
pub(super) fn response_timeout(url: &Url, limit: Duration) -> Error {
    let message = format!("no response from {} within the response timeout of {limit:?}", endpoint_of(url));
    Error::transport(ErrorKind::Timeout, message, false)
}

/// The error of a server that does not take the next bytes of a request. It cannot act on an incomplete request.
pub(super) fn not_taken(url: &Url, limit: Duration) -> Error {
    let endpoint = endpoint_of(url);
    let message = format!("{endpoint} took no data of the request within the response timeout of {limit:?}");
    Error::transport(ErrorKind::Timeout, message, true)
}

/// The error of a request that was not started, because there was no connection for it.
pub(super) fn not_connected(url: &Url, limit: Duration) -> Error {
    let endpoint = endpoint_of(url);
    let message =
        format!("cannot connect to {endpoint}: no connection within the response timeout of {limit:?}");
    Error::transport(ErrorKind::Timeout, message, true)
}

/// The error of a body that is larger than the client reads into memory.
pub(super) fn too_large(url: &Url, size: usize) -> Error {
    let endpoint = endpoint_of(url);
    let message = format!(
        "the response of {endpoint} is larger than {size} bytes, the limit of \
         ClientBuilder::max_response_size; check the endpoint"
    );
    Error::transport(ErrorKind::UnexpectedResponse, message, false)
}

/// Why a connection could not be established, and whether that is retried.
fn connect_cause(error: &reqwest::Error, host: &str) -> (String, RetryHint) {
    if error.is_dns() || causes(error).any(|cause| cause.to_string() == "dns error") {
        return (format!("the host name {host:?} cannot be resolved"), RetryHint::Briefly);
    }
    if let Some(cause) = tls_cause(error) {
        return cause;
    }
    let cause = match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            "the connection was closed before it was established; check whether the server uses https or http"
                .to_owned()
        }
        _ => innermost(error),
    };
    (cause, RetryHint::Policy)
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

/// What is wrong with TLS, if that is the cause, and whether that is retried. A certificate that is not trusted now is
/// not trusted a second later either.
fn tls_cause(error: &reqwest::Error) -> Option<(String, RetryHint)> {
    const NO_TLS: &str =
        "the server does not use TLS on this port; if that is intended, use http:// in the endpoint";
    let untrusted = |reason: &dyn fmt::Display| {
        Some((format!("the certificate of the server is not trusted: {reason}"), RetryHint::Never))
    };
    #[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
    match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => return untrusted(reason),
        Some(rustls::Error::InvalidMessage(_)) => return Some((NO_TLS.to_owned(), RetryHint::Policy)),
        // Of the verifier, which could not load the certificates of the platform.
        Some(rustls::Error::General(cause)) => return Some((cause.clone(), RetryHint::Never)),
        Some(other) => {
            let cause = rejection_of_client_certificate(error);
            let hint = if cause.is_some() { RetryHint::Never } else { RetryHint::Policy };
            return Some((cause.unwrap_or_else(|| format!("the TLS handshake failed: {other}")), hint));
        }
        None => {}
    }
    // The other TLS libraries only have texts, which differ by platform.
    let text = innermost(error);
    if text.contains("certificate") {
        return untrusted(&text);
    }
    ["wrong version number", "packet length too long", "record layer"]
        .iter()
        .any(|known| text.contains(known))
        .then(|| (NO_TLS.to_owned(), RetryHint::Policy))
}

/// What the server has against the certificate of the client, if that is the cause.
fn rejection_of_client_certificate(error: &reqwest::Error) -> Option<String> {
    #[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
    {
        use rustls::AlertDescription::{
            AccessDenied, BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked,
            CertificateUnknown, DecryptError, UnknownCA, UnsupportedCertificate,
        };
        match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::AlertReceived(CertificateRequired)) => {
                return Some(
                    "the server requires a client certificate: set ClientBuilder::client_certificate"
                        .to_owned(),
                );
            }
            Some(rustls::Error::AlertReceived(
                alert @ (AccessDenied
                | BadCertificate
                | CertificateExpired
                | CertificateRevoked
                | CertificateUnknown
                | DecryptError
                | UnknownCA
                | UnsupportedCertificate),
            )) => return Some(format!("the server does not accept the client certificate: {alert:?}")),
            _ => {}
        }
    }
    // The other TLS libraries only have texts, which differ by platform.
    let text = innermost(error);
    let is_alert = text.contains("alert") && (text.contains("certificate") || text.contains("unknown ca"));
    is_alert.then(|| format!("the server does not accept the client certificate: {text}"))
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
