//! Interprets ETags and checksums.
//!
//! lakeFS and the storages behind it identify the bytes of an object by a checksum: the MD5 of the bytes, the checksum
//! of a multipart upload (see [`multipart_checksum`](crate::transfer::digest::multipart_checksum)), or a text that says
//! nothing about the bytes. The `ETag` header holds the checksum in quotes. This module is the only one that knows
//! these forms.

use crate::api::Response;
#[cfg(feature = "fs")]
use crate::transfer::digest::PartsHasher;
use crate::transfer::digest::hex;
#[cfg(feature = "fs")]
use crate::transfer::md5::Md5;
use crate::transfer::md5::Md5Digest;
#[cfg(feature = "fs")]
use crate::transfer::part_size::{
    DEFAULT_PART_SIZE, DEFAULT_STREAM_PART_SIZE, MAX_PARTS, MIB, even_part_size,
};

/// Removes the quotes of an ETag, which leaves the checksum.
fn unquoted(etag: &str) -> &str {
    etag.trim_matches('"')
}

/// Returns the ETag that a read of an object with this checksum has.
pub(crate) fn of_checksum(checksum: &str) -> String {
    format!("\"{checksum}\"")
}

/// Whether this is the ETag of an object with this checksum.
pub(crate) fn is_of_checksum(etag: &str, checksum: &str) -> bool {
    unquoted(etag) == checksum
}

/// Whether the ETag is strong: objects with the same strong ETag have the same bytes.
pub(crate) fn is_strong(etag: &str) -> bool {
    etag.starts_with('"') && etag.len() > 2
}

/// Returns the MD5 that an ETag holds, in lower-case hexadecimal.
pub(crate) fn md5_of(etag: &str) -> Option<String> {
    let checksum = unquoted(etag);
    is_md5(checksum).then(|| checksum.to_ascii_lowercase())
}

/// Whether the ETag is this MD5.
pub(crate) fn is_md5_of(etag: &str, digest: &Md5Digest) -> bool {
    unquoted(etag).eq_ignore_ascii_case(&hex(digest))
}

/// Whether the checksum has the form of an MD5.
fn is_md5(checksum: &str) -> bool {
    checksum.len() == 32 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a checksum is the one expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Different,
    /// The checksum is of another form, so it cannot be compared.
    Incomparable,
}

/// Compares the checksum of an object with the MD5 of its bytes, in hexadecimal.
pub(crate) fn compare_with_md5(checksum: &str, md5: &str) -> Comparison {
    if checksum.eq_ignore_ascii_case(md5) {
        Comparison::Equal
    } else if is_md5(checksum) {
        Comparison::Different
    } else {
        Comparison::Incomparable
    }
}

/// Compares the checksum of an object with that of the parts it was uploaded in.
pub(crate) fn compare_with_parts(checksum: &str, of_parts: &str) -> Comparison {
    if checksum.eq_ignore_ascii_case(of_parts) {
        Comparison::Equal
    } else if checksum.len() == of_parts.len() && checksum.contains('-') {
        Comparison::Different
    } else {
        Comparison::Incomparable
    }
}

/// Compares the ETag of a response of a storage with the MD5 of the bytes that were sent, in hexadecimal.
pub(crate) fn compare_response_with_md5(response: &Response<()>, md5: &str) -> Comparison {
    let Some(etag) = response.header("etag") else { return Comparison::Incomparable };
    // With encryption by a key management service or a customer key, the ETag looks like an MD5 and is not the MD5 of
    // the bytes.
    let encrypted = response.header("x-amz-server-side-encryption").is_some_and(|by| by != "AES256")
        || response.header("x-amz-server-side-encryption-customer-algorithm").is_some()
        || response.header("x-goog-encryption-kms-key-name").is_some();
    if encrypted { Comparison::Incomparable } else { compare_with_md5(unquoted(etag), md5) }
}

/// Computes whether bytes have a checksum, whichever form it has.
#[cfg(feature = "fs")]
pub(crate) enum ChecksumVerifier {
    Md5 {
        expected: String,
        md5: Md5,
    },
    /// The checksum does not say how large the parts were, so all usual sizes are tried.
    Multipart {
        expected: String,
        candidates: Vec<PartsHasher>,
    },
}

