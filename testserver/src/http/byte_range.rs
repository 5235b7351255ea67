//! The `Range` header of a request for one range.

use bytes::Bytes;

/// A range of bytes; both ends are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    first: i64,
    last: i64,
}

impl ByteRange {
    /// Parses a `Range` header that requests a single range of a resource of `size` bytes.
    pub(crate) fn parse(header: &str, size: i64) -> Result<Self, RangeError> {
        let spec =
            header.strip_prefix("bytes=").filter(|spec| !spec.contains(',')).ok_or(RangeError::Malformed)?;
        let (from, to) = spec.split_once('-').ok_or(RangeError::Malformed)?;
        let number =
            |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0).ok_or(RangeError::Malformed);
        let (first, last) = match (from.trim(), to.trim()) {
            ("", "") => return Err(RangeError::Malformed),
            ("", suffix) => match number(suffix)? {
                0 => return Err(RangeError::Unsatisfiable),
                suffix => return Ok(Self { first: (size - suffix).max(0), last: size - 1 }),
            },
            (from, "") => (number(from)?, size - 1),
            (from, to) => {
                let (first, last) = (number(from)?, number(to)?);
                if first > last {
                    return Err(RangeError::Malformed);
                }
                (first, last.min(size - 1))
            }
        };
        if first >= size { Err(RangeError::Unsatisfiable) } else { Ok(Self { first, last }) }
    }

    fn end(self) -> i64 {
        self.last + 1
    }

    pub(crate) fn len(self) -> i64 {
        self.end() - self.first
    }

    /// Returns the bytes of the range. The content may be shorter than the size the range was parsed for.
    pub(crate) fn slice(self, content: &Bytes) -> Bytes {
        let clamped = |offset: i64| usize::try_from(offset).unwrap_or_default().min(content.len());
        content.slice(clamped(self.first)..clamped(self.end()))
    }

    /// Formats the `Content-Range` header of a response with this range.
    pub(crate) fn content_range(self, size: i64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeError {
    /// The header is not a single byte range.
    Malformed,
    /// The range starts after the end of the resource.
    Unsatisfiable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_header_is_parsed_against_the_size() {
        let range = |header| ByteRange::parse(header, 10).map(|range| (range.first, range.last));
        assert_eq!(range("bytes=0-0"), Ok((0, 0)));
        assert_eq!(range("bytes=2-100"), Ok((2, 9)));
        assert_eq!(range("bytes=7-"), Ok((7, 9)));
        assert_eq!(range("bytes=-3"), Ok((7, 9)));
        assert_eq!(range("bytes=-30"), Ok((0, 9)));
        for unsatisfiable in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(range(unsatisfiable), Err(RangeError::Unsatisfiable), "{unsatisfiable}");
        }
        for malformed in ["bytes=5-2", "bytes=1-2,3-4", "bytes=-", "bytes=1-2-3"] {
            assert_eq!(range(malformed), Err(RangeError::Malformed), "{malformed}");
        }
        assert_eq!(ByteRange::parse("bytes=0-", 0), Err(RangeError::Unsatisfiable));
    }
}
