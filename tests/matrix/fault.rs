//! The faults of the matrix.

use std::time::Duration;

use lakefs::ErrorKind::{
    self, Conflict, Integrity, NotFound, RateLimited, Server as ServerError, Timeout, Transport,
    UnexpectedResponse,
};
use lakefs_testserver::FaultBuilder;

use crate::case::{Case, Effect};

/// What a fault does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// lakeFS responds with this status and message.
    Lakefs(u16, &'static str),
    /// The same, with `Retry-After`.
    LakefsRetryAfter(u16, &'static str),
    /// A proxy responds with this status and with words of its own.
    Proxy(u16),
    /// A page of the web interface.
    Html,
    /// Status 499 and nothing else.
    Empty499,
    /// The connection is refused.
    Refused,
    /// The connection is dropped when the head of the request has arrived.
    ResetBeforeBody,
    /// The connection is dropped when the request has arrived.
    ResetAfterBody,
    /// The response ends in the middle of its body.
    CutBody,
    /// No response.
    StalledHead,
    /// The response stops in the middle of its body.
    StalledBody,
    /// The status is that of a success, the body cannot be that of the operation.
    JunkBody,
}

/// A fault of the matrix.
#[expect(clippy::struct_excessive_bools, reason = "the properties are independent")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    /// Whether the server has applied the request.
    pub(crate) applied: bool,
    /// Whether the response proves that the request was not applied.
    pub(crate) proves_not_applied: bool,
    /// Whether a later request may succeed, so that a read is sent again.
    pub(crate) transient: bool,
    /// The kinds of an error that the fault causes.
    pub(crate) kinds: &'static [ErrorKind],
    /// Whether the matrix also applies it to every attempt.
    pub(crate) persistent_too: bool,
}

const SLOW_DOWN: &str = "Throughput exceeded. Slow down and retry";
const TOO_MANY: &str = "Too many attempts, try again later";
pub(crate) const INTERNAL_ERROR: &str = "internal server error";
const LOST_RACE: &str = "update branch: predicate failed";

/// Operations that set the head of a branch, and fail if another writer did so at the same time.
const ADVANCES_BRANCH: [&str; 7] = [
    "cherry_pick",
    "commit",
    "hard_reset_branch",
    "merge_into_branch",
    "merge_pull_request",
    "reset_branch",
    "revert_branch",
];

/// A fault of a kind that happens before and after the request is applied.
const fn fault(name: &'static str, action: Action, kinds: &'static [ErrorKind]) -> Fault {
    let transient = true;
    Fault { name, action, applied: false, proves_not_applied: false, transient, kinds, persistent_too: false }
}

impl Fault {
    const fn applied(mut self) -> Self {
        self.applied = true;
        self
    }

    const fn proves_not_applied(mut self) -> Self {
        self.proves_not_applied = true;
        self
    }

    const fn not_transient(mut self) -> Self {
        self.transient = false;
        self
    }

    const fn persistent_too(mut self) -> Self {
        self.persistent_too = true;
        self
    }

    /// Whether the fault can happen to a case. lakeFS's own 503 after it applied the request only happens where it may
    /// write more than once.
    ///
    /// A response to a HEAD has no body.
    pub(crate) fn is_possible(&self, case: &Case) -> bool {
        match self.action {
            Action::JunkBody => case.operation() != "head_object",
            Action::Lakefs(503, _) if self.applied => case.effect != Effect::Read && writes_twice(case),
            Action::Lakefs(404, _) => ["cherry_pick", "commit"].contains(&case.operation()),
            Action::Lakefs(500, LOST_RACE) => ADVANCES_BRANCH.contains(&case.operation()),
            _ => true,
        }
    }

    /// Whether the response proves that a request of this case was not applied.
    pub(crate) fn is_proof(&self, case: &Case) -> bool {
        match self.action {
            Action::Lakefs(503, _) => self.proves_not_applied && !writes_twice(case),
            // The branch may be merged when only the update of the pull request lost the race.
            Action::Lakefs(500, LOST_RACE) => case.operation() != "merge_pull_request",
            _ => self.proves_not_applied,
        }
    }

    /// Puts the fault in force. A refused connection needs another endpoint instead.
    pub(crate) fn plan(&self, builder: FaultBuilder<'_>) {
        let lakefs = |builder: FaultBuilder<'_>, status, message: &str| {
            let body = format!("{{\"message\":{message:?}}}\n");
            let builder = builder.header("x-request-id", "c0ffee");
            if self.applied { builder.respond_after(status, body) } else { builder.respond(status, body) }
        };
        let foreign = |builder: FaultBuilder<'_>, status, media_type, body: &'static str| {
            let builder = builder.header("content-type", media_type);
            if self.applied { builder.respond_after(status, body) } else { builder.respond(status, body) }
        };
        match self.action {
            Action::Lakefs(status, message) => lakefs(builder, status, message),
            Action::LakefsRetryAfter(status, message) => {
                lakefs(builder.header("retry-after", "1"), status, message);
            }
            Action::Proxy(status) => {
                let words = "upstream connect error or disconnect/reset before headers";
                foreign(builder, status, "text/plain", words);
            }
            Action::Html => {
                foreign(builder, 200, "text/html; charset=utf-8", "<!doctype html><title>lakeFS</title>");
            }
            Action::Empty499 if self.applied => builder.respond_after(499, ""),
            Action::Empty499 => builder.respond(499, ""),
            Action::Refused => unreachable!("needs another endpoint"),
            Action::ResetBeforeBody => builder.drop_connection(),
            Action::ResetAfterBody if self.applied => builder.drop_response(),
            Action::ResetAfterBody => builder.drop_after_body(),
            Action::CutBody => builder.truncate_body(),
            Action::StalledHead if self.applied => builder.stall_response(),
            Action::StalledHead => builder.stall(),
            Action::StalledBody => builder.stall_body(),
            Action::JunkBody => builder.replace_body("}{ junk"),
        }
    }
}

