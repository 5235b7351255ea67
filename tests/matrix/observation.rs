//! What was seen of a pair, and what is wrong with it.

use std::fmt;

use lakefs::{Error, ErrorKind};

use crate::case::{Case, Effect};
use crate::expectation::Expectation;
use crate::healthy::{Healthy, is_visible};

/// What is wrong with the outcome of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// The request took effect more than once, or the state is neither that before nor that after.
    Twice,
    /// The call succeeded without effect, or with a wrong value.
    Lost,
    /// The call failed for certain, although it took effect.
    FalselyCertain,
    /// The call did not end.
    Hung,
    /// The outcome is true, and not permitted.
    NotPermitted,
}

/// What was seen of a pair.
pub(crate) struct Observation {
    /// `None`: the call did not end.
    pub(crate) outcome: Option<lakefs::Result<String>>,
    /// How many requests took effect.
    pub(crate) applications: usize,
    /// What the server contained before the call and contains after it.
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Observation {
    /// Returns what is wrong. `value` is that of the call without a fault.
    pub(crate) fn violation(
        &self,
        case: &Case,
        healthy: &Healthy,
        value: &str,
        expected: Expectation,
    ) -> Option<Violation> {
        let is_visible = is_visible(case);
        let is_applied = if is_visible { self.after == healthy.after } else { self.applications > 0 };
        let is_single = matches!(case.effect, Effect::Checked | Effect::Once);
        let is_another_state = is_visible && self.after != healthy.after && self.after != self.before;
        if is_another_state || is_single && self.applications > 1 {
            return Some(Violation::Twice);
        }
        match self.outcome.as_ref() {
            None => Some(Violation::Hung),
            Some(Ok(seen)) if seen != value && !expected.any_value => Some(Violation::Lost),
            Some(Ok(_)) if case.effect != Effect::Read && !is_applied => Some(Violation::Lost),
            Some(Ok(_)) => (!expected.success).then_some(Violation::NotPermitted),
            Some(Err(error)) if is_single && is_applied && !error.is_outcome_unknown() => {
                Some(Violation::FalselyCertain)
            }
            Some(Err(error)) => (!is_permitted(error, expected)).then_some(Violation::NotPermitted),
        }
    }

    /// Whether the call failed with a timeout.
    pub(crate) fn is_timeout(&self) -> bool {
        matches!(&self.outcome, Some(Err(error)) if error.kind() == ErrorKind::Timeout)
    }
}

fn is_permitted(error: &Error, expected: Expectation) -> bool {
    let certainty = if error.is_outcome_unknown() { expected.unknown } else { expected.certain };
    certainty && expected.kinds.contains(&error.kind())
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            None => f.write_str("no end")?,
            Some(Ok(value)) => write!(f, "Ok({})", value.chars().take(60).collect::<String>())?,
            Some(Err(error)) => {
                let outcome = if error.is_outcome_unknown() { "unknown" } else { "certain" };
                write!(f, "{:?}, {outcome}: {error}", error.kind())?;
            }
        }
        let state = if self.after == self.before { "unchanged" } else { "changed" };
        write!(f, "; applied {} times, the state is {state}", self.applications)
    }
}
