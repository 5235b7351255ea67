//! The output of a task: a report on standard output, or a failure in one line on standard error.

use std::fmt;
use std::io::{self, Write as _};

/// The reason why a task failed: one line that names what failed, and where.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// Creates a failure with this text, joined to one line: parts of it may come from a server or from a panic.
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        let text = text.to_string();
        let words = text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty());
        Self(words.collect::<Vec<_>>().join(" "))
    }

    /// Creates a failure at a place: a file or a URL.
    pub(crate) fn at(place: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(format!("{place}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::new(format!("{error}; see `cargo xtask --help`"))
    }
}

/// Prints a report to standard output. Prints nothing if it is empty.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| Failure::at("standard output", error))
}
