//! Merges.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::api::Response;
use crate::error::{Error, Result};
use crate::http::reconcile::{Effect, OnMissing, reconcile};
use crate::macros::{bool_setters, impl_into_future};
use crate::models;
use crate::ref_expr::BranchName;
use crate::requests::conflicts::{ThreeWay, with_conflicts};
use crate::requests::new_commits::{FoundCommit, NewCommits, RefBefore, find_commit, remember};
use crate::scope::RefScope;

/// The metadata key under which the server records the strategy of a merge.
const STRATEGY_KEY: &str = ".lakefs.merge.strategy";

/// Merges a ref into a branch. Returned by [`Branch::merge_into`](crate::Branch::merge_into).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct MergeRequest {
    pub(super) source: RefScope,
    destination: BranchName,
    pub(super) body: models::Merge,
}

/// Which side of a merge wins where both sides changed a path.
///
/// It is written and parsed as lakeFS names it: `source-wins` and `dest-wins`.
///
/// ```
/// use lakefs::MergeStrategy;
///
/// let strategy: MergeStrategy = "dest-wins".parse()?;
/// assert_eq!(strategy, MergeStrategy::DestinationWins);
/// assert_eq!(strategy.to_string(), "dest-wins");
/// # Ok::<_, lakefs::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MergeStrategy {
    /// The version of the source replaces that of the destination. A deletion counts as a version.
    SourceWins,
    /// The version of the destination stays.
    DestinationWins,
}

impl fmt::Display for MergeStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SourceWins => "source-wins",
            Self::DestinationWins => "dest-wins",
        })
    }
}

impl FromStr for MergeStrategy {
    type Err = Error;

    /// Parses `source-wins` or `dest-wins`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the text is something else.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "source-wins" => Ok(Self::SourceWins),
            "dest-wins" => Ok(Self::DestinationWins),
            _ => Err(Error::invalid(
                format!("parse the merge strategy {text:?}"),
                "it is neither \"source-wins\" nor \"dest-wins\"",
            )),
        }
    }
}

impl MergeRequest {
    pub(crate) fn new(source: RefScope, destination: BranchName) -> Self {
        let body = models::Merge {
            allow_empty: None,
            force: None,
            message: None,
            metadata: BTreeMap::new(),
            squash_merge: None,
            strategy: None,
        };
        Self { source, destination, body }
    }

    /// Sets the message of the merge commit. Default: `Merge '<source>' into '<destination>'`.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.message = Some(message.into());
        self
    }

    /// Adds a key and a value to the metadata of the merge commit. Default: no metadata but that of the server.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets which side wins if both sides changed a path. Default: none, and such paths fail the merge with
    /// [`MergeConflict`](crate::ErrorKind::MergeConflict).
    pub fn strategy(mut self, strategy: MergeStrategy) -> Self {
        self.body.strategy = Some(strategy.to_string());
        self
    }

    bool_setters! {
        /// Creates a commit that has only the destination as its parent, so that the history of the source is not part
        /// of it. Default: `false`.
        squash => body.squash_merge;
        /// Creates a merge commit even if the source has no changes. Default: `false`.
        allow_empty => body.allow_empty;
        /// Merges even if the repository is read-only, or the source has no changes. Default: `false`.
        force => body.force;
    }

    async fn execute(self) -> Result<models::MergeResult> {
        match self.merge().await {
            Err(error) => {
                let into = self.destination.clone().into();
                Err(with_conflicts(error, ThreeWay::of_merge(&self.source, &into)).await)
            }
            merged => merged,
        }
    }

    /// The destination of the merge.
    pub(super) fn destination(&self) -> Result<RefScope> {
        let repository = self.source.repository();
        Ok(repository.reference(self.destination.within(repository)?))
    }

    /// Merges, without a list of the conflicts in the error.
    pub(super) async fn merge(&self) -> Result<models::MergeResult> {
        let repository = self.source.repository();
        let destination = self.destination()?;
        let models::Merge { squash_merge, allow_empty, force, .. } = &self.body;
        // Several equal merges with these options can follow each other, also within a second.
        let is_repeatable = squash_merge.is_some() || allow_empty.is_some() || force.is_some();
        let before =
            if is_repeatable { RefBefore::of_branch(&destination).await } else { RefBefore::unread() };
        let request = repository
            .api()
            .merge_into_branch()
            .repository(repository.name())
            .source_ref(self.source.expression())
            .destination_branch(destination.expression())
            .body(self.body.clone());
        let sent = request.send().await.map(Response::into_inner);
        let policy = repository.api().retries();
        let find_applied = || self.find_applied(&destination, &before);
        let merged = reconcile(sent, policy, find_applied, OnMissing::Unknown).await?;
        remember(&merged.reference);
        Ok(merged)
    }

    /// Searches the new commits of the destination for the requested merge.
    async fn find_applied(
        &self,
        destination: &RefScope,
        before: &RefBefore,
    ) -> Result<Effect<models::MergeResult>> {
        let models::Merge { message, metadata, strategy, squash_merge, .. } = &self.body;
        // The source may have moved since the request, and the destination as well.
        let sources = match squash_merge {
            Some(_) => NewCommits::default(),
            None => NewCommits::of(&self.source, &before.by_date()).await?,
        };
        let (from, into) = (self.source.expression(), destination.expression());
        let message = message.clone().filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("Merge '{from}' into '{into}'"));
        let mut metadata = metadata.clone();
        metadata.insert(STRATEGY_KEY.to_owned(), strategy.as_deref().unwrap_or("default").to_owned());
        let is_requested = |commit: &models::Commit| {
            let has_parents = match &*commit.parents {
                [_] => squash_merge.is_some(),
                [_, merged] => squash_merge.is_none() && sources.ids().any(|id| id == merged),
                _ => false,
            };
            has_parents && commit.message == message && commit.metadata == metadata
        };
        Ok(match find_commit(destination, before, is_requested).await? {
            FoundCommit::None => Effect::Missing,
            // A source is merged once, so an equal merge of up to a few seconds before is as good.
            FoundCommit::One { commit, .. } => Effect::Applied(models::MergeResult { reference: commit.id }),
            FoundCommit::Several => Effect::Ambiguous,
        })
    }
}

impl_into_future!(MergeRequest { source } => models::MergeResult);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn strategy_is_parsed_as_it_is_written() {
        for strategy in [MergeStrategy::SourceWins, MergeStrategy::DestinationWins] {
            assert_eq!(strategy.to_string().parse::<MergeStrategy>().unwrap(), strategy);
        }
        for text in ["", "ours", "Source-Wins"] {
            let error = text.parse::<MergeStrategy>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{text}");
        }
    }
}
