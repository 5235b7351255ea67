//! What to make of a commit whose reply was lost: it may have been made, and must not be made twice.
//!
//! A commit has nothing by which its maker would know it again, and nothing is put into it for that. But where it is
//! the head of its branch, was made since the request began, and is all that was asked for, it is taken for the one.
//! Another writer can have made it only by doing the same at the same moment, and then there was nothing left to do.
//! In every other case the outcome stays unknown, and the caller is told so.

use std::time::{Instant, UNIX_EPOCH};

use reqwest::header::DATE;

use crate::handles::reference::Reference;
use crate::{Result, models};

/// Where it is not known whether the server acted, looks for what it made. When that is not to be found, the failure
/// stands: the server may still be at work, so nothing is sent again.
pub(crate) async fn recover<T>(sent: Result<T>, look: impl Future<Output = Result<Option<T>>>) -> Result<T> {
    match sent {
        Err(error) if error.is_outcome_unknown() => match look.await {
            Ok(Some(found)) => Ok(found),
            Ok(None) | Err(_) => Err(error),
        },
        sent => sent,
    }
}

/// When a request began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began(Instant);

impl Began {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// The head of a branch, if it was made since.
    ///
    /// Both times are by the server's clock, which its replies tell: the beginning was as long before the reply as it
    /// was here. Commits and replies are dated to the second, and so is this.
    pub(crate) async fn new_head(self, branch: &Reference) -> Result<Option<models::Commit>> {
        let repository = branch.repository();
        let api = repository.client.api();
        let request = api.get_commit().repository(repository.name()).commit_id(branch.expression());
        let reply = request.send().await?;
        let date = reply.header(DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok());
        let Some(now) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else { return Ok(None) };
        let began = now.saturating_sub(self.0.elapsed()).as_secs();
        let head = reply.into_inner();
        let made = u64::try_from(head.creation_date).unwrap_or_default();
        Ok((made >= began).then_some(head))
    }
}
