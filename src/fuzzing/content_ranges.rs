//! Byte ranges in requests and responses.

use std::ops::Bound;

use crate::fuzzing::input::Input;
use crate::transfer::read::byte_range::{ByteRange, ContentRange};

/// Checks that a `Content-Range` is parsed only if it is valid, and that a requested range stays within the object.
pub fn content_ranges(data: &[u8]) {
    let header = String::from_utf8_lossy(data);
    if let Some(range) = ContentRange::parse(&header) {
        let ContentRange { bytes, size } = &range;
        if *size == Some(0) {
            assert_eq!(*bytes, 0..0);
        } else {
            assert!(bytes.start < bytes.end, "{header:?}");
            assert!(size.is_none_or(|size| bytes.end <= size), "{header:?}");
            let size = size.map_or("*".to_owned(), |size| size.to_string());
            let written = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
            assert_eq!(ContentRange::parse(&written), Some(range));
        }
    }

    let mut input = Input::new(data);
    let (start, end, size) = (bound(&mut input), bound(&mut input), input.long_number());
    check(ByteRange::new((start, end)), size);
    check(ByteRange::Suffix(input.long_number()), size);
}

fn bound(input: &mut Input<'_>) -> Bound<u64> {
    match input.byte() % 3 {
        0 => Bound::Included(input.long_number()),
        1 => Bound::Excluded(input.long_number()),
        _ => Bound::Unbounded,
    }
}

fn check(range: ByteRange, size: u64) {
    let within = range.within(size);
    assert!(within.start <= within.end && within.end <= size, "{range:?} of {size}");
    let Some(header) = range.header() else {
        assert!(within.is_empty(), "{range:?} of {size}");
        return;
    };
    let (first, last) = header.strip_prefix("bytes=").and_then(|header| header.split_once('-')).unwrap();
    match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (Some(first), Some(last)) => {
            assert!(first <= last, "{header}");
            assert!(within.is_empty() || within == (first..last.saturating_add(1).min(size)), "{header}");
        }
        (Some(first), None) => assert_eq!(within.end - within.start, size.saturating_sub(first), "{header}"),
        (None, Some(length)) => assert_eq!(within.end - within.start, size.min(length), "{header}"),
        (None, None) => panic!("{header}"),
    }
}
