//! What an upload creates, except for its data.

use std::io;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::retry_table::RetryClass;
use crate::http::send::Transport;
use crate::macros::{ApplyIfSome as _, impl_has_options};
use crate::scope::{Defaults, ObjectScope, SpoolOptions};
use crate::transfer::progress::Progress;
use crate::verify::Verify;

/// The prefix of the headers that hold user metadata.
pub(crate) const METADATA_PREFIX: &str = "x-lakefs-meta-";

/// The start of the keys that lakeFS's own clients use, and the prefix of their headers: a header has no colons.
const INTERNAL_KEYS: &str = "::lakefs::";
const INTERNAL_METADATA_PREFIX: &str = "x-lakefs-internal-";

/// The object to create, and the options of the upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadSpec {
    pub(crate) object: ObjectScope,
    pub(crate) content_type: Option<String>,
    pub(crate) metadata: Vec<(String, String)>,
    /// User metadata of an object whose checksum says nothing about its bytes, because it was sent in parts to a storage
    /// that encrypts it.
    pub(crate) metadata_if_encrypted: Option<(String, String)>,
    pub(crate) if_none_match: Option<String>,
    /// The object can be told from that of every other upload.
    pub(crate) is_exclusive: bool,
    pub(crate) if_match: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) force: Option<bool>,
    pub(crate) progress: Progress,
    pub(crate) presign: Option<bool>,
    pub(crate) part_size: Option<u64>,
    pub(crate) concurrency: Option<usize>,
    /// Limits the number of parts that several uploads send at the same time.
    pub(crate) permits: Option<Arc<Semaphore>>,
    pub(crate) verify: Verify,
    pub(crate) spool: SpoolOptions,
}

impl_has_options!(UploadSpec { object });

impl UploadSpec {
    pub(crate) fn new(object: ObjectScope) -> Self {
        let Defaults { verify, spool, .. } = object.repository().client().defaults().clone();
        Self {
            object,
            content_type: None,
            metadata: Vec::new(),
            metadata_if_encrypted: None,
            if_none_match: None,
            is_exclusive: false,
            if_match: None,
            storage_class: None,
            force: None,
            progress: Progress::default(),
            presign: None,
            part_size: None,
            concurrency: None,
            permits: None,
            verify,
            spool,
        }
    }

    /// Whether the upload succeeds only if no object exists.
    pub(crate) fn is_create(&self) -> bool {
        self.if_none_match.as_deref() == Some("*")
    }

    /// Returns the call that uploads through the server, without the data.
    pub(crate) fn call(&self) -> Result<Call> {
        let object = &self.object;
        let request = object
            .api()
            .upload_object()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .apply_if_some(self.storage_class.as_deref(), |request, class| request.storage_class(class))
            .apply_if_some(self.force, |request, force| request.force(force))
            .body("");
        let mut call = request.call()?;
        if let Some(media_type) = &self.content_type {
            call = call.header(CONTENT_TYPE.as_str(), media_type)?;
        }
        if let Some(etag) = &self.if_match {
            call = call.header(IF_MATCH.as_str(), etag)?;
        }
        if let Some(etag) = &self.if_none_match {
            // A retry would find the object that the first attempt created.
            call = call.header(IF_NONE_MATCH.as_str(), etag)?.retry_class(RetryClass::Reconcile);
        }
        for (key, value) in &self.metadata {
            let header = match key.strip_prefix(INTERNAL_KEYS) {
                Some(key) => format!("{INTERNAL_METADATA_PREFIX}{key}"),
                None => format!("{METADATA_PREFIX}{key}"),
            };
            call = call.header(&header, value)?;
        }
        Ok(call)
    }

    /// Describes the upload, for error messages.
    pub(crate) fn action(&self) -> Result<String> {
        Ok(self.call()?.describe())
    }

    /// Adds the description of the upload to an error of a step that is not a call.
    pub(crate) fn failed(&self, error: Error) -> Error {
        error.during("upload_object", || self.action().unwrap_or_default())
    }

    /// Returns the error of data that cannot be read.
    pub(crate) fn unreadable(&self, error: io::Error) -> Error {
        self.failed(Error::unreadable(error))
    }

    pub(crate) fn transport(&self) -> &Transport {
        self.object.api().transport()
    }

    /// Returns the user metadata as the server stores it when it arrives in headers, so that it does not depend on the
    /// route of the upload.
    pub(crate) fn normalized_metadata(&self) -> impl Iterator<Item = (String, &str)> {
        let is_space = |char| matches!(char, ' ' | '\t');
        self.metadata.iter().map(move |(key, value)| (key.to_ascii_lowercase(), value.trim_matches(is_space)))
    }
}
