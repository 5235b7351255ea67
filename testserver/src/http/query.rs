//! Query strings and path segments, decoded as Go's `net/url` decodes them.

use std::borrow::Cow;

/// The parameters of a query string: percent-decoded names and values, in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, Vec<u8>)>);

impl Query {
    /// Parses a query string. Leaves out parameters with a malformed escape.
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        let decoded = pairs.filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = String::from_utf8(decode(name, true)?).ok()?;
            Some((name, decode(value, true)?))
        });
        Self(decoded.collect())
    }

    /// Returns all values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_slice())
    }

    /// Returns the first value of a parameter.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_slice())
    }

    /// Returns the first value of a parameter as text.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(lossy)
    }
}

/// Decodes percent escapes. Returns `None` if one is malformed.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    Some(decoded)
}

/// Converts bytes to text, with one replacement character for every byte that is not UTF-8.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let chunks = bytes.utf8_chunks();
    chunks
        .fold(String::new(), |text, chunk| text + chunk.valid() + &"\u{fffd}".repeat(chunk.invalid().len()))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_string_is_decoded_like_in_go() {
        let query = Query::parse("path=a%2Fb+c&path=2&bad=%zz&x;y=1&flag&n=%ff");
        assert_eq!(query.all("path").collect::<Vec<_>>(), [b"a/b c".as_slice(), b"2"]);
        assert_eq!(query.bytes("bad"), None);
        assert_eq!(query.bytes("flag"), Some(b"".as_slice()));
        assert_eq!(query.text("n").as_deref(), Some("\u{fffd}"));
        assert_eq!(decode("a+b", false).as_deref(), Some(b"a+b".as_slice()));
        assert_eq!(lossy(b"a\xe2\x82z"), "a\u{fffd}\u{fffd}z");
    }
}
