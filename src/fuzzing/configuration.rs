//! The configuration of lakectl.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use yaml_serde::Value;

use crate::config::Config;
use crate::config::duration::parse_duration;
use crate::config::environment::Environment;
use crate::config::number::{parse_bool, parse_signed, parse_unsigned};
use crate::fuzzing::input::Input;

/// A secret that the seeds contain.
const SECRET: &str = "hunter2secret";

/// An environment with no variables and one file.
struct OneFile<'a>(&'a [u8]);

impl Environment for OneFile<'_> {
    fn variable(&self, _: &str) -> Option<OsString> {
        None
    }

    fn home_dir(&self) -> Option<PathBuf> {
        Some("/home".into())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let is_file = path == Path::new("/home/.lakectl.yaml");
        if is_file { Ok(self.0.to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// Checks that any file is read or rejected by an error of one line, and that no secret is shown.
pub fn config_file(data: &[u8]) {
    let config = Config::read(&OneFile(data));
    let shown = match &config {
        Ok(config) => format!("{config:?}"),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(message.chars().count() <= 5000, "{message:?}");
            format!("{error:?}{message}")
        }
    };
    if shown.contains(SECRET) {
        let text = String::from_utf8_lossy(data);
        let document = yaml_serde::Deserializer::from_str(&text).next().map(Value::deserialize);
        let may_show =
            document.is_some_and(|document| document.is_ok_and(|value| may_show_secret(&value, "")));
        assert!(may_show, "{shown}");
    }
}

/// Whether the secret is in a key or in a value that may be shown.
fn may_show_secret(value: &Value, key: &str) -> bool {
    const SECTION: &str = "credentials";
    const SECRET_KEY: &str = "secret_access_key";
    const HEADERS: &str = "token_request_headers";
    match value {
        Value::String(text) => text.contains(SECRET) && !matches!(key, SECTION | SECRET_KEY),
        Value::Sequence(values) => values.iter().any(|value| may_show_secret(value, key)),
        Value::Tagged(tagged) => {
            tagged.tag.to_string().contains(SECRET) || may_show_secret(&tagged.value, key)
        }
        Value::Mapping(mapping) => mapping.iter().any(|(name, value)| {
            let name = name.as_str().unwrap_or_default().to_ascii_lowercase();
            // The values of headers may be secrets.
            let key = if key == HEADERS { SECRET_KEY } else { name.rsplit('.').next().unwrap_or_default() };
            name.contains(SECRET) || may_show_secret(value, key)
        }),
        _ => false,
    }
}

/// Checks that the durations and numbers that Go writes are read as the same values, and that no other text panics.
pub fn durations(data: &[u8]) {
    let mut input = Input::new(data);
    let value = input.long_number().cast_signed() >> (input.byte() % 64);
    assert_eq!(parse_duration(&go_text(value)), Some(value), "{}", go_text(value));
    assert_eq!(parse_signed(&value.to_string()), Some(value));
    for text in [format!("{value:#x}"), format!("{value:#o}"), format!("{value:#b}")] {
        assert_eq!(parse_unsigned(&text), Some(value.cast_unsigned()), "{text}");
    }

    let text = String::from_utf8_lossy(data);
    if parse_duration(&text).is_some() {
        assert!(text.contains(['s', 'm', 'h']) || text.trim_start_matches(['+', '-']) == "0", "{text:?}");
    }
    if parse_bool(&text).is_some() {
        assert!(text.is_ascii() && text.len() <= 5);
    }
    if let Some(number) = parse_signed(&text) {
        assert!(parse_unsigned(&text).is_none_or(|same| i64::try_from(same) == Ok(number)), "{text:?}");
    }
}

/// Writes nanoseconds like Go: `1h2m3.5s`, `-1.5ms`, `0s`.
fn go_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let nanoseconds = nanoseconds.unsigned_abs();
    let with_fraction = |whole: u64, fraction: u64, digits: usize| {
        let text = format!("{whole}.{fraction:0digits$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let seconds = nanoseconds / 1_000_000_000;
    let text = match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{}\u{b5}s", with_fraction(nanoseconds / 1_000, nanoseconds % 1_000, 3)),
        1_000_000..1_000_000_000 => {
            format!("{}ms", with_fraction(nanoseconds / 1_000_000, nanoseconds % 1_000_000, 6))
        }
        _ => {
            let rest = with_fraction(seconds % 60, nanoseconds % 1_000_000_000, 9);
            match (seconds / 3600, seconds / 60 % 60) {
                (0, 0) => format!("{rest}s"),
                (0, minutes) => format!("{minutes}m{rest}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
            }
        }
    };
    format!("{sign}{text}")
}
