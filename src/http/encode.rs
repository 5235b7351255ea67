//! Writes names and values into the URL of a request.
//!
//! Path segments follow RFC 3986, with the additions that lakeFS needs. The query is `application/x-www-form-urlencoded` as the
//! WHATWG URL standard defines it, which is what lakeFS parses: a list is a repeated key.

use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode_byte, utf8_percent_encode};
use reqwest::Url;

use crate::error::INVALID_NAME;

/// The bytes that are percent-encoded in a path segment.
///
/// The path set of the URL standard, with these changes:
/// * without `^`, which is common in ref expressions and needs no encoding;
/// * with `/`, which would end the segment, and `\`, which URL parsers read as `/`;
/// * with `+`, because lakeFS decodes a path like a query, where `+` is a space.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'\\')
    .add(b'+');

/// Returns the URL of a request: a base URL, a path template with its parameters, and a query.
///
/// # Errors
/// A message, if a parameter of the path is missing or cannot be a path segment.
pub(crate) fn url<'a>(
    base: &str,
    template: &str,
    parameter: impl Fn(&str) -> Option<&'a str>,
    query: &[(&'static str, String)],
) -> Result<Url, String> {
    let mut url = base.to_owned();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        let value = parameter(name).ok_or_else(|| format!("`{name}` is not set"))?;
        url.push_str(before);
        url.push_str(&path_segment(value)?);
        rest = after;
    }
    url.push_str(rest);
    let mut url = Url::parse(&url).map_err(|error| format!("the URL {url} is invalid: {error}"))?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// Returns a name as one path segment.
///
/// # Errors
/// A message, if the name is empty, `.` or `..`: a URL cannot contain these as a segment, percent-encoded or not.
fn path_segment(name: &str) -> Result<String, String> {
    match name {
        "" | "." | ".." => Err(format!("{name:?} {INVALID_NAME}")),
        // lakeFS decodes a path a second time (`%2561` becomes `a`), unless more of it is encoded than necessary.
        name if name.contains('%') => Ok(name.bytes().map(percent_encode_byte).collect()),
        name => Ok(utf8_percent_encode(name, ENCODED).to_string()),
    }
}

/// Returns a time in the format of RFC 3339.
pub(crate) fn date_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(path: &str, query: &[(&'static str, &str)]) -> Result<String, String> {
        let query: Vec<_> = query.iter().map(|&(name, value)| (name, value.to_owned())).collect();
        url("http://host/api/v1", "/refs/{ref}/objects", |name| (name == "ref").then_some(path), &query)
            .map(String::from)
    }

    #[test]
    fn name_stays_one_segment() {
        for (name, segment) in [
            ("main~1^2@", "main~1^2@"),
            ("main:a;b,c=d&e!$'()*|[x]", "main:a;b,c=d&e!$'()*|[x]"),
            ("a/b c\\..\\d?#+é", "a%2Fb%20c%5C..%5Cd%3F%23%2B%C3%A9"),
            ("\"<>`{}", "%22%3C%3E%60%7B%7D"),
            ("a\0\n\t\u{7f}", "a%00%0A%09%7F"),
            ("...", "..."),
            ("../..", "..%2F.."),
            ("/", "%2F"),
            ("日本\u{202e}", "%E6%97%A5%E6%9C%AC%E2%80%AE"),
        ] {
            let expected = format!("http://host/api/v1/refs/{segment}/objects");
            assert_eq!(example(name, &[]), Ok(expected), "{name:?}");
        }
    }

    #[test]
    fn name_with_percent_sign_is_encoded_completely() {
        assert_eq!(path_segment("a%2F~").unwrap(), "%61%25%32%46%7E");
        assert_eq!(path_segment("%2e%2e").unwrap(), "%25%32%65%25%32%65");
        assert_eq!(path_segment("%").unwrap(), "%25");
    }

    #[test]
    fn name_without_spelling_is_rejected() {
        for name in ["", ".", ".."] {
            assert_eq!(path_segment(name), Err(format!("{name:?} {INVALID_NAME}")));
        }
    }

    #[test]
    fn missing_path_parameter_is_reported() {
        assert_eq!(url("http://host", "/refs/{ref}", |_| None, &[]), Err("`ref` is not set".to_owned()));
    }

    #[test]
    fn query_value_survives_decoding() {
        let hostile = "a&b=c+d e%20f#g?h/é\"<>\\\0\n;日";
        let text = example("main", &[("path", hostile), ("prefix", ""), ("path", "&path=x")]).unwrap();
        let (_, query) = text.split_once('?').unwrap();
        assert!(!query.contains([' ', '#', '"', '<', '\\', '\n']), "{query}");
        let decoded: Vec<_> = Url::parse(&text).unwrap().query_pairs().into_owned().collect();
        let expected = [("path", hostile), ("prefix", ""), ("path", "&path=x")];
        assert_eq!(decoded, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn space_in_query_is_a_plus() {
        assert_eq!(
            example("main", &[("path", "a b+c")]).unwrap(),
            "http://host/api/v1/refs/main/objects?path=a+b%2Bc"
        );
    }

    #[test]
    fn empty_query_is_omitted() {
        assert_eq!(example("main", &[]).unwrap(), "http://host/api/v1/refs/main/objects");
    }

    #[test]
    fn time_has_only_the_digits_it_needs() {
        let time = |nanoseconds| DateTime::from_timestamp(1_790_000_000, nanoseconds).unwrap();
        assert_eq!(date_time(time(0)), "2026-09-21T14:13:20Z");
        assert_eq!(date_time(time(5_000_000)), "2026-09-21T14:13:20.005Z");
    }
}