/// Whether lakeFS may have written something when the database throttles it. The other operations have one write that
/// decides: that of the branch, tag or pull request. A commit or a metadata file without it has no effect.
fn writes_twice(case: &Case) -> bool {
    let single = [
        "cherry_pick",
        "commit",
        "create_branch",
        "create_pull_request",
        "create_tag",
        "delete_branch",
        "delete_tag",
        "hard_reset_branch",
        "merge_into_branch",
        "revert_branch",
        "update_pull_request",
    ];
    !single.contains(&case.operation())
}

/// Operations whose response has no body, so that nothing can be wrong with it.
pub(crate) fn has_no_body(case: &Case) -> bool {
    let name = case.operation();
    case.emulated.first().is_some_and(|(_, body)| body.is_empty())
        || name.starts_with("delete_") && name != "delete_objects"
        || name.starts_with("internal_") && case.effect != Effect::Read
        || name.ends_with("_preflight")
        || [
            "abort_presign_multipart_upload",
            "create_commit_record",
            "hard_reset_branch",
            "head_object",
            "health_check",
            "oauth_callback",
            "post_stats_events",
            "reset_branch",
            "restore_refs",
            "revert_branch",
            "set_branch_protection_rules",
            "set_gc_rules",
            "set_repository_metadata",
            "setup_comm_prefs",
            "update_object_user_metadata",
            "update_pull_request",
            "upload_part_copy",
        ]
        .contains(&name)
}

const FAILED: &[ErrorKind] = &[ServerError];
const BROKEN: &[ErrorKind] = &[Transport];
const JUNK: &[ErrorKind] = &[UnexpectedResponse, Integrity];

pub(crate) const FAULTS: &[Fault] = &[
    fault("429", Action::Lakefs(429, TOO_MANY), &[RateLimited]).proves_not_applied().persistent_too(),
    fault("429 with Retry-After", Action::LakefsRetryAfter(429, TOO_MANY), &[RateLimited])
        .proves_not_applied(),
    fault("lakeFS's 503", Action::Lakefs(503, SLOW_DOWN), FAILED).proves_not_applied().persistent_too(),
    fault("lakeFS's 503, applied", Action::Lakefs(503, SLOW_DOWN), FAILED).applied().persistent_too(),
    fault("proxy's 503", Action::Proxy(503), FAILED).persistent_too(),
    fault("proxy's 503, applied", Action::Proxy(503), FAILED).applied().persistent_too(),
    fault("proxy's 502", Action::Proxy(502), FAILED),
    fault("proxy's 502, applied", Action::Proxy(502), FAILED).applied(),
    fault("proxy's 504", Action::Proxy(504), &[Timeout]),
    fault("proxy's 504, applied", Action::Proxy(504), &[Timeout]).applied(),
    fault("500", Action::Lakefs(500, INTERNAL_ERROR), FAILED).persistent_too(),
    fault("500, applied", Action::Lakefs(500, INTERNAL_ERROR), FAILED).applied(),
    // Another writer of the branch was faster.
    fault("lost race", Action::Lakefs(500, LOST_RACE), &[Conflict]).proves_not_applied().persistent_too(),
    // The new commit cannot be read back for the response.
    fault("404 of the new commit", Action::Lakefs(404, "commit not found"), &[NotFound])
        .applied()
        .not_transient(),
    fault("connection refused", Action::Refused, BROKEN).proves_not_applied().persistent_too(),
    fault("reset before the body", Action::ResetBeforeBody, BROKEN),
    fault("reset after the body", Action::ResetAfterBody, BROKEN),
    fault("reset after the body, applied", Action::ResetAfterBody, BROKEN).applied().persistent_too(),
    fault("cut body", Action::CutBody, BROKEN).applied(),
    fault("stalled head", Action::StalledHead, &[Timeout]),
    fault("stalled head, applied", Action::StalledHead, &[Timeout]).applied().persistent_too(),
    fault("stalled body", Action::StalledBody, &[Timeout]).applied(),
    fault("junk body", Action::JunkBody, JUNK).applied().not_transient(),
    fault("HTML 200", Action::Html, &[UnexpectedResponse]).not_transient().persistent_too(),
    fault("HTML 200, applied", Action::Html, &[UnexpectedResponse]).applied().not_transient(),
    fault("empty 499", Action::Empty499, FAILED).not_transient(),
    fault("empty 499, applied", Action::Empty499, FAILED).applied().not_transient(),
];

/// How long after the start of a call a refusing endpoint accepts connections.
pub(crate) const REFUSAL: Duration = Duration::from_millis(2);
