//! One setting, and its conversion to the type that it must have.
//!
//! lakectl converts between types: a number may be quoted, a boolean may be a number, and a duration may be a number of
//! nanoseconds. Only text must be text, so that an access key id of digits keeps its leading zeros.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::config::duration::parse_duration;
use crate::config::number::{parse_bool, parse_signed, parse_unsigned};
use crate::config::value::Value;
use crate::error::{Error, Result};

/// Where a setting is.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Variable,
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "no file is read"))]
    File(&'a Path),
}

/// A value, its key in the file, and where it is.
pub(super) struct Setting<'a> {
    pub(super) key: &'static str,
    pub(super) source: Source<'a>,
    pub(super) value: Value,
}

/// The environment variable of a key.
pub(super) fn variable_name(key: &str) -> String {
    format!("LAKECTL_{}", key.replace('.', "_").to_ascii_uppercase())
}

impl Setting<'_> {
    pub(super) fn bool(&self) -> Result<bool> {
        match &self.value {
            Value::Bool(value) => Ok(*value),
            Value::Integer(value) => Ok(*value != 0),
            Value::Float(value) => Ok(*value != 0.0),
            Value::Text(text) if text.is_empty() => Ok(false),
            Value::Text(text) => parse_bool(text).ok_or_else(|| self.invalid("true or false")),
            Value::Null | Value::List | Value::Mapping(_) => Err(self.invalid("true or false")),
        }
    }

    /// A number that cannot be negative. The fraction of a number is dropped.
    pub(super) fn count(&self) -> Result<u32> {
        let value = match &self.value {
            Value::Text(text) if text.is_empty() => Some(0),
            Value::Text(text) => parse_unsigned(text).map(i128::from),
            value => number(value),
        };
        value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| self.invalid("a number"))
    }

    /// A number of any sign. The fraction of a number is dropped.
    pub(super) fn integer(&self) -> Result<i64> {
        let value = match &self.value {
            Value::Text(text) if text.is_empty() => Some(0),
            Value::Text(text) => parse_signed(text).map(i128::from),
            value => number(value),
        };
        value.and_then(|value| i64::try_from(value).ok()).ok_or_else(|| self.invalid("a number"))
    }

    /// The nanoseconds of a duration. A number that is not text counts nanoseconds.
    fn nanoseconds(&self) -> Result<i64> {
        let value = match &self.value {
            Value::Text(text) => parse_duration(text),
            value => number(value).and_then(|value| i64::try_from(value).ok()),
        };
        value.ok_or_else(|| self.invalid("a duration such as 200ms or 1m30s"))
    }

    /// How long to wait. A negative duration is no wait.
    pub(super) fn wait(&self) -> Result<Duration> {
        Ok(Duration::from_nanos(u64::try_from(self.nanoseconds()?).unwrap_or(0)))
    }

    /// How long something is valid, or `None` for 0, which means the default.
    ///
    /// It counts in seconds. A number without a unit would be nanoseconds, and whoever writes it means seconds.
    pub(super) fn lifetime(&self) -> Result<Option<Duration>> {
        match self.nanoseconds()? {
            0 => Ok(None),
            nanoseconds => match u64::try_from(nanoseconds).map(Duration::from_nanos) {
                Ok(lifetime) if lifetime >= Duration::from_secs(1) => Ok(Some(lifetime)),
                _ => Err(self.invalid("a duration of at least 1s with its unit, such as 3600s")),
            },
        }
    }

    /// Text, which may be a secret, so that the message does not show it.
    pub(super) fn text(self) -> Result<String> {
        match self.value {
            Value::Text(text) => Ok(text),
            value => {
                let kind = value.kind();
                Err(Error::config(format!(
                    "{} is {kind} instead of text: quote it",
                    Place::of(self.key, self.source)
                )))
            }
        }
    }

    /// Headers: a mapping, or text such as `name=value,name=value`.
    pub(super) fn headers(&self) -> Result<BTreeMap<String, String>> {
        let invalid = || {
            let place = Place::of(self.key, self.source);
            // A header may hold a secret.
            Error::config(format!(
                "{place} is neither a mapping of names to values nor text such as name=value,name=value"
            ))
        };
        match &self.value {
            Value::Text(text) if text.is_empty() => Ok(BTreeMap::new()),
            Value::Text(text) => text
                .split(',')
                .map(|pair| {
                    let (name, value) = pair.split_once('=').ok_or_else(invalid)?;
                    Ok((name.trim().to_owned(), value.trim().to_owned()))
                })
                .collect(),
            Value::Mapping(mapping) => mapping
                .0
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Value::Text(text) => text.clone(),
                        Value::Null => String::new(),
                        Value::Bool(value) => u8::from(*value).to_string(),
                        Value::Integer(value) => value.to_string(),
                        Value::Float(value) => value.to_string(),
                        Value::List | Value::Mapping(_) => return Err(invalid()),
                    };
                    Ok((name.clone(), value))
                })
                .collect(),
            _ => Err(invalid()),
        }
    }

    pub(super) fn invalid(&self, expected: &str) -> Error {
        let place = Place::of(self.key, self.source);
        Error::config(format!("{place} is {} instead of {expected}", self.value.describe()))
    }
}

/// A number that is not text.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number that is too large saturates, and is then rejected"
)]
fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(value) => Some(i128::from(*value)),
        Value::Integer(value) => Some(*value),
        Value::Float(value) if value.is_finite() => Some(value.trunc() as i128),
        _ => None,
    }
}

/// The name of a setting in messages.
pub(super) struct Place<'a> {
    key: &'a str,
    source: Source<'a>,
}

impl<'a> Place<'a> {
    pub(super) fn of(key: &'a str, source: Source<'a>) -> Self {
        Self { key, source }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Source::Variable => f.write_str(&variable_name(self.key)),
            Source::File(path) => {
                write!(f, "{} in the file {} (or {})", self.key, path.display(), variable_name(self.key))
            }
        }
    }
}
