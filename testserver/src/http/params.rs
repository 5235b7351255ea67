//! Parameters of operations, and the two places where lakeFS checks them.
//!
//! First, before it looks at credentials, it holds a request against its contract and answers violations in
//! JSON. Later the generated binding of parameters refuses what the contract lets pass, in plain text.

use axum::http::{HeaderMap, HeaderValue};

use super::query::{Query, lossy};

/// A parameter of an operation, other than those in its path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    name: &'static str,
    place: Place,
    kind: Kind,
    required: bool,
    may_be_empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Query,
    Header,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Integer,
    /// An integer from -1 to 1000.
    Amount,
    Boolean,
    DateTime,
    OneOf(&'static [&'static str]),
    ByteRange,
}

impl Param {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, place: Place::Query, kind, required: false, may_be_empty: false }
    }

    /// Text that must be there.
    pub(crate) const fn required(name: &'static str) -> Self {
        Self { required: true, ..Self::new(name, Kind::Text) }
    }

    /// Text that may be left out but not left empty.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// Text that may be left out or left empty.
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self { may_be_empty: true, ..Self::new(name, Kind::Text) }
    }

    pub(crate) const fn texts(name: &'static str) -> Self {
        Self::new(name, Kind::Texts)
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer)
    }

    pub(crate) const fn amount() -> Self {
        Self::new("amount", Kind::Amount)
    }

    pub(crate) const fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    pub(crate) const fn date_time(name: &'static str) -> Self {
        Self { may_be_empty: true, ..Self::new(name, Kind::DateTime) }
    }

    pub(crate) const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self::new(name, Kind::OneOf(values))
    }

    pub(crate) const fn header(name: &'static str) -> Self {
        Self { place: Place::Header, ..Self::new(name, Kind::Text) }
    }

    pub(crate) const fn header_or_empty(name: &'static str) -> Self {
        Self { may_be_empty: true, ..Self::header(name) }
    }

    pub(crate) const fn byte_range() -> Self {
        Self { place: Place::Header, ..Self::new("Range", Kind::ByteRange) }
    }

    fn values<'a>(&'a self, query: &'a Query, headers: &'a HeaderMap) -> Vec<&'a [u8]> {
        match self.place {
            Place::Query => query.all(self.name).collect(),
            Place::Header => headers.get(self.name).map(HeaderValue::as_bytes).into_iter().collect(),
        }
    }

    /// Holds a request against the contract.
    pub(crate) fn check(&self, query: &Query, headers: &HeaderMap) -> Result<(), String> {
        let place = match self.place {
            Place::Query => "query",
            Place::Header => "header",
        };
        let values = self.values(query, headers);
        let wrong = match values.first() {
            None if self.required => Some("value is required but missing".to_owned()),
            None => None,
            Some(_) if matches!(self.kind, Kind::Texts) => {
                values.iter().find(|value| value.is_empty()).map(|_| EMPTY.to_owned())
            }
            // What has a default, or limits, is not told from a parameter that is not there.
            Some([]) if self.may_be_empty || matches!(self.kind, Kind::Amount | Kind::OneOf(_)) => None,
            Some([]) => Some(EMPTY.to_owned()),
            Some(value) => self.wrong(&lossy(value)),
        };
        match wrong {
            Some(wrong) => Err(format!("parameter \"{}\" in {place} has an error: {wrong}", self.name)),
            None => Ok(()),
        }
    }

    fn wrong(&self, value: &str) -> Option<String> {
        match self.kind {
            Kind::Integer => wrong_integer(value),
            Kind::Amount => wrong_integer(value).or_else(|| match value.parse::<i64>() {
                Ok(..-1) => Some("number must be at least -1".to_owned()),
                Ok(1001..) => Some("number must be at most 1000".to_owned()),
                _ => None,
            }),
            Kind::Boolean if boolean(value).is_none() => {
                Some(format!("value {value}: an invalid boolean: invalid syntax"))
            }
            Kind::DateTime if super::dates::parse(value).is_none() => {
                Some("string doesn't match the format \"date-time\"".to_owned())
            }
            Kind::OneOf(values) if !values.contains(&value) => {
                let values = values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(",");
                Some(format!("value is not one of the allowed values [{values}]"))
            }
            Kind::ByteRange if !is_byte_range(value) => {
                Some(format!("string doesn't match the regular expression \"{BYTE_RANGE}\""))
            }
            _ => None,
        }
    }

    /// Does what the generated binding of parameters does.
    pub(crate) fn bind(&self, query: &Query, headers: &HeaderMap) -> Result<(), String> {
        let values = self.values(query, headers);
        let name = self.name;
        let single = match (self.place, self.kind) {
            (_, Kind::Texts) => true,
            (Place::Query, Kind::Text | Kind::DateTime) => values.len() < 2,
            (Place::Query, _) => values.len() < 2 && !values.first().is_some_and(|value| value.is_empty()),
            (Place::Header, _) if values.first().is_some_and(|value| value.is_empty()) => {
                return Err(format!(
                    "Invalid format for parameter {name}: parameter '{name}' is empty, can't bind its value"
                ));
            }
            (Place::Header, _) => true,
        };
        if single {
            return Ok(());
        }
        Err(format!(
            "Invalid format for parameter {name}: multiple values for single value parameter '{name}'"
        ))
    }
}

const EMPTY: &str = "empty value is not allowed";

/// What is wrong with an integer, if it is none.
pub(super) fn wrong_integer(value: &str) -> Option<String> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("value {value}: an invalid integer: invalid syntax"));
    }
    value.parse::<i64>().err().map(|_| format!("value {value}: an invalid integer: value out of range"))
}

/// A truth value in any of Go's spellings.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

pub(super) const BYTE_RANGE: &str = r"^bytes=((\d*-\d*,? ?)+)$";

/// Whether the text is one or more byte ranges, as the contract spells them.
pub(super) fn is_byte_range(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix("bytes=") else { return false };
    loop {
        rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let Some(after) = rest.strip_prefix('-') else { return false };
        rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        rest = rest.strip_prefix(',').unwrap_or(rest);
        rest = rest.strip_prefix(' ').unwrap_or(rest);
        if rest.is_empty() {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_ranges() {
        for good in [
            "bytes=0-1",
            "bytes=-",
            "bytes=-5",
            "bytes=5-",
            "bytes=1-2, 3-4",
            "bytes=1-2-3",
            "bytes=1-2,3-4 ",
        ] {
            assert!(is_byte_range(good), "{good}");
        }
        for bad in ["", "bytes=", "bytes=a-b", "bytes=1", "bytes=1-2;", "Bytes=1-2", "bytes=1-2,  3-4"] {
            assert!(!is_byte_range(bad), "{bad}");
        }
    }
}
