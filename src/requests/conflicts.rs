//! The conflicting paths of a merge.

use futures::TryStreamExt as _;

use crate::error::Error;
use crate::ref_expr::RefExpr;
use crate::requests::diff::ListConflicts;
use crate::scope::RefScope;

/// How many conflicts an error names. A diff of the two refs lists all of them.
const MAX_CONFLICTS: usize = 10_000;

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
