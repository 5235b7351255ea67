//! Measures the time and memory of a process.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lakefs_bench::BoxError;
use wait4::Wait4 as _;

/// The time and memory that a process used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// User and system time, including child processes that were waited for.
    pub(crate) cpu: Duration,
    /// The peak memory in bytes.
    pub(crate) peak: u64,
}

/// The minimum, median and maximum of several values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

/// Runs a process, and discards its output.
pub(crate) fn measure(mut command: Command) -> Result<Run, BoxError> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let usage = child.wait4()?;
    let wall = start.elapsed();
    if !usage.status.success() {
        return Err(format!("{} failed: {}", command.get_program().to_string_lossy(), usage.status).into());
    }
    Ok(Run { wall, cpu: usage.rusage.utime + usage.rusage.stime, peak: usage.rusage.maxrss })
}

/// Runs a process, and returns its output.
pub(crate) fn output(command: &mut Command) -> Result<String, BoxError> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", command.get_program().to_string_lossy(), output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Spread {
    pub(crate) fn of(runs: &[Run], value: impl Fn(&Run) -> f64) -> Self {
        let mut values: Vec<_> = runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle - 1), at(middle)) };
        Self { min: at(0), median, max: at(values.len().saturating_sub(1)) }
    }
}
