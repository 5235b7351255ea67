//! Whether the head of a branch was created by a request whose response was lost.
//!
//! A commit carries nothing by which its creator could recognise it, and adding something would change the user's data.
//! A head that was created after the request started and has everything that was requested is therefore taken for the
//! requested one. Another writer can only have created it by requesting the same at the same time.

use reqwest::header::DATE;

use crate::error::Result;
use crate::http::reconcile::RequestStart;
use crate::models::Commit;
use crate::scope::RefScope;

/// The head of a branch, if it was created after `start`.
pub(crate) async fn new_head(branch: &RefScope, start: RequestStart) -> Result<Option<Commit>> {
    let request = branch.api().get_commit().repository(branch.repository().name());
    let response = request.commit_id(branch.expression()).send().await?;
    let is_new = start.is_before(response.get_ref().creation_date, response.header(DATE.as_str()));
    Ok(is_new.then(|| response.into_inner()))
}
