//! The values of response headers.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, RETRY_AFTER,
};

use crate::api::{OPERATIONS, Response};
use crate::fuzzing::input::Input;
use crate::http::operation::SuccessBody;
use crate::http::recognition::is_success_head;
use crate::http::retry::{RetryPolicy, retry_after};
use crate::transfer::etag;
use crate::transfer::read::headers::ObjectHeaders;

/// Checks the interpretation of `ETag`, `Retry-After`, `Content-Type` and the headers that describe an object.
pub fn headers(data: &[u8]) {
    let mut input = Input::new(data);
    let operation = input.choose(&OPERATIONS);
    let status = input.choose(&[200, 201, 202, 204, 206, 302]);
    let (is_head, accepts_unidentified) = (input.byte() % 2 == 1, input.byte() % 2 == 1);
    let mut headers = HeaderMap::new();
    for name in [ETAG, RETRY_AFTER, CONTENT_TYPE, LAST_MODIFIED, CONTENT_LENGTH, CONTENT_RANGE] {
        let line = input.line();
        if let Ok(value) = HeaderValue::from_bytes(line)
            && !line.is_empty()
        {
            headers.insert(name, value);
        }
    }

    let is_success = is_success_head(operation, *status, &headers, is_head, accepts_unidentified);
    if is_success {
        assert!(operation.succeeds_with(*status));
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_page = media_type.trim_start().to_ascii_lowercase().starts_with("text/html");
        let is_checked_later = operation.body == SuccessBody::Text || accepts_unidentified;
        assert!(!is_page || is_checked_later, "a page is the success of {}", operation.id);
    }

    let retry_after = retry_after(&headers);
    for policy in [RetryPolicy::default(), RetryPolicy::default().max_elapsed(Duration::MAX)] {
        if let Some(backoff) = policy.backoff(1, Duration::from_secs(1), retry_after) {
            assert!(backoff <= policy.get_max_elapsed());
            assert!(
                retry_after.is_none_or(|asked| backoff >= asked),
                "{backoff:?} instead of {retry_after:?}"
            );
        }
    }

    let response = Response::new((), StatusCode::OK, headers);
    let described = ObjectHeaders::of(&response);
    if let Some(modified) = described.last_modified {
        assert!(modified >= SystemTime::UNIX_EPOCH);
    }
    if response.header("content-range").is_none() {
        assert_eq!(described.size, described.content_length);
    }
    if let Some(tag) = &described.etag {
        check_etag(tag);
    }
}

fn check_etag(tag: &str) {
    let digest = [0xab; 16];
    let md5 = "ab".repeat(16);
    let checksum = etag::checksum_of(tag);
    assert!(etag::is_same(tag, tag) && etag::is_same(tag, checksum), "{tag}");
    assert!(etag::is_same(&format!("W/\"{checksum}\""), tag), "{tag}");
    let is_md5 = etag::is_md5_of(tag, &digest);
    assert_eq!(is_md5, etag::is_same(tag, &md5));
    let comparison = etag::compare_with_md5(tag, &md5);
    assert_eq!(comparison == etag::Comparison::Equal, is_md5);
    assert_eq!(comparison == etag::Comparison::Incomparable, !etag::is_md5(tag));
    // An ETag without a value identifies no bytes.
    if etag::identifies_version(tag) {
        assert!(tag != "\"\"" && tag.contains('"'), "{tag}");
    }
    let parts = format!("{md5}-2");
    assert_eq!(
        etag::compare_with_parts(tag, &parts) == etag::Comparison::Equal,
        checksum.eq_ignore_ascii_case(&parts)
    );
    if let Some(mut verifier) = etag::ChecksumVerifier::new(tag, tag.len() as u64) {
        verifier.update(tag.as_bytes());
        // No header can contain its own checksum.
        assert_ne!(verifier.finish(), etag::ChecksumMatch::Equal);
    }
}
