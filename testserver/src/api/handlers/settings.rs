//! Repository settings: garbage collection rules and branch protection.

use axum::http::StatusCode;
use axum::http::header::ETAG;
use serde::{Deserialize, Serialize};

use crate::api::call::Call;
use crate::api::response::{ApiResult, no_content, ok};
use crate::http::{empty, set_header};
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
struct ProtectionRule {
    pattern: String,
}

/// Responds with `null` instead of an empty list of branches, as lakeFS does.
pub(crate) fn get_gc_rules(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let rules = catalog.gc_rules(call.repository())?;
    let branches = rules.branches.iter();
    let branches: Vec<_> =
        branches.map(|(id, days)| GcRule { branch_id: id.clone(), retention_days: (*days).into() }).collect();
    ok(&GcRules {
        branches: Some(branches).filter(|branches| !branches.is_empty()),
        default_retention_days: rules.default_retention_days.into(),
    })
}

pub(crate) fn set_gc_rules(call: &Call<'_>) -> ApiResult {
    let body: GcRules = call.body("SetGCRules")?;
    let branches = body.branches.unwrap_or_default().into_iter();
    let rules = model::GcRules {
        default_retention_days: days(body.default_retention_days),
        branches: branches.map(|rule| (rule.branch_id, days(rule.retention_days))).collect(),
    };
    call.catalog_mut().set_gc_rules(call.repository(), Some(rules))?;
    no_content()
}

/// Converts a number of days to 32 bits. lakeFS truncates too.
#[expect(clippy::cast_possible_truncation, reason = "lakeFS truncates the number")]
fn days(days: i64) -> i32 {
    days as i32
}

pub(crate) fn delete_gc_rules(call: &Call<'_>) -> ApiResult {
    call.catalog_mut().set_gc_rules(call.repository(), None)?;
    no_content()
}

/// The `ETag` is the checksum of the rules without quotes. It is empty if there are no rules.
pub(crate) fn get_protection_rules(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let protection = catalog.protection(call.repository())?;
    let rules: Vec<_> =
        protection.patterns().iter().map(|pattern| ProtectionRule { pattern: pattern.clone() }).collect();
    let mut response = ok(&rules)?;
    set_header(&mut response, ETAG, &protection.checksum());
    Ok(response)
}

pub(crate) fn set_protection_rules(call: &Call<'_>) -> ApiResult {
    let body: Vec<ProtectionRule> = call.body("SetBranchProtectionRules")?;
    let patterns = body.into_iter().map(|rule| rule.pattern).collect();
    let expected = call.header("if-match");
    call.catalog_mut().set_protection(call.repository(), patterns, expected.as_deref())?;
    no_content()
}

pub(crate) fn create_protection_rule(call: &Call<'_>) -> ApiResult {
    let body: ProtectionRule = call.body("InternalCreateBranchProtectionRule")?;
    call.catalog_mut().edit_protection(call.repository(), |patterns| {
        if !patterns.contains(&body.pattern) {
            patterns.push(body.pattern);
        }
        Ok(())
    })?;
    no_content()
}

/// Responds to an unknown rule with a status and no body.
pub(crate) fn delete_protection_rule(call: &Call<'_>) -> ApiResult {
    let body: ProtectionRule = call.body("InternalDeleteBranchProtectionRule")?;
    let removed = call.catalog_mut().edit_protection(call.repository(), |patterns| {
        let index = patterns.iter().position(|pattern| *pattern == body.pattern);
        patterns.remove(index.ok_or_else(|| Error::from(ErrorKind::RuleNotFound))?);
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

/// Allows every authenticated user to change settings.
pub(crate) fn preflight(_: &Call<'_>) -> ApiResult {
    no_content()
}
