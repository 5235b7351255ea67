//! XIDs, the sortable ids of runs, pull requests and objects: 20 characters in Base32, for 4 bytes of time
//! and 8 bytes that make the id unique.

use super::time::Timestamp;

/// The start of the year 3000, from which descending ids count down.
const YEAR_3000: i64 = 32_503_680_000;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const LENGTH: usize = 20;

/// Creates an id that sorts after all earlier ones.
pub(crate) fn ascending() -> String {
    let now = Timestamp::now();
    with_time(now.seconds, now.nanos)
}

/// Creates an id that sorts before those of earlier seconds, and after earlier ones of the same second.
pub(crate) fn descending() -> String {
    let now = Timestamp::now();
    with_time(YEAR_3000 - now.seconds, now.nanos)
}

/// Returns whether the text has the format of an XID.
pub(crate) fn is_valid(id: &str) -> bool {
    // The last character encodes a single bit.
    id.len() == LENGTH && id.bytes().all(|byte| ALPHABET.contains(&byte)) && id.ends_with(['0', 'g'])
}

fn with_time(seconds: i64, nanos: u32) -> String {
    let mut raw = [0_u8; 12];
    raw[..4].copy_from_slice(&seconds.to_be_bytes()[4..]);
    raw[4..8].copy_from_slice(&nanos.to_be_bytes());
    raw[8..].copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[12..]);
    encode(raw)
}

fn encode(raw: [u8; 12]) -> String {
    let mut bits = raw.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
    (0..LENGTH)
        .map(|_| {
            let index = (0..5).fold(0, |index, _| (index << 1) | bits.next().unwrap_or(0));
            char::from(ALPHABET[usize::from(index)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_format_of_an_xid() {
        assert!(is_valid(&ascending()));
        assert!(is_valid(&descending()));
        assert!(is_valid("9m4e2mr0ui3e8a215n4g"));
        assert!(!is_valid("9m4e2mr0ui3e8a215n4z"));
        assert!(!is_valid("short"));
        assert_eq!(
            encode([0x4d, 0x88, 0xe1, 0x5b, 0x60, 0xf4, 0x86, 0xe4, 0x28, 0x41, 0x2d, 0xc9]),
            "9m4e2mr0ui3e8a215n4g"
        );
    }
}
