//! What a secret looks like in `Debug`.

use std::fmt;

/// Stands for a secret.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// An address without its query, which holds the signature when the address is pre-signed.
pub(crate) struct Unsigned<'a, T>(pub(crate) &'a T);

impl<T: fmt::Debug> fmt::Debug for Unsigned<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By its `Debug` form, which every kind of field has: a string, an option of one, a builder's result.
        let text = format!("{:?}", self.0);
        match text.split_once('?') {
            Some((address, _)) => write!(f, "{address}?<redacted>"),
            None => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_not_printed() {
        let signed = Some("s3://bucket/key?X-Amz-Signature=abc".to_owned());
        assert_eq!(format!("{:?}", Unsigned(&signed)), "Some(\"s3://bucket/key?<redacted>");
        assert_eq!(format!("{:?}", Unsigned(&"s3://bucket/key")), "\"s3://bucket/key\"");
    }
}
