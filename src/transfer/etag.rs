//! Interprets ETags and checksums.
//!
//! lakeFS and the storages behind it identify the bytes of an object by a checksum: the MD5 of the bytes, the checksum
//! of a multipart upload (see [`multipart_checksum`](crate::transfer::digest::multipart_checksum)), or a text that says
//! nothing about the bytes. The `ETag` header holds the checksum in quotes. This module is the only one that knows
//! these forms.
//!
//! Some clients store a checksum with the quotes of the ETag that it was, and some proxies mark ETags as weak (`W/"…"`).
//! Neither changes which bytes are meant, so both are ignored in comparisons.

use crate::api::Response;
use crate::transfer::digest::{PartsHasher, hex};
use crate::transfer::hasher::Update;
use crate::transfer::md5::{Md5, Md5Digest};
use crate::transfer::part_size::{
    DEFAULT_PART_SIZE, DEFAULT_STREAM_PART_SIZE, MAX_PARTS, MIB, even_part_size,
};

/// Returns the checksum that an ETag or a stored checksum holds, without quotes and without the mark of a weak ETag.
pub(crate) fn checksum_of(mut text: &str) -> &str {
    loop {
        let checksum = strong(text).trim_matches('"');
        if checksum.len() == text.len() {
            return checksum;
        }
        text = checksum;
    }
}

/// Removes the mark of a weak ETag.
///
/// lakeFS sends strong ETags only, so a weak one was marked by a proxy. `If-None-Match` of lakeFS needs the strong one.
pub(crate) fn strong(etag: &str) -> &str {
    let etag = etag.trim();
    match etag.strip_prefix("W/").or_else(|| etag.strip_prefix("w/")) {
        Some(strong) if strong.starts_with('"') => strong,
        _ => etag,
    }
}

/// Returns the ETag that a read of an object with this checksum has.
pub(crate) fn of_checksum(checksum: &str) -> String {
    format!("\"{}\"", checksum_of(checksum))
}

/// Whether two ETags or checksums identify the same bytes.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (checksum_of(one), checksum_of(other));
    one == other || (is_hexadecimal(one) && one.eq_ignore_ascii_case(other))
}

/// Whether the ETag identifies a version of an object: it is quoted and not empty.
pub(crate) fn identifies_version(etag: &str) -> bool {
    let etag = strong(etag);
    etag.starts_with('"') && etag.len() > 2
}

/// Whether the ETag or the checksum is this MD5.
pub(crate) fn is_md5_of(etag: &str, digest: &Md5Digest) -> bool {
    checksum_of(etag).eq_ignore_ascii_case(&hex(digest))
}

/// Whether the checksum has the form of an MD5. It need not be the MD5 of the bytes: a storage with encryption by a key
/// management service has such ETags, and some clients use the ETag of the storage as the checksum.
pub(crate) fn is_md5(checksum: &str) -> bool {
    let checksum = checksum_of(checksum);
    checksum.len() == 32 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the checksum is an MD5, or that of a multipart upload.
fn is_hexadecimal(checksum: &str) -> bool {
    checksum.len() >= 32 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
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
    if checksum_of(checksum).eq_ignore_ascii_case(md5) {
        Comparison::Equal
    } else if is_md5(checksum) {
        Comparison::Different
    } else {
        Comparison::Incomparable
    }
}

/// Compares the checksum of an object with that of the parts it was uploaded in.
pub(crate) fn compare_with_parts(checksum: &str, of_parts: &str) -> Comparison {
    let checksum = checksum_of(checksum);
    if checksum.eq_ignore_ascii_case(of_parts) {
        Comparison::Equal
    } else if checksum.len() == of_parts.len() && checksum.contains('-') {
        Comparison::Different
    } else {
        Comparison::Incomparable
    }
}

/// Whether the response is that of a storage which encrypts the object with a key management service or a customer key.
/// Its ETag looks like an MD5 and is not the MD5 of the bytes.
pub(crate) fn is_of_encrypted<T>(response: &Response<T>) -> bool {
    response.header("x-amz-server-side-encryption").is_some_and(|by| by != "AES256")
        || response.header("x-amz-server-side-encryption-customer-algorithm").is_some()
        || response.header("x-goog-encryption-kms-key-name").is_some()
}

/// Compares the ETag of a response of a storage with the MD5 of the bytes that were sent, in hexadecimal.
pub(crate) fn compare_response_with_md5(response: &Response<()>, md5: &str) -> Comparison {
    match response.header("etag") {
        Some(etag) if !is_of_encrypted(response) => compare_with_md5(etag, md5),
        _ => Comparison::Incomparable,
    }
}

/// Computes whether bytes have a checksum, whichever form it has.
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

/// Whether bytes have a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChecksumMatch {
    Equal,
    /// The checksum has the form of an MD5, but the bytes have this one.
    OtherMd5(Md5Digest),
    /// The bytes are other ones, or the sizes of the parts were.
    Unknown,
}

