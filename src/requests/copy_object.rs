//! Copies an object on the server.

use crate::error::Result;
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{ObjectCopyCreation, ObjectStats};
use crate::ref_expr::BranchName;
use crate::scope::ObjectScope;

/// Copies an object; see [`Object::copy_to`](crate::Object::copy_to).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CopyObjectRequest {
    source: ObjectScope,
    branch: BranchName,
    path: String,
    force: Option<bool>,
    shallow: Option<bool>,
}

impl CopyObjectRequest {
    pub(crate) fn new(source: ObjectScope, branch: BranchName, path: String) -> Self {
        Self { source, branch, path, force: None, shallow: None }
    }

    bool_setters! {
        /// Creates the copy even if the repository is read-only. Default: `false`.
        force => force;
        /// Creates an object that shares the data of the source in the storage. Default: `false`.
        ///
        /// # Errors
        /// [`Unsupported`](crate::ErrorKind::Unsupported): the server does not implement shallow copies, as lakeFS 1.84.
        shallow => shallow;
    }

    async fn execute(self) -> Result<ObjectStats> {
        let Self { source, branch, path, force, shallow } = self;
        let repository = source.repository();
        let body = ObjectCopyCreation {
            src_path: source.path().to_owned(),
            src_ref: Some(source.reference().expression().to_owned()),
            force,
            shallow,
        };
        let request = source
            .api()
            .copy_object()
            .repository(repository.name())
            .branch(branch.within(repository)?)
            .dest_path(path)
            .body(body);
        Ok(request.send().await?.into_inner())
    }
}

impl_into_future!(CopyObjectRequest { source } => ObjectStats);
