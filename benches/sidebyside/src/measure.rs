//! What a process uses.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lakefs_bench::Failure;
use wait4::Wait4 as _;

/// What one run of a process has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// In user and in system mode, by it and by the processes that it has waited for.
    pub(crate) cpu: Duration,
    /// In bytes.
    pub(crate) peak: u64,
}

/// The smallest, the middle and the largest of several figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

/// Runs a process to its end. What it prints is not read.
pub(crate) fn measure(mut command: Command) -> Result<Run, Failure> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    if !used.status.success() {
        return Err(format!("{} fails: {}", command.get_program().to_string_lossy(), used.status).into());
    }
    Ok(Run { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss })
}

/// What a process prints.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{} fails: {}", command.get_program().to_string_lossy(), output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Spread {
    pub(crate) fn of(runs: &[Run], figure: impl Fn(&Run) -> f64) -> Self {
        let mut figures: Vec<_> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let at = |place: usize| figures.get(place).copied().unwrap_or(f64::NAN);
        let middle = figures.len() / 2;
        let median =
            if figures.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle - 1), at(middle)) };
        Self { least: at(0), median, most: at(figures.len().saturating_sub(1)) }
    }
}
