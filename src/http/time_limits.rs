//! How long the client waits for the server: a limit for each operation.
//!
//! A limit applies to each wait for the server: until it takes the next bytes of a request, until it sends the head of
//! the response, and until it sends the next bytes of the body. It does not limit the duration of a transfer.

use std::time::Duration;

use crate::http::operation::Operation;

/// The limit of operations that only read. Three attempts of it fit into the default time of a
/// [`RetryPolicy`](crate::RetryPolicy).
const READ: Duration = Duration::from_secs(60);

/// The limit of all other operations. The commit or merge of millions of objects takes the server minutes, in which it
/// sends nothing, and it responds to an upload after it has written the object.
const WORK: Duration = Duration::from_secs(300);

/// Operations with the method `GET` that can take as long as others.
const LONG_READS: [&str; 2] = [
    // With objects or prefixes, the server compares each commit with its parent.
    "log_commits",
    // The server exchanges a code with another server.
    "oauth_callback",
];

/// Operations with another method than `GET` that take no longer than a read.
const SHORT_WORK: [&str; 6] = [
    "delete_object",
    "external_principal_login",
    "login",
    "post_stats_events",
    "stage_object",
    "update_object_user_metadata",
];

/// The limits of a client.
#[derive(Clone, Debug)]
pub(crate) struct TimeLimits {
    /// Replaces all others.
    configured: Option<Duration>,
}

impl TimeLimits {
    pub(super) fn new(configured: Option<Duration>) -> Self {
        Self { configured }
    }

    /// The limit of an operation.
    pub(super) fn of(&self, operation: &Operation) -> Duration {
        self.configured.unwrap_or_else(|| {
            let id = operation.id;
            let is_short = match operation.method {
                "GET" | "HEAD" => !LONG_READS.contains(&id),
                _ => SHORT_WORK.contains(&id),
            };
            if is_short { READ } else { WORK }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::retry::RetryPolicy;

    fn operation(id: &str) -> &'static Operation {
        crate::api::OPERATIONS.iter().find(|operation| operation.id == id).unwrap()
    }

    #[test]
    fn exceptions_are_operations_of_the_other_kind() {
        for id in LONG_READS {
            assert_eq!(operation(id).method, "GET", "{id}");
        }
        for id in SHORT_WORK {
            assert_ne!(operation(id).method, "GET", "{id}");
        }
    }

    #[test]
    fn hung_read_is_retried_within_the_default_policy() {
        let limits = TimeLimits::new(None);
        let read = limits.of(operation("stat_object"));
        let policy = RetryPolicy::default();
        assert!(policy.backoff(2, read * 2 + Duration::from_secs(1), None).is_some());
        assert!(limits.of(operation("merge_into_branch")) > policy.get_max_elapsed());
        assert_eq!(TimeLimits::new(Some(Duration::MAX)).of(operation("commit")), Duration::MAX);
    }
}
