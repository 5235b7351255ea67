//! Uploads.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use tokio::sync::Semaphore;

use crate::api::Response;
use crate::http::call::Call;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::http::retry_table::RetryClass;
use crate::http::send::Transport;
use crate::models::ObjectStats;
use crate::requests::support::{When as _, awaits};
use crate::transfer::write::body::Data;
use crate::transfer::write::presigned::Way;
use crate::transfer::write::tally::Sent;
use crate::{Body, Object, Progress};
use crate::{Error, Result};

/// In front of the name of a metadata pair, as a header.
const METADATA: &str = "x-lakefs-meta-";

/// What is to be written, but for the data.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) object: Object,
    pub(crate) content_type: Option<String>,
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) if_match: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) force: Option<bool>,
    pub(crate) progress: Progress,
    pub(crate) presign: Option<bool>,
    pub(crate) part_size: Option<u64>,
    pub(crate) concurrency: Option<usize>,
    /// How many parts may be under way of all the uploads that share it.
    pub(crate) slots: Option<Arc<Semaphore>>,
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

            /// Whether the data go to the storage by themselves, at a signed address, and only word of them to the server.
            ///
            /// Unless it is said, they do so where the storage of the repository signs addresses, the data are a MiB or
            /// more, as far as is known, and there is no condition or option that only the server knows. Then a storage
            /// that cannot be reached is passed over for the server, as long as the data can be sent again.
            ///
            /// # Errors
            /// Where it must be and cannot, it fails with [`Unsupported`](crate::ErrorKind::Unsupported).
            pub fn presign(mut self, yes: bool) -> Self {
                self.put.presign = Some(yes);
                self
            }

            /// How large the parts are in which data go to the storage by themselves, in bytes: 8 MiB, and of a stream 5
            /// MiB, unless said otherwise, and at least 5 MiB. They are larger where they would be more than 10,000: those
            /// of a stream of unknown length grow with their number, which is enough for 260 GiB.
            pub fn part_size(mut self, bytes: u64) -> Self {
                self.put.part_size = Some(bytes);
                self
            }

            /// How many parts are under way at once: 4, and of a stream 3, unless said otherwise. Those of a stream are in
            /// memory.
            pub fn concurrency(mut self, parts: usize) -> Self {
                self.put.concurrency = Some(parts);
                self
            }

            $crate::requests::support::flags! {
                /// Writes even if the repository is read-only.
                force => put.force;
            }
        }
    };
}

pub(crate) use put_options;

/// Writes an object; see [`Object::upload`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Upload {
    put: Put,
    body: Body,
}

put_options!(Upload);

impl Upload {
    pub(crate) fn new(object: Object, body: Body) -> Self {
        Self { put: Put::new(object), body }
    }

    /// As many parts are under way as these uploads together may have.
    pub(crate) fn sharing(mut self, slots: Arc<Semaphore>) -> Self {
        self.put.slots = Some(slots);
        self
    }

    async fn send(self) -> Result<ObjectStats> {
        self.put.send(self.body).await
    }
}

awaits!(Upload => ObjectStats);

impl Put {
    pub(crate) fn new(object: Object) -> Self {
        Self {
            object,
            content_type: None,
            metadata: Vec::new(),
            if_none_match: None,
            if_match: None,
            storage_class: None,
            force: None,
            progress: Progress::default(),
            presign: None,
            part_size: None,
            concurrency: None,
            slots: None,
        }
    }

    /// The request, without data.
    pub(crate) fn call(&self) -> Result<Call> {
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
            call = call.header(IF_NONE_MATCH.as_str(), tag)?.retry_class(RetryClass::Reconcile);
        }
        for (key, value) in &self.metadata {
            call = call.header(&format!("{METADATA}{key}"), value)?;
        }
        Ok(call)
    }

    /// What is being done, for messages.
    pub(crate) fn action(&self) -> Result<String> {
        Ok(self.call()?.describe())
    }

    /// A failure before or after what is asked of the server.
    pub(crate) fn failed(&self, error: Error) -> Error {
        error.during("upload_object", || self.action().unwrap_or_default())
    }

    pub(crate) fn transport(&self) -> &Transport {
        self.object.reference().repository().client.api().transport()
    }

    pub(crate) async fn send(self, body: Body) -> Result<ObjectStats> {
        // What no way can carry is refused first.
        self.call()?;
        let data = body.open().await.map_err(|error| self.failed(Error::unreadable(error)))?;
        let way = self.way(data.length()).await?;
        self.send_by(way, data).await
    }

    pub(crate) async fn send_by(self, way: Way, data: Data) -> Result<ObjectStats> {
        self.progress.expect(1, data.length());
        let stats = match way {
            Way::Server => self.send_to_server(data).await?,
            Way::Storage(storage) => match data {
                Data::Piece(piece) if self.presign.is_none() => {
                    match self.send_to_storage(storage, Data::Piece(piece.clone())).await {
                        Err(error) if error.is_unreached() => {
                            tracing::debug!(%error, "the storage is passed over, as it cannot be reached");
                            self.object.reference().repository().client.scope().bypass_storage();
                            self.send_to_server(Data::Piece(piece)).await?
                        }
                        outcome => outcome?,
                    }
                }
                data => self.send_to_storage(storage, data).await?,
            },
        };
        self.progress.finish_item();
        Ok(stats)
    }

    pub(crate) async fn send_to_server(&self, data: Data) -> Result<ObjectStats> {
        let sent = Sent::new(self.progress.clone());
        let call = self.call()?.body(data.into_outgoing(&sent));
        let action = call.describe();
        let written = self.transport().json::<ObjectStats>(call).await.map(Response::into_inner);
        // An upload without a condition is idempotent, so its outcome is never unknown.
        let find_applied = || async { Ok(self.object.get_opt().await?.filter(|stats| sent.is(stats))) };
        let stats = reconcile(written, find_applied, OnMissing::Unknown).await?;
        sent.verify(&stats, &action)?;
        Ok(stats)
    }
}
