//! Checksums of objects: an MD5, or what S3 makes of an object that came in parts.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

use crate::transfer::write::multipart::{KEPT_PART, MIB, PART, PARTS};

/// Whether it may be an MD5.
pub(crate) fn is_md5(checksum: &str) -> bool {
    checksum.len() == 32 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Bytes in hexadecimal, as checksums are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// The checksum of an object of these parts.
pub(crate) fn of_parts(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let (mut digest, mut number) = (Md5::new(), 0);
    for part in parts {
        digest.update(part);
        number += 1;
    }
    format!("{}-{number}", hex(&digest.finalize()))
}

/// Finds out whether bytes have a checksum.
pub(crate) enum Comparison {
    Md5 {
        expected: String,
        digest: Md5,
    },
    /// How large the parts were, the checksum does not say: it is tried with all sizes that are usual.
    Parts {
        expected: String,
        tried: Vec<InParts>,
    },
}

/// Bytes in parts of one size.
pub(crate) struct InParts {
    size: u64,
    left: u64,
    part: Md5,
    parts: Vec<[u8; 16]>,
}

impl Comparison {
    /// A comparison of so many bytes with a checksum; none where nothing comes of it.
    pub(crate) fn with(checksum: &str, bytes: u64) -> Option<Self> {
        let expected = checksum.to_ascii_lowercase();
        if is_md5(checksum) {
            return Some(Self::Md5 { expected, digest: Md5::new() });
        }
        let (md5, number) = checksum.split_once('-')?;
        let number = number.parse().ok().filter(|number| (1..=PARTS).contains(number) && is_md5(md5))?;
        // Of this client, of lakectl and those of S3; and where there would be too many of them, as few as it takes.
        let even = bytes.div_ceil(number).next_multiple_of(MIB);
        let mut sizes = [PART, KEPT_PART, 16 * MIB, 64 * MIB, even].to_vec();
        sizes.retain(|size| *size > 0 && bytes.div_ceil(*size) == number);
        sizes.sort_unstable();
        sizes.dedup();
        let tried: Vec<_> = sizes.into_iter().map(InParts::new).collect();
        (!tried.is_empty()).then_some(Self::Parts { expected, tried })
    }

    /// Bytes have come.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5 { digest, .. } => digest.update(bytes),
            Self::Parts { tried, .. } => tried.iter_mut().for_each(|tried| tried.take(bytes)),
        }
    }

    /// No more will come: whether they have the checksum.
    pub(crate) fn holds(self) -> bool {
        match self {
            Self::Md5 { expected, digest } => hex(&digest.finalize()) == expected,
            Self::Parts { expected, tried } => tried.into_iter().any(|tried| tried.checksum() == expected),
        }
    }
}

impl InParts {
    fn new(size: u64) -> Self {
        Self { size, left: size, part: Md5::new(), parts: Vec::new() }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            let (now, then) = bytes.split_at(most);
            self.part.update(now);
            self.left -= now.len() as u64;
            if self.left == 0 {
                self.parts.push(self.part.finalize_reset().into());
                self.left = self.size;
            }
            bytes = then;
        }
    }

    fn checksum(mut self) -> String {
        if self.left < self.size {
            self.parts.push(self.part.finalize().into());
        }
        of_parts(self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_usual_size_are_compared() {
        let mib = usize::try_from(MIB).unwrap();
        let data: Vec<u8> = (0..=250).cycle().take(17 * mib + 5).collect();
        let is_equal = |checksum: &str, data: &[u8]| {
            let mut comparison = Comparison::with(checksum, data.len() as u64)?;
            data.chunks(77_777).for_each(|chunk| comparison.take(chunk));
            Some(comparison.holds())
        };
        for size in [5, 6, 8, 16] {
            let checksum = of_parts(data.chunks(size * mib).map(Md5::digest));
            assert_eq!(is_equal(&checksum, &data), Some(true), "{size}");
            assert_eq!(is_equal(&checksum.to_uppercase(), &data), Some(true));
            assert_eq!(is_equal(&checksum, &data[1..]), Some(false));
        }
        let md5 = hex(&Md5::digest(&data));
        assert_eq!(is_equal(&md5, &data), Some(true));
        assert_eq!(is_equal(&md5, &data[1..]), Some(false));
        for none in ["", "0x8D", &format!("{md5}-0"), &format!("{md5}-500"), &format!("{md5}-x"), "-2"] {
            assert_eq!(is_equal(none, &data), None, "{none}");
        }
    }
}
