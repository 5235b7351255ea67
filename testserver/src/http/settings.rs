//! Settings of repositories.

use axum::http::header::ETAG;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::reply::{Outcome, no_content, ok, set};
use crate::model::{self, Error, ErrorKind};

#[derive(Debug, Default, Deserialize, Serialize)]
struct GcRules {
    branches: Option<Vec<GcRule>>,
    default_retention_days: i32,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct GcRule {
    branch_id: String,
    retention_days: i32,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Protection {
    pattern: String,
}

/// Rules without a branch say `null` instead of an empty list.
pub(crate) fn gc_rules(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let rules = lake.repository(call.repository())?.gc_rules.as_ref();
    let rules = rules.ok_or_else(|| Error::from(ErrorKind::NotFound))?;
    let branches = rules.branches.iter();
    let branches: Vec<_> =
        branches.map(|(id, days)| GcRule { branch_id: id.clone(), retention_days: *days }).collect();
    ok(&GcRules {
        branches: Some(branches).filter(|branches| !branches.is_empty()),
        default_retention_days: rules.default_retention_days,
    })
}

pub(crate) fn set_gc_rules(call: &Call<'_>) -> Outcome {
    let body: GcRules = call.body("SetGCRules")?;
    let branches = body.branches.unwrap_or_default().into_iter();
    let rules = model::GcRules {
        default_retention_days: body.default_retention_days,
        branches: branches.map(|rule| (rule.branch_id, rule.retention_days)).collect(),
    };
    call.lake_mut().set_gc_rules(call.repository(), Some(rules))?;
    no_content()
}

pub(crate) fn delete_gc_rules(call: &Call<'_>) -> Outcome {
    call.lake_mut().set_gc_rules(call.repository(), None)?;
    no_content()
}

/// The entity tag here is a bare checksum, empty while rules were never set.
pub(crate) fn protection(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let protection = &lake.repository(call.repository())?.protection;
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
        if patterns.contains(&body.pattern) {
            return Err(ErrorKind::RuleExists.into());
        }
        patterns.push(body.pattern);
        Ok(())
    })?;
    no_content()
}

pub(crate) fn remove_protection(call: &Call<'_>) -> Outcome {
    let body: Protection = call.body("InternalDeleteBranchProtectionRule")?;
    call.lake_mut().change_protection(call.repository(), |patterns| {
        let at = patterns.iter().position(|pattern| *pattern == body.pattern);
        patterns.remove(at.ok_or_else(|| Error::from(ErrorKind::RuleNotFound))?);
        Ok(())
    })?;
    no_content()
}

/// Asks whether settings may be changed, which they may by everyone who is known.
pub(crate) fn allowed(_: &Call<'_>) -> Outcome {
    no_content()
}
