//! The ids of commits.

/// The length of the id of a commit, in hexadecimal digits.
const LENGTH: usize = 64;

/// Whether a ref is the full id of a commit. Such a ref names the same commit forever.
pub(crate) fn is_commit_id(reference: &str) -> bool {
    reference.len() == LENGTH && reference.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_id_is_a_commit_id() {
        let id = "0123456789abcdef".repeat(4);
        assert!(is_commit_id(&id));
        for other in [&id[1..], &id.to_uppercase(), &format!("{}~1", &id[..62]), &"g".repeat(64), "main", ""]
        {
            assert!(!is_commit_id(other), "{other}");
        }
    }
}
