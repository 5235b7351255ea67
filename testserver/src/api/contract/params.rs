//! Parameters of operations, and the two places where lakeFS checks them.
//!
//! The check against the contract comes before authentication, and its errors are JSON. Parameter binding,
//! which lakeFS generates, comes after authentication, rejects some of what the contract allows, and its
//! errors are plain text.

use axum::http::{HeaderMap, HeaderValue};

use crate::http::{Query, lossy, parse_rfc3339};

/// A query or header parameter of an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    name: &'static str,
    location: Location,
    value_type: ValueType,
    required: bool,
    may_be_empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Location {
    Query,
    Header,
}

#[derive(Debug, Clone, Copy)]
enum ValueType {
    Text,
    TextList,
    Integer,
    /// An integer from -1 to 1000.
    Amount,
    Boolean,
    DateTime,
    Enum(&'static [&'static str]),
    ByteRange,
}

impl Param {
    const fn new(name: &'static str, value_type: ValueType) -> Self {
        Self { name, location: Location::Query, value_type, required: false, may_be_empty: false }
    }

    /// A required text that is not empty.
    pub(crate) const fn required(name: &'static str) -> Self {
        Self { required: true, ..Self::new(name, ValueType::Text) }
    }

    /// An optional text that is not empty if present.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, ValueType::Text)
    }

    /// An optional text that may be empty.
    pub(crate) const fn text_or_empty(name: &'static str) -> Self {
        Self { may_be_empty: true, ..Self::new(name, ValueType::Text) }
    }

    pub(crate) const fn text_list(name: &'static str) -> Self {
        Self::new(name, ValueType::TextList)
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self::new(name, ValueType::Integer)
    }

    pub(crate) const fn amount() -> Self {
        Self::new("amount", ValueType::Amount)
    }

    pub(crate) const fn boolean(name: &'static str) -> Self {
        Self::new(name, ValueType::Boolean)
    }

    pub(crate) const fn date_time(name: &'static str) -> Self {
        Self { may_be_empty: true, ..Self::new(name, ValueType::DateTime) }
    }

    pub(crate) const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self::new(name, ValueType::Enum(values))
    }

    pub(crate) const fn header(name: &'static str) -> Self {
        Self { location: Location::Header, ..Self::new(name, ValueType::Text) }
    }

    pub(crate) const fn header_or_empty(name: &'static str) -> Self {
        Self { may_be_empty: true, ..Self::header(name) }
    }

    pub(crate) const fn byte_range() -> Self {
        Self { location: Location::Header, ..Self::new("Range", ValueType::ByteRange) }
    }

    fn values<'a>(&'a self, query: &'a Query, headers: &'a HeaderMap) -> Vec<&'a [u8]> {
        match self.location {
            Location::Query => query.all(self.name).collect(),
            Location::Header => headers.get(self.name).map(HeaderValue::as_bytes).into_iter().collect(),
        }
    }

    /// Checks a request against the contract.
    pub(crate) fn check(&self, query: &Query, headers: &HeaderMap) -> Result<(), String> {
        let location = match self.location {
            Location::Query => "query",
            Location::Header => "header",
        };
        let values = self.values(query, headers);
        let violation = match values.first() {
            None if self.required => Some("value is required but missing".to_owned()),
            None => None,
            Some(_) if matches!(self.value_type, ValueType::TextList) => {
                values.iter().find(|value| value.is_empty()).map(|_| EMPTY.to_owned())
            }
            // An empty value of a parameter with a default or limits counts as a missing parameter.
            Some([])
                if self.may_be_empty || matches!(self.value_type, ValueType::Amount | ValueType::Enum(_)) =>
            {
                None
            }
            Some([]) => Some(EMPTY.to_owned()),
            Some(value) => self.violation(&lossy(value)),
        };
        match violation {
            Some(violation) => {
                Err(format!("parameter \"{}\" in {location} has an error: {violation}", self.name))
            }
            None => Ok(()),
        }
    }

    fn violation(&self, value: &str) -> Option<String> {
        match self.value_type {
            ValueType::Integer => integer_error(value),
            ValueType::Amount => integer_error(value).or_else(|| match value.parse::<i64>() {
                Ok(..-1) => Some("number must be at least -1".to_owned()),
                Ok(1001..) => Some("number must be at most 1000".to_owned()),
                _ => None,
            }),
            ValueType::Boolean if parse_boolean(value).is_none() => {
                Some(format!("value {value}: an invalid boolean: invalid syntax"))
            }
            ValueType::DateTime if parse_rfc3339(value).is_none() => {
                Some("string doesn't match the format \"date-time\"".to_owned())
            }
            ValueType::Enum(values) if !values.contains(&value) => {
                let values = values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(",");
                Some(format!("value is not one of the allowed values [{values}]"))
            }
            ValueType::ByteRange if !is_byte_range(value) => {
                Some(format!("string doesn't match the regular expression \"{BYTE_RANGE}\""))
            }
            _ => None,
        }
    }

    /// Checks what lakeFS's parameter binding checks.
    pub(crate) fn bind(&self, query: &Query, headers: &HeaderMap) -> Result<(), String> {
        let values = self.values(query, headers);
        let name = self.name;
        let single = match (self.location, self.value_type) {
            (_, ValueType::TextList) => true,
            (Location::Query, ValueType::Text | ValueType::DateTime) => values.len() < 2,
            (Location::Query, _) => values.len() < 2 && !values.first().is_some_and(|value| value.is_empty()),
            (Location::Header, _) if values.first().is_some_and(|value| value.is_empty()) => {
                return Err(format!(
                    "Invalid format for parameter {name}: parameter '{name}' is empty, can't bind its value"
                ));
            }
            (Location::Header, _) => true,
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

/// Returns the error of the contract for a value that is not an integer.
pub(crate) fn integer_error(value: &str) -> Option<String> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("value {value}: an invalid integer: invalid syntax"));
    }
    value.parse::<i64>().err().map(|_| format!("value {value}: an invalid integer: value out of range"))
}

/// Parses a boolean as Go's `strconv.ParseBool` does.
pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The pattern of the contract for byte ranges.
pub(super) const BYTE_RANGE: &str = r"^bytes=((\d*-\d*,? ?)+)$";

/// Returns whether the text matches [`BYTE_RANGE`].
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
    fn byte_ranges_match_the_pattern_of_the_contract() {
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
