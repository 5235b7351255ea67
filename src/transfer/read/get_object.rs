//! The GET request for the bytes of an object.

use std::sync::Arc;

use reqwest::header::IF_MATCH;

use crate::api::{ByteStream, Response};
use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::operation::READ_DATA;
use crate::http::retry::RetryPolicy;
use crate::macros::{ApplyIfSome as _, impl_has_options};
use crate::scope::ObjectScope;
use crate::transfer::progress::Progress;
use crate::transfer::read::byte_range::ByteRange;
use crate::transfer::read::head::HeadRequest;
use crate::transfer::read::headers::ObjectHeaders;
use crate::transfer::read::storage_source::StorageSource;
use crate::transfer::read::unidentified;
use crate::transfer::read::verifier::{OnMismatch, Suspicion, Verification};
use crate::verify::Verify;

/// The object, the options of the read, and the calls that they make.
#[derive(Clone, Debug)]
pub(crate) struct GetObject {
    object: ObjectScope,
    pub(crate) range: Option<ByteRange>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) presign: Option<bool>,
    pub(crate) verify: Verify,
    pub(crate) on_mismatch: OnMismatch,
    /// What an earlier read has found.
    pub(crate) suspicion: Option<Suspicion>,
    pub(crate) progress: Progress,
    /// The size of the object in bytes, if the caller knows it. Only the choice of the route depends on it.
    pub(crate) size_hint: Option<u64>,
    /// The object may well be large, so what the route depends on is requested at the same time as the object.
    pub(crate) is_bulk: bool,
    /// The storage with a URL that several reads of one version share.
    pub(crate) source: Option<Arc<StorageSource>>,
}

impl_has_options!(GetObject { object });

impl GetObject {
    pub(crate) fn new(object: ObjectScope) -> Self {
        let verify = object.repository().client().defaults().verify;
        Self {
            object,
            range: None,
            if_none_match: None,
            presign: None,
            verify,
            on_mismatch: OnMismatch::default(),
            suspicion: None,
            progress: Progress::default(),
            size_hint: None,
            is_bulk: false,
            source: None,
        }
    }

    pub(crate) fn object(&self) -> &ObjectScope {
        &self.object
    }

    fn call(&self) -> Result<Call> {
        let object = &self.object;
        let range = self.range.map(ByteRange::header);
        let request = object
            .api()
            .get_object()
            .repository(object.repository().name())
            .ref_(object.reference().expression())
            .path(object.path())
            .apply_if_some(self.if_none_match.as_deref(), |request, etag| request.if_none_match(etag))
            .apply_if_some(range.clone().flatten(), |request, range| request.range(range));
        let call = request.call()?;
        if range == Some(None) {
            return Err(call.invalid("the range is empty"));
        }
        Ok(call)
    }

    /// A call of the storage, without any header yet.
    pub(crate) fn storage_call(&self, url: &str) -> Result<Call> {
        self.call()?.at_storage(&READ_DATA, Some(url))
    }

    /// Prepares to read the object again if a read failed because its bytes may be wrong, and returns the error otherwise.
    pub(crate) fn read_again_after(&mut self, error: Error) -> Result<()> {
        let suspicion = Suspicion::of(error)?;
        // The bytes count once, and the totals contain them already.
        self.progress.retract(suspicion.size);
        self.progress = self.progress.of_part();
        self.suspicion = Some(suspicion);
        Ok(())
    }

    /// Returns how to verify the bytes of a whole object of which a response has these headers.
    pub(crate) fn verification(
        &self,
        headers: &ObjectHeaders,
        size: Option<u64>,
        action: &str,
    ) -> Result<Option<Verification>> {
        let repository = self.object.repository();
        let Self { verify, on_mismatch, suspicion, .. } = self;
        Verification::new(repository, headers, size, *verify, *on_mismatch, suspicion.clone(), action)
    }

    /// Describes the read, for error messages.
    pub(crate) fn action(&self) -> Result<String> {
        Ok(self.call()?.describe())
    }

    pub(crate) async fn send(&self) -> Result<Response<ByteStream>> {
        self.send_with(Ok).await
    }

    /// Requests at most `length` bytes from the start of the range.
    pub(crate) async fn send_first(&self, length: u64) -> Result<Response<ByteStream>> {
        let start = match self.range {
            Some(ByteRange::FromTo(start, _)) => start,
            _ => 0,
        };
        let range = ByteRange::FromTo(start, Some(start.saturating_add(length.saturating_sub(1))));
        Self { range: Some(range), ..self.clone() }.send_with(Ok).await
    }

    /// Requests a range of the object with this ETag. lakeFS ignores the condition.
    pub(crate) async fn send_if_match(&self, range: ByteRange, etag: &str) -> Result<Response<ByteStream>> {
        let get = Self { range: Some(range), if_none_match: None, ..self.clone() };
        get.send_with(|call| call.header(IF_MATCH.as_str(), etag)).await
    }

    async fn send_with(&self, prepare: impl Fn(Call) -> Result<Call>) -> Result<Response<ByteStream>> {
        let transport = self.object.api().transport();
        match transport.stream(prepare(self.call()?)?).await {
            Ok(response) => Ok(response),
            Err(error) => {
                let expected = unidentified::expected(&self.object, error).await?;
                let response = transport.stream(prepare(self.call()?)?.accept_unidentified()).await?;
                unidentified::identified(response, expected)
            }
        }
    }

    /// Requests the headers of the whole object.
    pub(crate) async fn head(&self) -> Result<ObjectHeaders> {
        HeadRequest::new(self.object.clone()).headers().await
    }

    pub(crate) fn retries(&self) -> &RetryPolicy {
        self.object.api().retries()
    }
}
