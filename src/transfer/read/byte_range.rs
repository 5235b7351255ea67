//! Parts of objects.

use std::ops::{Bound, Range, RangeBounds};

/// A part of an object, as a header can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// From this byte to this one, which is the last; or to the end.
    Range(u64, Option<u64>),
    /// The last so many bytes.
    Suffix(u64),
    /// Nothing, which no header can name.
    Nothing,
}

impl Part {
    pub(crate) const WHOLE: Self = Self::Range(0, None);

    pub(crate) fn of(range: impl RangeBounds<u64>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => match before.checked_add(1) {
                Some(start) => start,
                None => return Self::Nothing,
            },
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(&last) => Some(last),
            Bound::Excluded(&end) => match end.checked_sub(1) {
                Some(last) => Some(last),
                None => return Self::Nothing,
            },
            Bound::Unbounded => None,
        };
        if last.is_some_and(|last| last < start) { Self::Nothing } else { Self::Range(start, last) }
    }

    pub(crate) fn header(self) -> Option<String> {
        match self {
            Self::Range(start, Some(last)) => Some(format!("bytes={start}-{last}")),
            Self::Range(start, None) => Some(format!("bytes={start}-")),
            Self::Suffix(0) | Self::Nothing => None,
            Self::Suffix(bytes) => Some(format!("bytes=-{bytes}")),
        }
    }

    /// Which bytes these are of an object of this size.
    pub(crate) fn within(self, size: u64) -> Range<u64> {
        match self {
            Self::Range(start, last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                start.min(end)..end
            }
            Self::Suffix(bytes) => size.saturating_sub(bytes)..size,
            Self::Nothing => 0..0,
        }
    }
}

/// Which bytes a reply says that it has, and of how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) bytes: Range<u64>,
    pub(crate) size: Option<u64>,
}

impl ContentRange {
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (range, size) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
        let size = if size == "*" { None } else { Some(size.parse().ok()?) };
        // The last byte of nothing has no number, and servers write what they like.
        if size == Some(0) {
            return Some(Self { bytes: 0..0, size });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
        let fits = first <= last && size.is_none_or(|size| last < size);
        fits.then(|| Self { bytes: first..last.saturating_add(1), size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_header_or_nothing() {
        let header = |part: Part| part.header();
        assert_eq!(header(Part::of(0..1024)).as_deref(), Some("bytes=0-1023"));
        assert_eq!(header(Part::of(5..=5)).as_deref(), Some("bytes=5-5"));
        assert_eq!(header(Part::of(7..)).as_deref(), Some("bytes=7-"));
        assert_eq!(header(Part::of(..3)).as_deref(), Some("bytes=0-2"));
        assert_eq!(header(Part::of(..)).as_deref(), Some("bytes=0-"));
        assert_eq!(header(Part::Suffix(9)).as_deref(), Some("bytes=-9"));
        #[expect(clippy::reversed_empty_ranges, reason = "what a caller may compute")]
        for part in [Part::of(0..0), Part::of(5..5), Part::of(7..3), Part::Suffix(0)] {
            assert_eq!(header(part), None, "{part:?}");
        }
    }

    #[test]
    fn a_part_lies_within_its_object() {
        for (part, expected) in [
            (Part::WHOLE, 0..10),
            (Part::of(2..5), 2..5),
            (Part::of(8..1000), 8..10),
            (Part::of(0..=u64::MAX), 0..10),
            (Part::of(10..), 10..10),
            (Part::of(20..30), 10..10),
            (Part::Suffix(3), 7..10),
            (Part::Suffix(30), 0..10),
        ] {
            assert_eq!(part.within(10), expected, "{part:?}");
        }
    }

    #[test]
    fn what_a_reply_says_of_its_range_makes_sense_or_is_nothing() {
        let parsed = |header| ContentRange::parse(header).map(|range| (range.bytes, range.size));
        assert_eq!(parsed("bytes 2-4/10"), Some((2..5, Some(10))));
        assert_eq!(parsed("bytes 2-4/*"), Some((2..5, None)));
        assert_eq!(parsed("bytes 0--1/0"), Some((0..0, Some(0))));
        for nonsense in
            ["", "bytes", "bytes */10", "bytes 4-2/10", "bytes 2-10/10", "items 0-1/2", "bytes 0-1"]
        {
            assert_eq!(parsed(nonsense), None, "{nonsense}");
        }
    }
}
