//! Ranges of bytes.

use bytes::Bytes;

/// A range of bytes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    first: i64,
    last: i64,
}

impl ByteRange {
    /// Reads a header that asks for a single range of something of this size.
    pub(crate) fn parse(header: &str, size: i64) -> Result<Self, WrongRange> {
        let spec =
            header.strip_prefix("bytes=").filter(|spec| !spec.contains(',')).ok_or(WrongRange::Malformed)?;
        let (from, to) = spec.split_once('-').ok_or(WrongRange::Malformed)?;
        let number =
            |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0).ok_or(WrongRange::Malformed);
        let (first, last) = match (from.trim(), to.trim()) {
            ("", "") => return Err(WrongRange::Malformed),
            ("", suffix) => match number(suffix)? {
                0 => return Err(WrongRange::Unsatisfiable),
                suffix => return Ok(Self { first: (size - suffix).max(0), last: size - 1 }),
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
        if first >= size { Err(WrongRange::Unsatisfiable) } else { Ok(Self { first, last }) }
    }

    fn end(self) -> i64 {
        self.last + 1
    }

    pub(crate) fn len(self) -> i64 {
        self.end() - self.first
    }

    /// The bytes of the range. It lies within the size of the object, which is that of its content.
    pub(crate) fn of(self, content: &Bytes) -> Bytes {
        let within = |offset: i64| usize::try_from(offset).unwrap_or_default().min(content.len());
        content.slice(within(self.first)..within(self.end()))
    }

    pub(crate) fn header(self, size: i64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrongRange {
    /// Not a single range.
    Malformed,
    /// Beyond the end.
    Unsatisfiable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range = |header| ByteRange::parse(header, 10).map(|range| (range.first, range.last));
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
        assert_eq!(ByteRange::parse("bytes=0-", 0), Err(WrongRange::Unsatisfiable));
    }
}
