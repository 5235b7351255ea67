//! Merges.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use futures::TryStreamExt as _;

use crate::api::Response;
use crate::error::{Error, ErrorKind, Result};
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::macros::{bool_setters, impl_into_future};
use crate::models;
use crate::ref_expr::{BranchName, RefExpr};
use crate::requests::commit::get_commit;
use crate::requests::diff::ListConflicts;
use crate::requests::new_head::new_head;
use crate::scope::RefScope;

/// How many conflicts an error names. A diff of the two refs lists all of them.
const MAX_CONFLICTS: usize = 10_000;

/// The metadata key under which the server records the strategy of a merge.
const STRATEGY_KEY: &str = ".lakefs.merge.strategy";

/// Merges a ref into a branch. Returned by [`Branch::merge_into`](crate::Branch::merge_into).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct MergeRequest {
    source: RefScope,
    destination: BranchName,
    body: models::Merge,
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
        let repository = self.source.repository();
        let destination = repository.reference(self.destination.within(repository)?);
        let start = RequestStart::now();
        let request = repository
            .api()
            .merge_into_branch()
            .repository(repository.name())
            .source_ref(self.source.expression())
            .destination_branch(destination.expression())
            .body(self.body.clone());
        let sent = request.send().await.map(Response::into_inner);
        match reconcile(sent, || self.find_applied(&destination, start), OnMissing::Unknown).await {
            Err(error) if error.kind() == ErrorKind::MergeConflict => {
                Err(with_conflicts(error, &self.source, self.destination.clone()).await)
            }
            merged => merged,
        }
    }

    /// Returns the head of the destination if it is the requested merge.
    async fn find_applied(
        &self,
        destination: &RefScope,
        start: RequestStart,
    ) -> Result<Option<models::MergeResult>> {
        let models::Merge { message, metadata, strategy, squash_merge, allow_empty, force } = &self.body;
        // Several equal merges with these options can follow each other, and a squash does not name its source.
        if allow_empty.is_some() || force.is_some() || squash_merge.is_some() {
            return Ok(None);
        }
        let Some(head) = new_head(destination, start).await? else { return Ok(None) };
        let source = get_commit(&self.source).await?;
        let (from, into) = (self.source.expression(), destination.expression());
        let message = message.clone().filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("Merge '{from}' into '{into}'"));
        let mut metadata = metadata.clone();
        metadata.insert(STRATEGY_KEY.to_owned(), strategy.as_deref().unwrap_or("default").to_owned());
        let requested =
            head.parents.get(1) == Some(&source.id) && head.message == message && head.metadata == metadata;
        Ok(requested.then_some(models::MergeResult { reference: head.id }))
    }
}

impl_into_future!(MergeRequest { source } => models::MergeResult);

/// Adds the conflicting paths to the error of a merge. The response of the server does not name them.
pub(crate) async fn with_conflicts(
    error: Error,
    source: &RefScope,
    destination: impl Into<RefExpr>,
) -> Error {
    let mut list = ListConflicts::new(source.clone(), destination.into());
    let mut conflicts = Vec::new();
    // Where the conflicts cannot be listed, the error is returned without them.
    while let Ok(Some(conflict)) = list.try_next().await {
        conflicts.push(conflict.into());
        if conflicts.len() == MAX_CONFLICTS {
            break;
        }
    }
    error.with_conflicts(conflicts)
}

#[cfg(test)]
mod tests {
    use super::*;

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
