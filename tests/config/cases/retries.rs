//! `server.retries.enabled` and `server.retries.max_attempts`: numbers and booleans of any type.

use crate::case::{COMPLETE, Case, Outcome::Rejects, sends, with_retries};

const ENABLED: &str = "LAKECTL_SERVER_RETRIES_ENABLED";
const MAX: &str = "LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS";
const NOT_NEGATIVE: &str = "lakectl reads a negative number as more than four billion retries";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::yaml("defaults", COMPLETE, sends(5)),
        Case::retries("max_attempts: 2", sends(3)),
        Case::retries(r#"max_attempts: "2""#, sends(3)),
        Case::retries("max_attempts: 2.0", sends(3)),
        Case::retries("max_attempts: 2.9", sends(3)),
        Case::retries("max_attempts: 2e0", sends(3)),
        Case::retries("max_attempts: true", sends(2)),
        Case::retries("max_attempts: 0x2", sends(3)),
        Case::retries(r#"max_attempts: "0x2""#, sends(3)),
        Case::retries("max_attempts: 03", sends(4)),
        Case::retries("max_attempts: 0_2", sends(3)),
        Case::retries(r#"max_attempts: !!int "2""#, sends(3)),
        Case::retries("max_attempts: 0", sends(1)),
        Case::retries(r#"max_attempts: """#, sends(1)),
        Case::retries("max_attempts: null", sends(5)),
        Case::retries("max_attempts:", sends(5)),
        Case::retries(r#"max_attempts: "2.0""#, Rejects("server.retries.max_attempts")),
        Case::retries(r#"max_attempts: " 2""#, Rejects("server.retries.max_attempts")),
        Case::retries(r#"max_attempts: "+2""#, Rejects("server.retries.max_attempts")),
        Case::retries(r#"max_attempts: "-1""#, Rejects("server.retries.max_attempts")),
        Case::retries(r#"max_attempts: "4294967298""#, Rejects("server.retries.max_attempts")),
        Case::retries("max_attempts: many", Rejects("server.retries.max_attempts")),
        Case::retries("max_attempts: [2]", Rejects("server.retries.max_attempts")),
        Case::retries("max_attempts: {}", Rejects("server.retries.max_attempts")),
        Case::retries("max_attempts: 4294967298", sends(3))
            .but_client(Rejects("server.retries.max_attempts"), "lakectl drops the upper bits of the number"),
        Case::retries("max_attempts: -4294967294", sends(3))
            .but_client(Rejects("server.retries.max_attempts"), NOT_NEGATIVE),
        Case::yaml("variable over file", with_retries("max_attempts: 3"), sends(2)).set(MAX, "1"),
        Case::yaml("variable over invalid value", with_retries("max_attempts: many"), sends(2)).set(MAX, "1"),
        Case::yaml("empty variable", with_retries("max_attempts: 3"), sends(4)).set(MAX, ""),
        Case::yaml(
            "retries off, attempts set",
            with_retries("enabled: false\n    max_attempts: 3"),
            sends(1),
        ),
    ];
    for (value, attempts) in [("2", 3), ("0x2", 3), ("0b10", 3), ("0_2", 3), ("02", 3), ("0", 1)] {
        cases.push(Case::yaml(value, COMPLETE, sends(attempts)).set(MAX, value));
    }
    for value in ["2.0", " 2", "many", "true"] {
        cases.push(Case::yaml(value, COMPLETE, Rejects("server.retries.max_attempts")).set(MAX, value));
    }

    let enabled = [
        "enabled: true",
        r#"enabled: "true""#,
        "enabled: 1",
        "enabled: 2",
        "enabled: -1",
        "enabled: 0.5",
        "enabled: null",
        "enabled: TRUE",
        r#"enabled: "T""#,
    ];
    cases.extend(enabled.map(|line| Case::retries(line, sends(5))));
    let disabled = [
        "enabled: false",
        "enabled: False",
        "enabled: FALSE",
        r#"enabled: "false""#,
        r#"enabled: "FALSE""#,
        r#"enabled: "F""#,
        r#"enabled: "f""#,
        r#"enabled: "0""#,
        r#"enabled: """#,
        "enabled: 0",
        "enabled: 0.0",
    ];
    cases.extend(disabled.map(|line| Case::retries(line, sends(1))));
    let neither = [
        "enabled: no",
        "enabled: off",
        "enabled: n",
        r#"enabled: "fAlse""#,
        r#"enabled: "2""#,
        "enabled: []",
        "enabled: {}",
    ];
    cases.extend(neither.map(|line| Case::retries(line, Rejects("server.retries.enabled"))));
    for (value, attempts) in [("false", 1), ("FALSE", 1), ("f", 1), ("0", 1), ("true", 5), ("t", 5), ("1", 5)]
    {
        cases.push(Case::yaml(value, COMPLETE, sends(attempts)).set(ENABLED, value));
    }
    for value in ["no", "off", "yes", " false", "2"] {
        cases.push(Case::yaml(value, COMPLETE, Rejects("server.retries.enabled")).set(ENABLED, value));
    }
    cases
}
