//! Settings of repositories.

use axum::http::StatusCode;
use axum::http::header::ETAG;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::reply::{Outcome, empty, no_content, ok, set};
use crate::model::{self, Error, ErrorKind};

#[derive(Debug, Default, Deserialize, Serialize)]
struct GcRules {
    branches: Option<Vec<GcRule>>,
    default_retention_days: i64,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct GcRule {
    branch_id: String,
    retention_days: i64,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Protection {
    pattern: String,
}

/// Rules without a branch say `null` instead of an empty list.
pub(crate) fn gc_rules(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let rules = lake.gc_rules(call.repository())?;
    let branches = rules.branches.iter();
    let branches: Vec<_> =
        branches.map(|(id, days)| GcRule { branch_id: id.clone(), retention_days: (*days).into() }).collect();
    ok(&GcRules {
        branches: Some(branches).filter(|branches| !branches.is_empty()),
        default_retention_days: rules.default_retention_days.into(),
    })
}

pub(crate) fn set_gc_rules(call: &Call<'_>) -> Outcome {
    let body: GcRules = call.body("SetGCRules")?;
    let branches = body.branches.unwrap_or_default().into_iter();
    let rules = model::GcRules {
        default_retention_days: days(body.default_retention_days),
        branches: branches.map(|rule| (rule.branch_id, days(rule.retention_days))).collect(),
    };
    call.lake_mut().set_gc_rules(call.repository(), Some(rules))?;
    no_content()
}

/// A number of days as lakeFS keeps it, in 32 bits, whatever is lost.
#[allow(clippy::cast_possible_truncation)]
fn days(days: i64) -> i32 {
    days as i32
}

pub(crate) fn delete_gc_rules(call: &Call<'_>) -> Outcome {
    call.lake_mut().set_gc_rules(call.repository(), None)?;
    no_content()
}

/// The entity tag here is a bare checksum, empty while there are no rules.
pub(crate) fn protection(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let protection = lake.protection(call.repository())?;
    let rules: Vec<_> =
        protection.patterns().iter().map(|pattern| Protection { pattern: pattern.clone() }).collect();
    let mut reply = ok(&rules)?;
    set(&mut reply, ETAG, &protection.checksum());
    Ok(reply)
}

pub(crate) fn set_protection(call: &Call<'_>) -> Outcome {
    let body: Vec<Protection> = call.body("SetBranchProtectionRules")?;
    let patterns = body.into_iter().map(|rule| rule.pattern).collect();
    let seen = call.header("if-match");
    call.lake_mut().set_protection(call.repository(), patterns, seen.as_deref())?;
    no_content()
}

pub(crate) fn add_protection(call: &Call<'_>) -> Outcome {
    let body: Protection = call.body("InternalCreateBranchProtectionRule")?;
    call.lake_mut().change_protection(call.repository(), |patterns| {
        if !patterns.contains(&body.pattern) {
            patterns.push(body.pattern);
        }
        Ok(())
    })?;
    no_content()
}

/// A rule that is not there is answered with nothing but a status.
pub(crate) fn remove_protection(call: &Call<'_>) -> Outcome {
    let body: Protection = call.body("InternalDeleteBranchProtectionRule")?;
    let removed = call.lake_mut().change_protection(call.repository(), |patterns| {
        let at = patterns.iter().position(|pattern| *pattern == body.pattern);
        patterns.remove(at.ok_or_else(|| Error::from(ErrorKind::RuleNotFound))?);
        Ok(())
    });
    match removed {
        Err(error) if error.kind() == ErrorKind::RuleNotFound => Ok(empty(StatusCode::NOT_FOUND)),
        removed => {
            removed?;
            no_content()
        }
    }
}

/// Asks whether settings may be changed, which they may by everyone who is known.
pub(crate) fn allowed(_: &Call<'_>) -> Outcome {
    no_content()
}
