//! Byte ranges of objects, in requests and in responses.

use std::ops::{Bound, Range, RangeBounds};

/// The bytes of an object that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// From the first position to the last one, which is included; without a last one, to the end of the object.
    FromTo(u64, Option<u64>),
    /// The last bytes of the object, with their number.
    Suffix(u64),
    /// No bytes. No `Range` header can express it.
    Empty,
}

impl ByteRange {
    /// The whole object.
    pub(crate) const ALL: Self = Self::FromTo(0, None);

    pub(crate) fn new(range: impl RangeBounds<u64>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => match before.checked_add(1) {
                Some(start) => start,
                None => return Self::Empty,
            },
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(&last) => Some(last),
            Bound::Excluded(&end) => match end.checked_sub(1) {
                Some(last) => Some(last),
                None => return Self::Empty,
            },
            Bound::Unbounded => None,
        };
        if last.is_some_and(|last| last < start) { Self::Empty } else { Self::FromTo(start, last) }
    }

    /// Returns the range, or `None` if it is the whole object. An empty object has no byte to start a range at.
    pub(crate) fn part(self) -> Option<Self> {
        (self != Self::ALL).then_some(self)
    }

    /// Returns the value of the `Range` header, or `None` if the range is empty.
    pub(crate) fn header(self) -> Option<String> {
        match self {
            Self::FromTo(start, Some(last)) => Some(format!("bytes={start}-{last}")),
            Self::FromTo(start, None) => Some(format!("bytes={start}-")),
            Self::Suffix(0) | Self::Empty => None,
            Self::Suffix(length) => Some(format!("bytes=-{length}")),
        }
    }

    /// Returns the positions of the range in an object of `size` bytes.
    pub(crate) fn within(self, size: u64) -> Range<u64> {
        match self {
            Self::FromTo(start, last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                start.min(end)..end
            }
            Self::Suffix(length) => size.saturating_sub(length)..size,
            Self::Empty => 0..0,
        }
    }
}

/// The value of a `Content-Range` header: the positions of the bytes in a response, and the size of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) bytes: Range<u64>,
    pub(crate) size: Option<u64>,
}

impl ContentRange {
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (range, size) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
        let size = if size == "*" { None } else { Some(number(size)?) };
        // An empty object has no last byte, so servers write different texts.
        if size == Some(0) {
            return Some(Self { bytes: 0..0, size });
        }
        let (first, last) = range.split_once('-')?;
        let (first, end) = (number(first)?, number(last)?.checked_add(1)?);
        let is_valid = first < end && size.is_none_or(|size| end <= size);
        is_valid.then_some(Self { bytes: first..end, size })
    }
}

/// Parses decimal digits. Unlike `str::parse`, accepts no sign.
fn number(text: &str) -> Option<u64> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_is_written_as_a_header_unless_it_is_empty() {
        let header = |range: ByteRange| range.header();
        assert_eq!(header(ByteRange::new(0..1024)).as_deref(), Some("bytes=0-1023"));
        assert_eq!(header(ByteRange::new(5..=5)).as_deref(), Some("bytes=5-5"));
        assert_eq!(header(ByteRange::new(7..)).as_deref(), Some("bytes=7-"));
        assert_eq!(header(ByteRange::new(..3)).as_deref(), Some("bytes=0-2"));
        assert_eq!(header(ByteRange::new(..)).as_deref(), Some("bytes=0-"));
        assert_eq!(header(ByteRange::Suffix(9)).as_deref(), Some("bytes=-9"));
        #[expect(clippy::reversed_empty_ranges, reason = "callers may compute such a range")]
        for range in [ByteRange::new(0..0), ByteRange::new(5..5), ByteRange::new(7..3), ByteRange::Suffix(0)]
        {
            assert_eq!(header(range), None, "{range:?}");
        }
    }

    #[test]
    fn range_is_clamped_to_the_object() {
        for (range, expected) in [
            (ByteRange::ALL, 0..10),
            (ByteRange::new(2..5), 2..5),
            (ByteRange::new(8..1000), 8..10),
            (ByteRange::new(0..=u64::MAX), 0..10),
            (ByteRange::new(10..), 10..10),
            (ByteRange::new(20..30), 10..10),
            (ByteRange::Suffix(3), 7..10),
            (ByteRange::Suffix(30), 0..10),
        ] {
            assert_eq!(range.within(10), expected, "{range:?}");
        }
    }

    #[test]
    fn content_range_is_parsed_only_if_it_is_valid() {
        let parsed = |header: &str| ContentRange::parse(header).map(|range| (range.bytes, range.size));
        assert_eq!(parsed("bytes 2-4/10"), Some((2..5, Some(10))));
        assert_eq!(parsed("bytes 2-4/*"), Some((2..5, None)));
        assert_eq!(parsed("bytes 0--1/0"), Some((0..0, Some(0))));
        let longest = format!("bytes 0-{}/{}", u64::MAX - 1, u64::MAX);
        assert_eq!(parsed(&longest), Some((0..u64::MAX, Some(u64::MAX))));
        let largest = format!("bytes {0}-{0}/*", u64::MAX);
        for invalid in [
            "",
            "bytes",
            "bytes */10",
            "bytes 4-2/10",
            "bytes 2-10/10",
            "items 0-1/2",
            "bytes 0-1",
            "bytes +0-1/2",
            "bytes 0-1/+2",
            &largest,
        ] {
            assert_eq!(parsed(invalid), None, "{invalid}");
        }
    }
}
