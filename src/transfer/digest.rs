//! Hashing: the MD5 of bytes, and the checksum of an object that was uploaded in parts.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::transfer::md5::{Md5, Md5Digest};

/// Formats bytes in lower-case hexadecimal, as checksums are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// Formats an MD5 as the value of a `Content-MD5` header.
pub(crate) fn content_md5(digest: &Md5Digest) -> String {
    STANDARD.encode(digest)
}

/// Computes the checksum that storages give an object uploaded in parts: the MD5 of the MD5s of its parts, and the
/// number of parts.
pub(crate) fn multipart_checksum(digests: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let (mut md5, mut parts) = (Md5::new(), 0);
    for digest in digests {
        md5.update(digest);
        parts += 1;
    }
    format!("{}-{parts}", hex(&md5.finalize()))
}

/// Computes the checksum of bytes as if they were uploaded in parts of one size.
pub(crate) struct PartsHasher {
    part_size: u64,
    /// How many bytes the current part still takes.
    remaining: u64,
    part: Md5,
    digests: Vec<Md5Digest>,
}

impl PartsHasher {
    pub(crate) fn new(part_size: u64) -> Self {
        Self { part_size, remaining: part_size, part: Md5::new(), digests: Vec::new() }
    }

    /// Hashes the next bytes.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let length = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(bytes.len());
            let (in_part, rest) = bytes.split_at(length);
            self.part.update(in_part);
            self.remaining -= in_part.len() as u64;
            if self.remaining == 0 {
                self.digests.push(self.part.finalize_reset());
                self.remaining = self.part_size;
            }
            bytes = rest;
        }
    }

    /// Returns the checksum of all bytes.
    pub(crate) fn finish(mut self) -> String {
        if self.remaining < self.part_size {
            self.digests.push(self.part.finalize());
        }
        multipart_checksum(self.digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hasher_hashes_each_part_whatever_the_chunks_are() {
        let data: Vec<u8> = (0..=250).cycle().take(1000).collect();
        let expected = multipart_checksum(data.chunks(300).map(Md5::digest));
        assert!(expected.ends_with("-4"), "{expected}");
        for chunk in [1, 7, 300, 1000] {
            let mut hasher = PartsHasher::new(300);
            data.chunks(chunk).for_each(|chunk| hasher.update(chunk));
            assert_eq!(hasher.finish(), expected, "chunks of {chunk} bytes");
        }
    }

    #[test]
    fn content_md5_is_base64() {
        assert_eq!(content_md5(&Md5::digest("")), "1B2M2Y8AsgTpgAmY7PhCfg==");
    }
}
