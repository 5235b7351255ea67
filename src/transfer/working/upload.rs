//! Uploads files of a directory, with their modification times.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::RefScope;
use crate::transfer::blocking;
use crate::transfer::dir::listing::MODIFIED_KEY;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::progress::Progress;
use crate::transfer::working::apply::{check, run_all};
use crate::transfer::working::base::BaseEntry;
use crate::transfer::working::files::Stamp;
use crate::transfer::write::body::Body;
use crate::transfer::write::upload::UploadRequest;

/// The number of parts of large files that are uploaded at once, for all files together.
const PART_PERMITS: usize = 8;

/// Uploads files to a branch, and returns their objects.
///
/// # Errors
/// [`Conflict`](ErrorKind::Conflict): a file changed after its stamp was taken.
pub(crate) async fn upload_files(
    branch: &RefScope,
    prefix: &str,
    root: &Arc<Path>,
    concurrency: usize,
    progress: &Progress,
    files: Vec<(String, Stamp)>,
) -> Result<Vec<BaseEntry>> {
    for (_, stamp) in &files {
        progress.expect(1, Some(stamp.bytes));
    }
    let permits = Arc::new(Semaphore::new(PART_PERMITS));
    let action = || format!("upload the changes of working copy {}", root.display());
    let files = files.into_iter().map(|(name, stamp)| (name.clone(), (name, stamp))).collect();
    run_all(prefix, concurrency, files, action, |(name, stamp)| {
        let permits = permits.clone();
        async move {
            let path = local_path(root, &name);
            let check = || async {
                let (root, path) = (root.clone(), path.clone());
                let checked = blocking(move || check(&root, &path, Some(&stamp))).await;
                checked.map_err(|error| Error::new(ErrorKind::Conflict, action(), error.to_string()))
            };
            check().await?;
            let object = branch.object(format!("{prefix}{name}"));
            let upload = UploadRequest::new(object, Body::file(&path)).permits(permits);
            let upload = upload.shared_progress(&progress.of_part());
            let stats = upload.metadata(MODIFIED_KEY, stamp.modified.0.to_string()).await?;
            check().await?;
            let verified = Some(stamp.modified);
            Ok(BaseEntry { modified: stamp.modified.0, verified, ..BaseEntry::of_object(name, &stats) })
        }
    })
    .await
}
