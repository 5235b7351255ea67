//! `server.retries.min_wait_interval` and `server.retries.max_wait_interval`: durations of any type.

use std::time::Duration;

use crate::case::with_retries;
use crate::check_all;
use crate::program::{Program, Setup};
use crate::recorder::{Mode, Recorder};

const MIN: &str = "LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL";
const MAX: &str = "LAKECTL_SERVER_RETRIES_MAX_WAIT_INTERVAL";

/// How much longer than its waits lakectl may take on a busy machine.
const LATE: Duration = Duration::from_secs(3);

/// Two retries with these settings in the file, and a variable.
struct Row {
    min: &'static str,
    max: &'static str,
    variable: Option<(&'static str, &'static str)>,
    expected: Expected,
}

enum Expected {
    /// The waits of lakectl, in milliseconds. Those of the client are random, and no longer.
    Waits(u64, u64),
    Rejects(&'static str),
}
use Expected::{Rejects, Waits};

fn rows() -> Vec<Row> {
    let file = |min, expected| Row { min, max: "30s", variable: None, expected };
    let max = |max, expected| Row { min: "1s", max, variable: None, expected };
    let variable =
        |name, value, expected| Row { min: "5s", max: "30s", variable: Some((name, value)), expected };
    let reject_min = || Rejects("server.retries.min_wait_interval");
    let mut rows = vec![
        file("\"0\"", Waits(0, 0)),
        file("0", Waits(0, 0)),
        file("-1s", Waits(0, 0)),
        file("-5", Waits(0, 0)),
        file("true", Waits(0, 0)),
        file("null", Waits(200, 400)),
        Row { min: "10s", max: "200ms", variable: None, expected: Waits(200, 200) },
        max("0", Waits(0, 0)),
        max("\"0\"", Waits(0, 0)),
        max("-1s", Waits(0, 0)),
        max("100ms", Waits(100, 100)),
        variable(MIN, "300ms", Waits(300, 600)),
        variable(MIN, "0", Waits(0, 0)),
        variable(MAX, "100ms", Waits(100, 100)),
        variable(MIN, "300000000", reject_min()),
        variable(MAX, " 1s", Rejects("server.retries.max_wait_interval")),
        max("5 s", Rejects("server.retries.max_wait_interval")),
    ];
    let same = [
        "300ms",
        "\"300ms\"",
        "300000000",
        "3e8",
        "300000000.9",
        "0.3s",
        ".3s",
        "300000us",
        "300000\u{b5}s",
        "300000\u{3bc}s",
        "+.3s",
        "0s300ms",
        "0h0m.3s",
    ];
    rows.extend(same.map(|min| file(min, Waits(300, 600))));
    let invalid =
        ["\"300000000\"", "\"\"", "\" 1s\"", "\"1s \"", "1S", "1d", "[1]", "{}", "2562048h", "soon"];
    rows.extend(invalid.map(|min| file(min, reject_min())));
    rows
}

impl Row {
    fn check(&self, program: &Program) -> Option<String> {
        let recorder = Recorder::start(Mode::UnavailableWithoutTime);
        let mut setup = Setup::new(recorder.endpoint());
        let Self { min, max, .. } = self;
        let line = format!("{{ max_attempts: 2, min_wait_interval: {min}, max_wait_interval: {max} }}");
        setup.write(
            ".lakectl.yaml",
            &with_retries("").replace("retries:\n    \n", &format!("retries: {line}\n")),
        );
        if let Some((name, value)) = self.variable {
            setup.set(name, value);
        }
        let report = setup.list(program);
        let requests = recorder.requests();
        let waits: Vec<_> = requests.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
        let is_expected = match &self.expected {
            Rejects(key) => {
                requests.is_empty() && report.error.contains(key_or_variable(key, self.variable, program))
            }
            Waits(first, second) => {
                let expected = [*first, *second].map(Duration::from_millis);
                let is_as_long = |(wait, expected): (&Duration, &Duration)| match program {
                    Program::Lakectl(_) => wait >= expected && *wait < *expected + LATE,
                    Program::Client => *wait < *expected + LATE,
                };
                requests.len() == 3
                    && waits.iter().zip(&expected).all(is_as_long)
                    && (matches!(program, Program::Lakectl(_)) || limits(&report.builder) == expected)
            }
        };
        let shown = (min, max, self.variable);
        (!is_expected).then(|| format!("{shown:?}: waited {waits:?}, reported {report:?}"))
    }
}

/// The name that the message of a program has for a key.
fn key_or_variable<'a>(key: &'a str, variable: Option<(&'a str, &str)>, program: &Program) -> &'a str {
    match (program, variable) {
        (Program::Client, Some((name, _))) => name,
        _ => key,
    }
}

/// Returns the longest first and second waits of the client, as its builder has them.
fn limits(builder: &str) -> [Duration; 2] {
    let value = |name: &str| {
        let (_, rest) = builder.split_once(&format!("{name}: ")).unwrap();
        duration(rest.split([',', ' ', '}']).next().unwrap())
    };
    let (min, max) = (value("initial_backoff"), value("max_backoff"));
    [min.min(max), (min * 2).min(max)]
}

/// Parses the `Debug` output of a [`Duration`].
fn duration(text: &str) -> Duration {
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let (number, unit) = text.split_at(unit);
    let scale = match unit {
        "ns" => 1e-9,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => panic!("{text}"),
    };
    // Whole milliseconds: `true` is a nanosecond.
    let seconds = (number.parse::<f64>().unwrap() * scale * 1000.0).round() / 1000.0;
    Duration::from_secs_f64(seconds)
}

#[test]
fn waits_have_the_outcome_of_the_table() {
    check_all(&rows(), Row::check);
}
