//! The bytes of objects, read.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, Response, StatusCode};

use bytes::Bytes;

use super::call::Call;
use super::dates;
use super::objects::refuse_presign;
use super::reply::{Failure, Outcome, Reply, empty, set};
use crate::model::{Entry, Error, ErrorKind};

/// What a browser may show instead of saving.
const SHOWN: [&str; 22] = [
    "image/jpeg",
    "image/jpg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/svg+xml",
    "application/pdf",
    "text/plain",
    "text/markdown",
    "text/x-markdown",
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/xml",
    "text/xml",
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/wav",
    "audio/webm",
];

pub(crate) fn get(call: &Call<'_>) -> Outcome {
    let entry = {
        let lake = call.lake();
        lake.repository(call.repository())?;
        lake.entry(call.repository(), call.segment("ref"), &call.path("path"))?
    };
    let etag = etag(&entry);
    if call.header("if-none-match").is_some_and(|known| known == etag) {
        return Ok(empty(StatusCode::NOT_MODIFIED));
    }
    refuse_presign(call)?;
    let mut headers = described(&entry, &etag);
    let disposition = if SHOWN.contains(&entry.content_type.as_str()) { "inline" } else { "attachment" };
    headers.extend([
        (CONTENT_DISPOSITION, disposition.to_owned()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (X_FRAME_OPTIONS, "SAMEORIGIN".to_owned()),
    ]);
    let range = match range(call, &entry) {
        Ok(range) => range,
        Err(wrong) => {
            if wrong == WrongRange::Unsatisfiable {
                headers.push((CONTENT_RANGE, format!("bytes */{}", entry.size)));
            }
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(with(headers, Failure::new(status, "Requested Range Not Satisfiable").into_reply()));
        }
    };
    let Some(content) = &entry.content else {
        return Ok(with(headers, Failure::from(Error::from(ErrorKind::NoData)).into_reply()));
    };
    let (status, content) = match range {
        None => (StatusCode::OK, content.clone()),
        Some(range) => {
            headers.push((CONTENT_RANGE, range.header(entry.size)));
            (StatusCode::PARTIAL_CONTENT, range.of(content))
        }
    };
    let mut reply = Response::new(Body::from(content));
    *reply.status_mut() = status;
    Ok(with(headers, reply))
}

/// Failures here have nothing but a status.
#[expect(clippy::unnecessary_wraps, reason = "it is a handler like others")]
pub(crate) fn head(call: &Call<'_>) -> Outcome {
    let found = call.lake().entry(call.repository(), call.segment("ref"), &call.path("path"));
    let entry = match found {
        Ok(entry) => entry,
        Err(error) => return Ok(empty(Failure::from(error).status())),
    };
    let mut headers = described(&entry, &etag(&entry));
    headers.push((ACCEPT_RANGES, "bytes".to_owned()));
    let (status, length) = match range(call, &entry) {
        Err(_) => return Ok(with(headers, empty(StatusCode::RANGE_NOT_SATISFIABLE))),
        Ok(None) => (StatusCode::OK, entry.size),
        Ok(Some(range)) => {
            headers.push((CONTENT_RANGE, range.header(entry.size)));
            (StatusCode::PARTIAL_CONTENT, range.end() - range.first)
        }
    };
    headers.push((CONTENT_LENGTH, length.to_string()));
    Ok(with(headers, empty(status)))
}

fn etag(entry: &Entry) -> String {
    format!("\"{}\"", entry.checksum.trim_matches([' ', '"']))
}

/// The headers that every reply about an object has.
fn described(entry: &Entry, etag: &str) -> Vec<(HeaderName, String)> {
    vec![
        (ETAG, etag.to_owned()),
        (LAST_MODIFIED, dates::http(entry.modified)),
        (CONTENT_TYPE, entry.content_type.clone()),
        (CACHE_CONTROL, "no-store, must-revalidate".to_owned()),
        (EXPIRES, "0".to_owned()),
    ]
}

/// Sets headers that a reply does not have yet.
fn with(headers: Vec<(HeaderName, String)>, mut reply: Reply) -> Reply {
    for (name, value) in headers {
        if !reply.headers().contains_key(&name) {
            set(&mut reply, name, &value);
        }
    }
    reply
}

/// A range of bytes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ByteRange {
    first: i64,
    last: i64,
}

impl ByteRange {
    fn end(self) -> i64 {
        self.last + 1
    }

    /// The bytes of the range. It lies within the size of the object, which is that of its content.
    fn of(self, content: &Bytes) -> Bytes {
        let within = |offset: i64| usize::try_from(offset).unwrap_or_default().min(content.len());
        content.slice(within(self.first)..within(self.end()))
    }

    fn header(self, size: i64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WrongRange {
    /// Not a single range.
    Malformed,
    /// Beyond the end.
    Unsatisfiable,
}

fn range(call: &Call<'_>, entry: &Entry) -> Result<Option<ByteRange>, WrongRange> {
    call.header("range").map(|header| parse_range(&header, entry.size)).transpose()
}

fn parse_range(header: &str, size: i64) -> Result<ByteRange, WrongRange> {
    let spec =
        header.strip_prefix("bytes=").filter(|spec| !spec.contains(',')).ok_or(WrongRange::Malformed)?;
    let (from, to) = spec.split_once('-').ok_or(WrongRange::Malformed)?;
    let number =
        |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0).ok_or(WrongRange::Malformed);
    let (first, last) = match (from.trim(), to.trim()) {
        ("", "") => return Err(WrongRange::Malformed),
        ("", suffix) => match number(suffix)? {
            0 => return Err(WrongRange::Unsatisfiable),
            suffix => return Ok(ByteRange { first: (size - suffix).max(0), last: size - 1 }),
        },
        (from, "") => (number(from)?, size - 1),
        (from, to) => {
            let (first, last) = (number(from)?, number(to)?);
            if first > last {
                return Err(WrongRange::Malformed);
            }
            (first, last.min(size - 1))
        }
    };
    if first >= size { Err(WrongRange::Unsatisfiable) } else { Ok(ByteRange { first, last }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range = |header| parse_range(header, 10).map(|range| (range.first, range.last));
        assert_eq!(range("bytes=0-0"), Ok((0, 0)));
        assert_eq!(range("bytes=2-100"), Ok((2, 9)));
        assert_eq!(range("bytes=7-"), Ok((7, 9)));
        assert_eq!(range("bytes=-3"), Ok((7, 9)));
        assert_eq!(range("bytes=-30"), Ok((0, 9)));
        for beyond in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(range(beyond), Err(WrongRange::Unsatisfiable), "{beyond}");
        }
        for malformed in ["bytes=5-2", "bytes=1-2,3-4", "bytes=-", "bytes=1-2-3"] {
            assert_eq!(range(malformed), Err(WrongRange::Malformed), "{malformed}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Err(WrongRange::Unsatisfiable));
    }
}
