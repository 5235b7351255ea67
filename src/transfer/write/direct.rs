//! Uploads through the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;

use futures::{StreamExt as _, stream};

use crate::error::Result;
use crate::http::call::Call;
use crate::http::conditional_create::{Creation, Found, create};
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::models::ObjectStats;
use crate::transfer::digest::hex;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::create::{self, Identity, TOKEN_KEY};
use crate::transfer::write::exclusive;
use crate::transfer::write::payload::{Payload, Replayable};
use crate::transfer::write::spec::{METADATA_PREFIX, UploadSpec};
use crate::transfer::write::tally::Tally;

/// Uploads an object with one request to the server.
pub(crate) async fn upload(spec: &UploadSpec, payload: Payload) -> Result<ObjectStats> {
    let tally = Tally::new(spec.progress.clone());
    let call = spec.call()?;
    let action = call.describe();
    let stats = if spec.is_create() {
        ConditionalUpload::new(spec, &payload, &tally).run(payload, &action).await?
    } else {
        let result = send(spec, call, payload, &tally).await;
        // Without a condition, the upload is retried, so that its outcome is not unknown.
        let find_applied = async || {
            let stats = StatRequest::new(spec.object.clone()).await?;
            Ok(tally.is_object(&stats).then_some(stats))
        };
        reconcile(result, spec.object.api().retries(), find_applied, OnMissing::Unknown).await?
    };
    tally.verify(&stats, &action)?;
    Ok(stats)
}

async fn send(spec: &UploadSpec, call: Call, payload: Payload, tally: &Tally) -> Result<ObjectStats> {
    let call = call.body(payload.into_request_body(tally));
    Ok(spec.transport().json::<ObjectStats>(call).await?.into_inner())
}

/// An upload that succeeds only if no object exists.
struct ConditionalUpload<'a> {
    spec: &'a UploadSpec,
    tally: &'a Tally,
    start: RequestStart,
    /// The token of an exclusive upload, the same in all requests.
    token: Option<String>,
    /// The data, if they can be sent again.
    data: Option<Replayable>,
    /// The number of bytes, if it is known.
    length: Option<u64>,
    /// A stream of unknown length has been read to its end.
    is_read: Arc<AtomicBool>,
}

impl<'a> ConditionalUpload<'a> {
    fn new(spec: &'a UploadSpec, payload: &Payload, tally: &'a Tally) -> Self {
        let data = match payload {
            Payload::Replayable(data) => Some(data.clone()),
            Payload::OneShot(..) => None,
        };
        Self {
            spec,
            tally,
            start: RequestStart::now(),
            token: spec.is_exclusive.then(create::new_token),
            data,
            length: payload.length(),
            is_read: Arc::default(),
        }
    }

    async fn run(&self, payload: Payload, action: &str) -> Result<ObjectStats> {
        let mut first = Some(payload);
        let send = || {
            let payload = first.take().or_else(|| self.data.clone().map(Payload::Replayable))?;
            Some(self.send(self.observed(payload)))
        };
        let (api, is_exclusive) = (self.spec.object.api(), self.spec.is_exclusive);
        let creation = Creation { policy: api.retries(), options: api.options(), is_exclusive };
        let created = create(creation, send, |in_head| self.find(in_head));
        match &self.token {
            Some(token) => {
                let identity = Identity::Token(token.clone());
                exclusive::confirm(&self.spec.object, &identity, ("upload_object", action), created).await
            }
            None => created.await,
        }
    }

    async fn send(&self, payload: Payload) -> Result<ObjectStats> {
        let mut call = self.spec.call()?;
        if let Some(token) = &self.token {
            call = call.header(&format!("{METADATA_PREFIX}{TOKEN_KEY}"), token)?;
        }
        send(self.spec, call, payload, self.tally).await
    }

    async fn find(&self, in_head: bool) -> Result<Found<ObjectStats>> {
        create::find(&self.spec.object, &self.identity().await?, in_head).await
    }

    async fn identity(&self) -> Result<Identity> {
        if let Some(token) = &self.token {
            return Ok(Identity::Token(token.clone()));
        }
        let start = self.start;
        match (self.tally.last_attempt(), &self.data) {
            (Some((size, md5)), _) if self.length == Some(size) => Ok(Identity::Content { size, md5, start }),
            (Some((size, md5)), None) if self.is_read.load(Relaxed) => {
                Ok(Identity::Content { size, md5, start })
            }
            // The server has responded before it received all data.
            (_, Some(data)) => {
                let md5 = data.md5().await.map_err(|error| self.spec.unreadable(error))?;
                Ok(Identity::Content { size: data.length(), md5: hex(&md5), start })
            }
            (_, None) => Ok(Identity::None),
        }
    }

    /// Observes the end of a stream of unknown length.
    fn observed(&self, payload: Payload) -> Payload {
        match payload {
            Payload::OneShot(chunks, None) => {
                let is_read = Arc::clone(&self.is_read);
                let end = stream::poll_fn(move |_| {
                    is_read.store(true, Relaxed);
                    Poll::Ready(None)
                });
                Payload::OneShot(chunks.chain(end).boxed(), None)
            }
            payload => payload,
        }
    }
}
