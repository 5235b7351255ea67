//! Merges.

use std::collections::BTreeMap;
use std::fmt;

use futures::TryStreamExt as _;

use crate::api::Response;
use crate::handles::reference::Reference;
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::models;
use crate::requests::new_head::new_head;
use crate::requests::support::{awaits, flags};
use crate::{Error, ErrorKind, Result};

/// How many conflicts an error names. All of them are in the diff of the two references.
const NAMED_CONFLICTS: usize = 10_000;

/// Where the server writes the strategy into the metadata of a merge.
const STRATEGY: &str = ".lakefs.merge.strategy";

/// Merges a reference into a branch; see [`Reference::merge_into`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Merge {
    source: Reference,
    destination: String,
    body: models::Merge,
}

/// What becomes of paths that both sides changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MergeStrategy {
    /// The source's version is taken, also where it is a deletion.
    SourceWins,
    /// The destination's version stays.
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

impl Merge {
    pub(crate) fn new(source: Reference, destination: String) -> Self {
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

    /// The message of the merge commit, in place of the server's own.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.message = Some(message.into());
        self
    }

    /// Adds a pair to the metadata of the merge commit.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.metadata.insert(key.into(), value.into());
        self
    }

    /// What becomes of paths that both sides changed. Without a strategy they are an error.
    pub fn strategy(mut self, strategy: MergeStrategy) -> Self {
        self.body.strategy = Some(strategy.to_string());
        self
    }

    flags! {
        /// Makes one commit on the destination, which does not name the source as a parent.
        squash => body.squash_merge;
        /// Merges even if there is nothing to merge.
        allow_empty => body.allow_empty;
        /// Merges even if the destination is read-only, or there is nothing to merge.
        force => body.force;
    }

    async fn send(self) -> Result<models::MergeResult> {
        let start = RequestStart::now();
        let repository = self.source.repository();
        let request = repository
            .client
            .api()
            .merge_into_branch()
            .repository(repository.name())
            .source_ref(self.source.expression())
            .destination_branch(&*self.destination)
            .body(self.body.clone());
        let sent = request.send().await.map(Response::into_inner);
        match reconcile(sent, || self.find_applied(start), OnMissing::Unknown).await {
            Err(error) if error.kind() == ErrorKind::MergeConflict => {
                Err(with_conflicts(error, &self.source, &self.destination).await)
            }
            merged => merged,
        }
    }

    /// The head of the destination, if it is the merge that was asked for.
    async fn find_applied(&self, start: RequestStart) -> Result<Option<models::MergeResult>> {
        let models::Merge { message, metadata, strategy, squash_merge, allow_empty, force } = &self.body;
        // Such merges can be made one after the other, and a squashed one does not name its source.
        if allow_empty.is_some() || force.is_some() || squash_merge.is_some() {
            return Ok(None);
        }
        let destination = self.source.repository().reference(&self.destination);
        let Some(head) = new_head(&destination.scope(), start).await? else { return Ok(None) };
        let source = self.source.get_commit().await?;
        let (from, into) = (self.source.expression(), &self.destination);
        let message = message.clone().filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("Merge '{from}' into '{into}'"));
        let mut metadata = metadata.clone();
        metadata.insert(STRATEGY.to_owned(), strategy.as_deref().unwrap_or("default").to_owned());
        let own =
            head.parents.get(1) == Some(&source.id) && head.message == message && head.metadata == metadata;
        Ok(own.then_some(models::MergeResult { reference: head.id }))
    }
}

awaits!(Merge => models::MergeResult);

/// Names the paths, which the server does not.
pub(crate) async fn with_conflicts(error: Error, source: &Reference, destination: &str) -> Error {
    let mut found = source.conflicts_with(destination);
    let mut conflicts = Vec::new();
    // A diff that cannot be read leaves the error as it is: that there are conflicts is what matters.
    while let Ok(Some(conflict)) = found.try_next().await {
        conflicts.push(conflict.into());
        if conflicts.len() == NAMED_CONFLICTS {
            break;
        }
    }
    error.with_conflicts(conflicts)
}
