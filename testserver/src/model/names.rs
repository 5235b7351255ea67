//! Validation of names, ids and paths.

use super::error::{Error, ErrorKind, Result};

/// The longest object path, in bytes.
const MAX_PATH_LENGTH: usize = 1024;

/// Accepts 3 to 63 lower-case letters, digits and dashes that do not start with a dash.
pub(crate) fn repository(id: &str) -> Result<()> {
    not_empty(id)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (3..=63).contains(&id.len()) && id.bytes().all(allowed) && !id.starts_with('-') {
        Ok(())
    } else {
        Err(ErrorKind::InvalidRepositoryId.into())
    }
}

/// Accepts ASCII letters, digits, underscores and dashes that do not start with a dash.
pub(crate) fn branch(id: &str) -> Result<()> {
    not_empty(id)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.bytes().all(allowed) && !id.starts_with('-') {
        Ok(())
    } else {
        Err(ErrorKind::InvalidBranchId.into())
    }
}

/// Accepts all text without white space.
pub(crate) fn reference(expression: &str) -> Result<()> {
    not_empty(expression)?;
    let space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0c | b'\r');
    if expression.bytes().any(space) { Err(ErrorKind::InvalidRef.into()) } else { Ok(()) }
}

/// Accepts what git accepts as a ref name, except for slashes, and additionally `~`.
pub(crate) fn tag(id: &str) -> Result<()> {
    not_empty(id)?;
    let is_invalid = id == "@"
        || [".", ".lock"].iter().any(|end| id.ends_with(end))
        || ["..", "/", "@{"].iter().any(|part| id.contains(part))
        || id.contains(['^', ':', '?', '*', '[', '\\'])
        || id.chars().any(|character| character <= ' ');
    if is_invalid { Err(ErrorKind::InvalidTagId.into()) } else { Ok(()) }
}

/// Accepts 1 to 1024 bytes.
pub(crate) fn path(path: &[u8]) -> Result<()> {
    if path.is_empty() { Err(ErrorKind::MissingPath.into()) } else { optional_path(path) }
}

/// Accepts up to 1024 bytes.
pub(crate) fn optional_path(path: &[u8]) -> Result<()> {
    if path.len() > MAX_PATH_LENGTH {
        return Err(Error::from(ErrorKind::InvalidValue)
            .detail(format_args!("{} is above maximum length ({MAX_PATH_LENGTH})", path.len())));
    }
    Ok(())
}

fn not_empty(value: &str) -> Result<()> {
    if value.is_empty() { Err(ErrorKind::RequiredValue.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_id_is_validated() {
        for good in ["abc", "0-9", "a--", &"a".repeat(63)] {
            assert!(repository(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "Abc", "a_b", "a.b", "abc\n", &"a".repeat(64)] {
            assert!(repository(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn branch_name_is_validated() {
        for good in ["a", "_x", "A-1", &"b".repeat(300)] {
            assert!(branch(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a/b", "a.b", "main@", "main~1", "é", "a b"] {
            assert!(branch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tag_name_is_validated() {
        for good in ["v1.0", "a~b", "ü", "-", "@x", "a$"] {
            assert!(tag(good).is_ok(), "{good}");
        }
        for bad in
            ["", "@", "a.", "a.lock", "a..b", "a/b", "a@{b", "a^", "a:b", "a?", "a*", "[a", "a\\b", "a b"]
        {
            assert!(tag(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn path_length_is_validated() {
        assert_eq!(path(b"").unwrap_err().kind(), ErrorKind::MissingPath);
        assert!(path(&[0xff; 1024]).is_ok());
        let error = path(&[b'a'; 1025]).unwrap_err();
        assert_eq!(error.to_string(), "invalid value: validation error: 1025 is above maximum length (1024)");
    }
}
