//! Secrets in `Debug` output.

use std::fmt;

/// The text that replaces a secret.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// A URL without its query, which contains the signature if the URL is pre-signed.
pub(crate) struct Unsigned<'a, T>(pub(crate) &'a T);

impl<T: fmt::Debug> fmt::Debug for Unsigned<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Works on the `Debug` output, because fields have several types: a string, an option, a builder's result.
        let text = format!("{:?}", self.0);
        match text.split_once('?') {
            Some((url, _)) => write!(f, "{url}?<redacted>"),
            None => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_not_printed() {
        let signed = Some("s3://bucket/key?X-Amz-Signature=abc".to_owned());
        assert_eq!(format!("{:?}", Unsigned(&signed)), "Some(\"s3://bucket/key?<redacted>");
        assert_eq!(format!("{:?}", Unsigned(&"s3://bucket/key")), "\"s3://bucket/key\"");
    }
}
