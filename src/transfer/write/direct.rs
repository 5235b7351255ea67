//! Uploads through the server.

use tokio::sync::OnceCell;

use crate::error::Result;
use crate::http::call::Call;
use crate::http::conditional_create::{Creation, Found, create};
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::models::ObjectStats;
use crate::transfer::digest::hex;
use crate::transfer::md5::Md5Digest;
use crate::transfer::write::create::{self, Identity, SentObject, TOKEN_KEY};
use crate::transfer::write::exclusive;
use crate::transfer::write::payload::Payload;
use crate::transfer::write::spec::{METADATA_PREFIX, UploadSpec};
use crate::transfer::write::tally::Tally;

/// Uploads an object with one request to the server.
pub(crate) async fn upload(spec: &UploadSpec, payload: Payload) -> Result<ObjectStats> {
    let action = spec.action()?;
    let tally = Tally::new(spec.progress.clone(), spec.verify);
    let tally = if is_identified_by_sent_data(spec, &payload) { tally.always_hashing() } else { tally };
    let token = spec.is_exclusive.then(create::new_token);
    let upload = ServerUpload {
        spec,
        tally: &tally,
        start: RequestStart::now(),
        token,
        payload,
        md5: OnceCell::new(),
    };
    let stats = if spec.is_create() { upload.create(&action).await? } else { upload.overwrite().await? };
    tally.verify(&stats, &action)?;
    Ok(stats)
}

/// Whether the object is recognised by the checksum of data that cannot be hashed later. Data that can be read again are
/// hashed when a check needs it.
fn is_identified_by_sent_data(spec: &UploadSpec, payload: &Payload) -> bool {
    spec.is_create() && !spec.is_exclusive && matches!(payload, Payload::OneShot(_))
}

struct ServerUpload<'a> {
    spec: &'a UploadSpec,
    tally: &'a Tally,
    start: RequestStart,
    /// The token of an exclusive upload, the same in all requests.
    token: Option<String>,
    payload: Payload,
    /// The MD5 of all data, once a check needed it and the server had not taken them all.
    md5: OnceCell<Md5Digest>,
}

impl ServerUpload<'_> {
    /// Uploads without a condition. The request is retried, so its outcome is unknown only if the data cannot be sent again.
    async fn overwrite(&self) -> Result<ObjectStats> {
        let result = self.send().await;
        let find_applied = async || {
            Ok(match self.find(false).await? {
                Found::Own { object, .. } => Some(object),
                Found::Missing | Found::Other => None,
            })
        };
        reconcile(result, self.spec.object.api().retries(), find_applied, OnMissing::Unknown).await
    }

    /// Uploads only if no object exists.
    async fn create(&self, action: &str) -> Result<ObjectStats> {
        let mut is_first = true;
        let send = || {
            let is_possible = std::mem::take(&mut is_first) || self.payload.lost().is_none();
            is_possible.then(|| self.send())
        };
        let (api, is_exclusive) = (self.spec.object.api(), self.spec.is_exclusive);
        let is_certain = self.token.is_some();
        let creation = Creation { policy: api.retries(), options: api.options(), is_exclusive, is_certain };
        let created = create(creation, send, |in_head| self.find(in_head));
        match &self.token {
            Some(token) => {
                let identity = Identity::Token(token.clone());
                exclusive::confirm(&self.spec.object, &identity, ("upload_object", action), created).await
            }
            None => created.await,
        }
    }

    async fn send(&self) -> Result<ObjectStats> {
        let call = self.call()?.body(self.payload.clone().into_request_body(self.tally));
        let response = self.spec.transport().json::<ObjectStats>(call).await;
        self.tally.finish().await.map_err(|error| self.spec.unreadable(error))?;
        Ok(response?.into_inner())
    }

    fn call(&self) -> Result<Call> {
        let call = self.spec.call()?;
        match &self.token {
            Some(token) => call.header(&format!("{METADATA_PREFIX}{TOKEN_KEY}"), token),
            None => Ok(call),
        }
    }

    async fn find(&self, in_head: bool) -> Result<Found<ObjectStats>> {
        create::find(&self.spec.object, &self.identity().await?, in_head).await
    }

    async fn identity(&self) -> Result<Identity> {
        if let Some(token) = &self.token {
            return Ok(Identity::Token(token.clone()));
        }
        match (self.tally.last_attempt(), &self.payload) {
            (Some((size, Some(md5))), payload) if payload.total() == Some(size) => {
                Ok(self.content(size, &md5))
            }
            // The server has responded before it received all data, or they were not hashed while they were sent.
            (_, Payload::Replayable(data)) => {
                let md5 = self.md5.get_or_try_init(async || {
                    let md5 = data.md5().await?;
                    data.ensure_unchanged().await?;
                    Ok(md5)
                });
                let md5 = md5.await.map_err(|error| self.spec.unreadable(error))?;
                Ok(self.content(data.length(), md5))
            }
            (_, Payload::OneShot(_)) => Ok(Identity::None),
        }
    }

    fn content(&self, size: u64, md5: &Md5Digest) -> Identity {
        let metadata = self.spec.normalized_metadata().map(|(key, value)| (key, value.to_owned())).collect();
        let object =
            SentObject { size, md5: hex(md5), content_type: self.spec.content_type.clone(), metadata };
        Identity::Content { object, start: self.start }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::{self, StreamExt as _};

    use super::*;
    use crate::scope::SpoolOptions;
    use crate::transfer::write::payload::Replayable;
    use crate::transfer::write::replay::ReplayableStream;

    #[test]
    fn only_data_that_cannot_be_read_again_are_hashed_without_verification() {
        let client = crate::Client::builder().endpoint("http://localhost").access_key("key", "secret");
        let repository = client.build().unwrap().repository("example").scope();
        let spec = UploadSpec::new(repository.reference("main").object("a"));
        let create = UploadSpec { if_none_match: Some("*".to_owned()), ..spec.clone() };
        let exclusive = UploadSpec { is_exclusive: true, ..create.clone() };
        let bytes = Payload::Replayable(Replayable::Bytes("data".into()));
        let stream = ReplayableStream::new(stream::empty().boxed(), None, SpoolOptions::default());
        let stream = Payload::OneShot(stream);
        for (spec, expected) in [(&spec, false), (&create, true), (&exclusive, false)] {
            assert!(!is_identified_by_sent_data(spec, &bytes));
            assert_eq!(is_identified_by_sent_data(spec, &stream), expected);
        }
    }
}
