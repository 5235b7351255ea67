//! Creates a working copy.

use std::io;

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::requests::working_copy::open::{WorkingCopyScope, resolve};
use crate::requests::working_copy::report::{WorkingCopyInfo, WorkingCopyReport};
use crate::requests::working_copy::update::{UpdateOptions, Updates};
use crate::transfer::working::apply::create_empty;
use crate::transfer::working::index::{Index, Update};
use crate::transfer::working::plan::OnConflict;
use crate::uri::Uri;

/// Downloads a prefix to a new working copy; see [`WorkingCopy::clone_from`](crate::WorkingCopy::clone_from).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WorkingCopyCloneRequest {
    scope: WorkingCopyScope,
    uri: Uri,
    options: UpdateOptions,
}

/// The setters of a request with a field `options` of type [`UpdateOptions`].
macro_rules! update_options {
    ($request:ident) => {
        impl $request {
            /// Sets how many files are transferred at once. 0 counts as 1. Default:
            /// [`ClientBuilder::dir_concurrency`](crate::ClientBuilder::dir_concurrency), which is 25.
            pub fn concurrency(mut self, files: usize) -> Self {
                self.options.concurrency = files.max(1);
                self
            }

            /// Leaves out objects whose names cannot be files below the directory. The report lists them. Default:
            /// `false`.
            ///
            /// # Errors
            /// Without it, such objects fail with [`InvalidRequest`](crate::ErrorKind::InvalidRequest). The error
            /// [lists](crate::Error::failed_objects) them, and nothing is changed.
            pub fn skip_unsupported(mut self, yes: bool) -> Self {
                self.options.skip_unsupported = yes;
                self
            }

            $crate::transfer::progress::progress_setters!(options.progress);
        }
    };
}

pub(super) use update_options;

update_options!(WorkingCopyCloneRequest);

impl WorkingCopyCloneRequest {
    pub(crate) fn new(scope: WorkingCopyScope, uri: Uri) -> Self {
        let options = UpdateOptions::new(OnConflict::Refuse, scope.concurrency());
        Self { scope, uri, options }
    }

    async fn execute(self) -> Result<WorkingCopyReport> {
        const OPERATION: &str = "clone";
        let Self { scope, uri, options } = self;
        let (source, commit) = resolve(&scope.client, &uri).await?;
        let directory = scope.directory.clone();
        let created = scope.blocking(OPERATION, move || match create_empty(&directory) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(None),
            created => created.map(Some),
        });
        let root = created.await?.ok_or_else(|| {
            Error::new(ErrorKind::AlreadyExists, scope.action(OPERATION), "the directory is not empty")
        })?;
        let update = Update { from: None, to: commit.clone() };
        let index = Index::new(&source, &*commit).during(OPERATION, Some(update.clone()));
        let mut copy = scope.create(OPERATION, root, index).await?;
        let remote = copy.remote_changes(None, &commit).await?;
        if !options.skip_unsupported {
            let supported = remote.require_supported(|| scope.action(OPERATION), &copy.prefix);
            if let Err(error) = supported {
                copy.remove_index().await?;
                return Err(error);
            }
        }
        copy.update_with(OPERATION, remote, update, &options, Updates::new()).await
    }
}

impl_into_future!(WorkingCopyCloneRequest { scope } => WorkingCopyReport);

/// Links a directory to a prefix, and keeps its files.
pub(crate) async fn init(scope: WorkingCopyScope, uri: Uri) -> Result<WorkingCopyInfo> {
    const OPERATION: &str = "create";
    let (source, commit) = resolve(&scope.client, &uri).await?;
    let directory = scope.directory.clone();
    let create = move || {
        std::fs::create_dir_all(&directory)?;
        std::path::absolute(&directory)
    };
    let root = scope.blocking(OPERATION, create).await?;
    let index = Index::new(&source, commit);
    Ok(scope.create(OPERATION, root, index).await?.info())
}
