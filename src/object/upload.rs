//! Uploads.

use reqwest::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};

use crate::object::sent::Sent;
use crate::object::{Body, Object, Progress};
use crate::request::{When as _, awaits};
use crate::retry::{Check, Safety};
use crate::transport::Call;
use crate::{Result, models};

/// In front of the name of a metadata pair, as a header.
const METADATA: &str = "x-lakefs-meta-";

/// What is to be written, but for the data.
#[derive(Clone, Debug)]
pub(super) struct Put {
    pub(super) object: Object,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Vec<(String, String)>,
    pub(super) if_none_match: Option<String>,
    pub(super) if_match: Option<String>,
    pub(super) storage_class: Option<String>,
    pub(super) force: Option<bool>,
    pub(super) progress: Progress,
}

/// The options of a request that is over a [`Put`].
macro_rules! put_options {
    ($request:ident) => {
        impl $request {
            /// The media type of the object: `application/octet-stream` unless said otherwise.
            pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
                self.put.content_type = Some(media_type.into());
                self
            }

            /// Adds a pair to the metadata of the object.
            ///
            /// It travels as an HTTP header: the server keeps the key in lower case, and drops white space around the
            /// value.
            pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.put.metadata.push((key.into(), value.into()));
                self
            }

            /// Only if there is no such object: `*`. A server may know other conditions.
            ///
            /// # Errors
            /// It fails with [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed) where the object exists.
            pub fn if_none_match(mut self, tag: impl Into<String>) -> Self {
                self.put.if_none_match = Some(tag.into());
                self
            }

            /// Only if the object is the one with this entity tag. lakeFS 1.84 answers that it is
            /// [`Unsupported`](crate::ErrorKind::Unsupported).
            pub fn if_match(mut self, tag: impl Into<String>) -> Self {
                self.put.if_match = Some(tag.into());
                self
            }

            /// The storage class, for storages that have one. Deprecated by lakeFS.
            pub fn storage_class(mut self, class: impl Into<String>) -> Self {
                self.put.storage_class = Some(class.into());
                self
            }

            /// Who is told how far it has come.
            pub fn progress(mut self, progress: impl Into<Progress>) -> Self {
                self.put.progress = progress.into();
                self
            }

            $crate::request::flags! {
                /// Writes even if the repository is read-only.
                force => put.force;
            }
        }
    };
}

pub(super) use put_options;

/// Writes an object; see [`Object::upload`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Upload {
    put: Put,
    body: Body,
}

put_options!(Upload);

impl Upload {
    pub(super) fn new(object: Object, body: Body) -> Self {
        Self { put: Put::new(object), body }
    }

    async fn send(self) -> Result<models::ObjectStats> {
        self.put.send(self.body).await
    }
}

awaits!(Upload => models::ObjectStats);

impl Put {
    pub(super) fn new(object: Object) -> Self {
        Self {
            object,
            content_type: None,
            metadata: Vec::new(),
            if_none_match: None,
            if_match: None,
            storage_class: None,
            force: None,
            progress: Progress::default(),
        }
    }

    /// The request, without data.
    pub(super) fn call(&self) -> Result<Call> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let request = repository
            .client
            .api()
            .upload_object()
            .repository(repository.name())
            .branch(reference.expression())
            .path(self.object.path())
            .when(self.storage_class.as_deref(), |request, class| request.storage_class(class))
            .when(self.force, |request, force| request.force(force))
            .body("");
        let mut call = request.call()?;
        if let Some(media_type) = &self.content_type {
            call = call.header(CONTENT_TYPE.as_str(), media_type)?;
        }
        if let Some(tag) = &self.if_match {
            call = call.header(IF_MATCH.as_str(), tag)?;
        }
        if let Some(tag) = &self.if_none_match {
            // A second try would meet the object of the first.
            call = call.header(IF_NONE_MATCH.as_str(), tag)?.safety(Safety::CheckAfter(Check::Compare));
        }
        for (key, value) in &self.metadata {
            call = call.header(&format!("{METADATA}{key}"), value)?;
        }
        Ok(call)
    }

    pub(super) async fn send(self, body: Body) -> Result<models::ObjectStats> {
        let sent = Sent::new(self.progress.clone());
        let call = self.call()?.body(body.into_outgoing(&sent));
        let action = call.describe();
        let api = self.object.reference().repository().client.api();
        let stats = match api.transport().json::<models::ObjectStats>(call).await {
            Ok(reply) => reply.into_inner(),
            // Only an upload with a condition is left in doubt: whether the object that is there now is the one it wrote.
            Err(error) if self.if_none_match.is_some() && error.is_uncertain() => {
                match self.object.get_opt().await {
                    Ok(Some(stats)) if sent.is(&stats) => stats,
                    _ => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        sent.verify(&stats, &action)?;
        self.progress.finish_item();
        Ok(stats)
    }
}