impl ChecksumVerifier {
    /// Starts to compare `length` bytes with a checksum. Returns `None` if the checksum cannot be compared with bytes.
    pub(crate) fn new(checksum: &str, length: u64) -> Option<Self> {
        let expected = checksum_of(checksum).to_ascii_lowercase();
        if is_md5(&expected) {
            return Some(Self::Md5 { expected, md5: Md5::new() });
        }
        let (md5, parts) = expected.split_once('-')?;
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

    /// Returns how many hashes are computed.
    pub(crate) fn hashes(&self) -> usize {
        match self {
            Self::Md5 { .. } => 1,
            Self::Multipart { candidates, .. } => candidates.len(),
        }
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

    /// Compares the bytes with the checksum.
    pub(crate) fn finish(self) -> ChecksumMatch {
        let (expected, received) = match self {
            Self::Md5 { expected, md5 } => (expected, md5.finalize()),
            Self::Multipart { expected, candidates } => {
                let is_equal = candidates.into_iter().any(|hasher| hasher.finish() == expected);
                return if is_equal { ChecksumMatch::Equal } else { ChecksumMatch::Unknown };
            }
        };
        if hex(&received) == expected { ChecksumMatch::Equal } else { ChecksumMatch::OtherMd5(received) }
    }

    /// Whether the bytes have the checksum.
    #[cfg(feature = "fs")]
    pub(crate) fn matches(self) -> bool {
        self.finish() == ChecksumMatch::Equal
    }
}

impl Update for ChecksumVerifier {
    fn update(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::md5::Md5;

    #[test]
    fn checksum_of_parts_of_any_usual_size_is_verified() {
        use crate::transfer::digest::multipart_checksum;

        let mib = usize::try_from(MIB).unwrap();
        let data: Vec<u8> = (0..=250).cycle().take(17 * mib + 5).collect();
        let matches = |checksum: &str, data: &[u8]| {
            let mut verifier = ChecksumVerifier::new(checksum, data.len() as u64)?;
            data.chunks(77_777).for_each(|chunk| verifier.update(chunk));
            Some(verifier.finish() == ChecksumMatch::Equal)
        };
        for size in [5, 6, 8, 16] {
            let checksum = multipart_checksum(data.chunks(size * mib).map(Md5::digest));
            assert_eq!(matches(&checksum, &data), Some(true), "{size}");
            assert_eq!(matches(&checksum.to_uppercase(), &data), Some(true));
            assert_eq!(matches(&checksum, &data[1..]), Some(false));
        }
        let md5 = hex(&Md5::digest(&data));
        assert_eq!(matches(&md5, &data), Some(true));
        assert_eq!(matches(&format!("\"{md5}\""), &data), Some(true));
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
    fn quotes_and_weakness_do_not_matter_in_comparisons() {
        let (md5, other) = (hex(&Md5::digest("a")), hex(&Md5::digest("b")));
        for checksum in [&*md5, &format!("{md5}-2"), "0x8D", "a b"] {
            let forms = [
                checksum.to_owned(),
                format!("\"{checksum}\""),
                format!("W/\"{checksum}\""),
                format!("W/\"\"{checksum}\"\""),
            ];
            for (one, two) in forms.iter().flat_map(|one| forms.iter().map(move |two| (one, two))) {
                assert!(is_same(one, two), "{one} {two}");
                assert!(!is_same(one, &format!("{two}x")) && !is_same(one, &other), "{one} {two}");
            }
        }
        for form in [format!("\"{md5}\""), format!("W/\"{}\"", md5.to_uppercase())] {
            assert!(is_same(&form, &md5) && is_md5(&form));
            assert_eq!(compare_with_md5(&form, &md5), Comparison::Equal);
            assert_eq!(compare_with_md5(&form, &other), Comparison::Different);
        }
        assert_eq!(compare_with_parts(&format!("\"{md5}-2\""), &format!("{md5}-2")), Comparison::Equal);
        // Letters of other texts have a case.
        assert!(!is_same("\"0x8D\"", "\"0x8d\""));
        assert_eq!([strong("W/\"a\""), strong("\"W/\""), strong("W/a")], ["\"a\"", "\"W/\"", "W/a"]);
    }

    #[test]
    fn only_a_quoted_etag_identifies_a_version() {
        assert!(identifies_version("\"a\"") && identifies_version("W/\"a\""));
        for etag in ["", "\"\"", "W/\"\"", "a", "W/a"] {
            assert!(!identifies_version(etag), "{etag}");
        }
    }

    #[test]
    fn md5_is_read_from_an_etag() {
        let digest = Md5::digest("a");
        let md5 = hex(&digest);
        assert!(is_md5_of(&format!("\"{}\"", md5.to_uppercase()), &digest) && !is_md5_of("\"x\"", &digest));
        assert!(is_md5(&format!("\"{md5}\"")) && !is_md5(&format!("\"{md5}-2\"")));
    }
}
