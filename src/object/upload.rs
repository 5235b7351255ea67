//! Uploads.

use reqwest::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};

use crate::object::sent::Sent;
use crate::object::{Body, Object, Progress};
use crate::request::{When as _, awaits, flags};
use crate::retry::{Check, Safety};
use crate::{Result, models};

/// In front of the name of a metadata pair, as a header.
const METADATA: &str = "x-lakefs-meta-";

/// Writes an object; see [`Object::upload`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Upload {
    object: Object,
    body: Body,
    content_type: Option<String>,
    metadata: Vec<(String, String)>,
    if_none_match: Option<String>,
    if_match: Option<String>,
    storage_class: Option<String>,
    force: Option<bool>,
    progress: Progress,
}

impl Upload {
    pub(super) fn new(object: Object, body: Body) -> Self {
        Self {
            object,
            body,
            content_type: None,
            metadata: Vec::new(),
            if_none_match: None,
            if_match: None,
            storage_class: None,
            force: None,
            progress: Progress::default(),
        }
    }

    /// The media type of the object: `application/octet-stream` unless said otherwise.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Adds a pair to the metadata of the object.
    ///
    /// It travels as an HTTP header: the server keeps the key in lower case, and drops white space around the value.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Only if there is no such object: `*`. A server may know other conditions.
    ///
    /// # Errors
    /// The upload fails with [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed) where the object exists.
    pub fn if_none_match(mut self, tag: impl Into<String>) -> Self {
        self.if_none_match = Some(tag.into());
        self
    }

    /// Only if the object is the one with this entity tag. lakeFS 1.84 answers that it is
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn if_match(mut self, tag: impl Into<String>) -> Self {
        self.if_match = Some(tag.into());
        self
    }

    /// The storage class, for storages that have one. Deprecated by lakeFS.
    pub fn storage_class(mut self, class: impl Into<String>) -> Self {
        self.storage_class = Some(class.into());
        self
    }

    /// Who is told how far the upload has come.
    pub fn progress(mut self, progress: impl Into<Progress>) -> Self {
        self.progress = progress.into();
        self
    }

    flags! {
        /// Writes even if the repository is read-only.
        force => force;
    }

    async fn send(self) -> Result<models::ObjectStats> {
        let (reference, path) = (self.object.reference(), self.object.path());
        let repository = reference.repository();
        let api = repository.client.api();
        let sent = Sent::new(self.progress.clone());
        let request = api
            .upload_object()
            .repository(repository.name())
            .branch(reference.expression())
            .path(path)
            .when(self.storage_class, |request, class| request.storage_class(class))
            .when(self.force, |request, force| request.force(force))
            .body("");
        let mut call = request.call()?.body(self.body.into_outgoing(&sent));
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
        let action = call.describe();
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

awaits!(Upload => models::ObjectStats);
