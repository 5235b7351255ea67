//! The merge base of two refs.

use crate::error::Result;
use crate::models::MergeBase;
use crate::ref_expr::RefExpr;
use crate::requests::commit::get_commit;
use crate::scope::RefScope;

/// Reads the merge base of two refs, and the commits that the refs name.
pub(crate) async fn merge_base(source: &RefScope, destination: &RefExpr) -> Result<MergeBase> {
    let repository = source.repository();
    let request = repository
        .api()
        .find_merge_base()
        .repository(repository.name())
        .source_ref(source.expression())
        .destination_branch(destination.within(repository)?);
    let mut found = request.send().await?.into_inner();
    // lakeFS 1.84 returns source and destination swapped. Other versions may not, so the source is checked.
    if found.source_commit_id != found.destination_commit_id
        && get_commit(source).await?.id != found.source_commit_id
    {
        std::mem::swap(&mut found.source_commit_id, &mut found.destination_commit_id);
    }
    Ok(found)
}
