//! Splits the input of a target into values.

use std::borrow::Cow;

/// The bytes of an input that are not used yet. After the end, all values are 0 or empty.
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(super) fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub(super) fn long_number(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// Returns an element of a slice that is not empty.
    pub(super) fn choose<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        &from[usize::from(self.byte()) % from.len()]
    }

    /// Returns the bytes up to the next line feed, without it.
    pub(super) fn line(&mut self) -> &'a [u8] {
        let data = self.0;
        let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
        self.0 = data.get(end + 1..).unwrap_or_default();
        &data[..end]
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn rest_as_text(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}
