//! The configuration of lakectl.

use std::path::Path;
use std::time::Duration;

use crate::config::duration::parse_duration;
use crate::config::{Config, file};
use crate::fuzzing::input::Input;

/// A secret that the seeds contain.
const SECRET: &str = "hunter2secret";

/// Checks that any file is read or rejected by an error of one line that shows no secret.
pub fn config_file(data: &[u8]) {
    let text = Input::new(data).rest_as_text();
    let config =
        file::parse(&text, Path::new("lakectl.yaml")).and_then(|values| Config::merge(values, |_| None));
    let shown = match &config {
        Ok(config) => format!("{config:?}"),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(message.chars().count() <= 5000, "{message:?}");
            format!("{error:?}{message}")
        }
    };
    assert!(!shown.contains(SECRET) || has_secret_elsewhere(&text), "{shown}");
}

/// Whether the secret is in a value that may be shown: any but the secret access key.
fn has_secret_elsewhere(text: &str) -> bool {
    let Ok(yaml_serde::Value::Mapping(mut file)) = yaml_serde::from_str(text) else { return false };
    match file.get_mut("credentials") {
        Some(yaml_serde::Value::Mapping(credentials)) => _ = credentials.remove("secret_access_key"),
        // A tagged mapping may have an access key id.
        Some(yaml_serde::Value::Tagged(_)) => return true,
        _ => _ = file.remove("credentials"),
    }
    format!("{file:?}").contains(SECRET)
}

/// Checks that the durations that Go writes are read as the same duration, and that no other text panics.
pub fn durations(data: &[u8]) {
    let mut input = Input::new(data);
    let written = Duration::from_nanos(input.long_number() >> (input.byte() % 64));
    let parsed = parse_duration(&go_text(written)).unwrap();
    let difference = parsed.abs_diff(written);
    assert!(
        difference <= written / 1_000_000_000 + Duration::from_nanos(1),
        "{written:?} is read as {parsed:?}"
    );

    let text = String::from_utf8_lossy(data);
    if parse_duration(&text).is_some() {
        assert!(text.contains(['s', 'm', 'h']) || text.trim_start_matches(['+', '-']) == "0", "{text:?}");
    }
}

/// Writes a duration like Go: `1h2m3.5s`, `1.5ms`, `0s`.
fn go_text(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let with_fraction = |whole: u128, fraction: u128, digits: usize| {
        let text = format!("{whole}.{fraction:0digits$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let seconds = nanoseconds / 1_000_000_000;
    match nanoseconds {
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
    }
}
