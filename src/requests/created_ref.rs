//! Whether a branch or a tag was created by a request whose outcome is unknown.

use crate::error::Result;
use crate::http::reconcile::Effect;
use crate::models::Ref;
use crate::requests::commit::get_commit;
use crate::requests::new_commits::{NewCommits, RefBefore};
use crate::scope::{RefScope, is_commit_id};

/// The source of a branch or of a tag, before the request that creates it.
#[derive(Debug)]
pub(crate) enum Source {
    /// Any commit is accepted.
    Any,
    Commit {
        reference: RefScope,
        before: RefBefore,
    },
}

impl Source {
    /// Reads the commit of the source, unless it is a commit id or any commit is accepted.
    pub(crate) async fn new(reference: RefScope, accepts_any: bool) -> Self {
        if accepts_any {
            return Self::Any;
        }
        let before = RefBefore::of_ref(&reference).await;
        Self::Commit { reference, before }
    }

    /// Compares a branch or a tag with the request that creates it.
    ///
    /// One at a commit that the source named since the request started is what was requested, whoever created it.
    pub(crate) async fn compare(&self, found: Option<Ref>) -> Result<Effect<Ref>> {
        let Some(found) = found else { return Ok(Effect::Missing) };
        let Self::Commit { reference, before } = self else { return Ok(Effect::Applied(found)) };
        if before.head() == Some(&*found.commit_id) {
            return Ok(Effect::Applied(found));
        }
        if is_commit_id(reference.expression()) {
            return Ok(Effect::Taken);
        }
        if before.head().is_some() {
            let since = NewCommits::of(reference, before).await?;
            if since.ids().any(|id| id == found.commit_id) {
                return Ok(Effect::Applied(found));
            }
            // The source was reset to a commit of another history.
            let is_reset = since.ids().next().is_none();
            return Ok(if is_reset { Effect::Ambiguous } else { Effect::Taken });
        }
        let now = get_commit(reference).await?.id;
        Ok(if now == found.commit_id { Effect::Applied(found) } else { Effect::Ambiguous })
    }
}