#[cfg(feature = "fs")]
impl ChecksumVerifier {
    /// Starts to compare `length` bytes with a checksum. Returns `None` if the checksum cannot be compared with bytes.
    pub(crate) fn new(checksum: &str, length: u64) -> Option<Self> {
        let expected = checksum.to_ascii_lowercase();
        if is_md5(checksum) {
            return Some(Self::Md5 { expected, md5: Md5::new() });
        }
        let (md5, parts) = checksum.split_once('-')?;
        let parts = parts.parse().ok().filter(|parts| (1..=MAX_PARTS).contains(parts) && is_md5(md5))?;
        // The sizes of this crate, of lakectl and of S3 tools; and the smallest size that gives so many parts.
        let even = even_part_size(length, parts);
        let mut sizes = [DEFAULT_PART_SIZE, DEFAULT_STREAM_PART_SIZE, 16 * MIB, 64 * MIB, even].to_vec();
        sizes.retain(|size| *size > 0 && length.div_ceil(*size) == parts);
        sizes.sort_unstable();
        sizes.dedup();
        let candidates: Vec<_> = sizes.into_iter().map(PartsHasher::new).collect();
        (!candidates.is_empty()).then_some(Self::Multipart { expected, candidates })
    }

    /// Hashes the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5 { md5, .. } => md5.update(bytes),
            Self::Multipart { candidates, .. } => {
                for hasher in candidates {
                    hasher.update(bytes);
                }
            }
        }
    }

    /// Whether the bytes have the checksum.
    pub(crate) fn matches(self) -> bool {
        match self {
            Self::Md5 { expected, md5 } => hex(&md5.finalize()) == expected,
            Self::Multipart { expected, candidates } => {
                candidates.into_iter().any(|hasher| hasher.finish() == expected)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::md5::Md5;

    #[cfg(feature = "fs")]
    #[test]
    fn checksum_of_parts_of_any_usual_size_is_verified() {
        use crate::transfer::digest::multipart_checksum;

        let mib = usize::try_from(MIB).unwrap();
        let data: Vec<u8> = (0..=250).cycle().take(17 * mib + 5).collect();
        let matches = |checksum: &str, data: &[u8]| {
            let mut verifier = ChecksumVerifier::new(checksum, data.len() as u64)?;
            data.chunks(77_777).for_each(|chunk| verifier.update(chunk));
            Some(verifier.matches())
        };
        for size in [5, 6, 8, 16] {
            let checksum = multipart_checksum(data.chunks(size * mib).map(Md5::digest));
            assert_eq!(matches(&checksum, &data), Some(true), "{size}");
            assert_eq!(matches(&checksum.to_uppercase(), &data), Some(true));
            assert_eq!(matches(&checksum, &data[1..]), Some(false));
        }
        let md5 = hex(&Md5::digest(&data));
        assert_eq!(matches(&md5, &data), Some(true));
        assert_eq!(matches(&md5, &data[1..]), Some(false));
        for other in ["", "0x8D", &format!("{md5}-0"), &format!("{md5}-500"), &format!("{md5}-x"), "-2"] {
            assert_eq!(matches(other, &data), None, "{other}");
        }
    }

    #[test]
    fn checksum_of_another_form_is_incomparable() {
        let (md5, other) = (hex(&Md5::digest("a")), hex(&Md5::digest("b")));
        assert_eq!(compare_with_md5(&md5.to_uppercase(), &md5), Comparison::Equal);
        assert_eq!(compare_with_md5(&other, &md5), Comparison::Different);
        for checksum in ["", "0x8D", &format!("{md5}-1")] {
            assert_eq!(compare_with_md5(checksum, &md5), Comparison::Incomparable, "{checksum}");
        }
        let (parts, others) = (format!("{md5}-2"), format!("{other}-2"));
        assert_eq!(compare_with_parts(&parts, &parts), Comparison::Equal);
        assert_eq!(compare_with_parts(&others, &parts), Comparison::Different);
        assert_eq!(compare_with_parts(&md5, &parts), Comparison::Incomparable);
    }

    #[test]
    fn only_a_quoted_etag_is_strong() {
        assert!(is_strong("\"a\""));
        for etag in ["", "\"\"", "W/\"a\"", "a"] {
            assert!(!is_strong(etag), "{etag}");
        }
    }

    #[test]
    fn md5_is_read_from_an_etag() {
        let digest = Md5::digest("a");
        let md5 = hex(&digest);
        assert_eq!(md5_of(&format!("\"{}\"", md5.to_uppercase())).as_ref(), Some(&md5));
        assert!(is_md5_of(&format!("\"{md5}\""), &digest) && !is_md5_of("\"x\"", &digest));
        assert_eq!(md5_of(&format!("\"{md5}-2\"")), None);
    }
}
