//! Copies, which the server makes.

use crate::Object;
use crate::Result;
use crate::models::{self, ObjectCopyCreation};
use crate::requests::support::{awaits, flags};

/// Copies an object; see [`Object::copy_to`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CopyObjectRequest {
    source: Object,
    branch: String,
    path: String,
    body: ObjectCopyCreation,
}

impl CopyObjectRequest {
    pub(crate) fn new(source: Object, branch: String, path: String) -> Self {
        let body = ObjectCopyCreation {
            src_path: source.path().to_owned(),
            src_ref: Some(source.reference().expression().to_owned()),
            force: None,
            shallow: None,
        };
        Self { source, branch, path, body }
    }

    flags! {
        /// Copies even if the repository is read-only.
        force => body.force;
        /// Makes an object that shares the data of the first one. lakeFS 1.84 answers that it is
        /// [`Unsupported`](crate::ErrorKind::Unsupported).
        shallow => body.shallow;
    }

    async fn send(self) -> Result<models::ObjectStats> {
        let repository = self.source.reference().repository();
        let request = repository.api().copy_object().repository(repository.name());
        let request = request.branch(self.branch).dest_path(self.path).body(self.body);
        Ok(request.send().await?.into_inner())
    }
}

awaits!(CopyObjectRequest => models::ObjectStats);
