//! Uploads whose data go to the storage by themselves, at addresses that the server signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use futures::TryStreamExt as _;
use md5::Md5;
use md5::digest::Output;
use reqwest::header::CONTENT_TYPE;

use crate::api::Response;
use crate::http::call::Call;
use crate::http::operation::WRITE_DATA;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::models::{ObjectStats, StagingLocation};
use crate::transfer::digest::{hex, is_md5};
use crate::transfer::write::body::Data;
use crate::transfer::write::payload::Piece;
use crate::transfer::write::tally::Sent;
use crate::transfer::write::upload::Put;
use crate::{Error, ErrorKind, Result};

/// From how many bytes on the data go to the storage by themselves, where nobody has said whether they should. It takes
/// three requests in the place of one: that pays when the data take longer than the requests.
const LARGE: u64 = 1024 * 1024;

/// How much a storage takes in one request.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// How much of a stream is kept in memory, so that it can be sent again.
const KEPT: u64 = 8 * 1024 * 1024;

/// How often a piece is sent to an address that is good and arrives as it is, until that is so.
const TRIES: u32 = 3;

/// The way that data go.
pub(crate) enum Way {
    /// To the server.
    Server,
    /// To the storage, with word of them to the server.
    Storage(Storage),
}

/// What there is to know of a storage.
#[derive(Clone, Copy)]
pub(crate) struct Storage {
    /// It is one of Azure, which wants to be told what an object is to it.
    azure: bool,
    /// It takes this upload in parts.
    parts: bool,
}

/// A place in the storage, to which the server signs addresses as often as it is asked.
pub(crate) trait Place {
    type Address: Send;

    /// A call that writes there.
    fn sign(&self) -> impl Future<Output = Result<(Call, Self::Address)>> + Send;
}

/// What the storage has.
pub(crate) struct Stored {
    pub(crate) md5: Output<Md5>,
    /// The entity tag, as it came.
    pub(crate) tag: String,
}

impl Stored {
    /// Whether the entity tag is the MD5.
    pub(crate) fn has_md5_tag(&self) -> bool {
        self.tag.trim_matches('"').eq_ignore_ascii_case(&hex(&self.md5))
    }
}

impl Put {
    /// How data of this length go.
    pub(crate) async fn way(&self, length: Option<u64>) -> Result<Way> {
        let forced = match self.presign {
            Some(false) => return Ok(Way::Server),
            forced => forced.is_some(),
        };
        let instead = |why: &str| {
            if forced {
                Err(self.failed(Error::new(ErrorKind::Unsupported, "", why)))
            } else {
                Ok(Way::Server)
            }
        };
        let client = &self.object.reference().repository().client;
        if !forced && (client.scope().bypasses_storage() || length.is_some_and(|length| length < LARGE)) {
            return Ok(Way::Server);
        }
        if self.if_match.is_some() || self.if_none_match.as_deref().is_some_and(|tag| tag != "*") {
            return instead("the condition is for data that go through the server");
        }
        if self.storage_class.is_some() {
            return instead("the storage class is for data that go through the server");
        }
        let repository = self.object.reference().repository();
        let storage = match client.scope().storage_of(&repository.scope()).await {
            Ok(Some(storage)) if storage.pre_sign_support => storage,
            Ok(_) => return instead("the storage signs no addresses, as far as the server says"),
            Err(error) if forced => return Err(error),
            Err(_) => return Ok(Way::Server),
        };
        // What makes an object of parts knows no conditions, and no force.
        let parts = storage.pre_sign_multipart_upload == Some(true)
            && self.if_none_match.is_none()
            && self.force.is_none();
        match length {
            None if !parts => instead("the storage takes data of a known length only"),
            Some(length) if length > LARGEST && !parts => {
                instead("the storage takes no more than 5 GiB at once")
            }
            _ => {
                let parts = parts && self.has_parts(length);
                Ok(Way::Storage(Storage { azure: storage.blockstore_type == "azure", parts }))
            }
        }
    }

    pub(crate) async fn send_to_storage(&self, storage: Storage, data: Data) -> Result<ObjectStats> {
        let data = if storage.parts {
            match self.send_in_parts(data).await? {
                Ok(stats) => return Ok(stats),
                Err(data) => data,
            }
        } else {
            data
        };
        if self.presign.is_none() && data.length().is_some_and(|length| length < LARGE) {
            return self.send_to_server(data).await;
        }
        let place = Single { put: self, storage };
        let piece = match data {
            Data::Piece(piece) => piece,
            Data::Stream(mut stream, length) if length.is_some_and(|length| length <= KEPT) => {
                let mut all = BytesMut::new();
                while let Some(chunk) =
                    stream.try_next().await.map_err(|error| self.failed(Error::unreadable(error)))?
                {
                    all.extend_from_slice(&chunk);
                }
                Piece::Bytes(all.freeze())
            }
            data @ Data::Stream(..) => {
                let sent = Sent::new(self.progress.clone());
                let (call, address) = place.sign().await?;
                let action = call.describe();
                let reply = self.transport().empty(call.body(data.into_outgoing(&sent))).await?;
                let (size, md5) = sent.last().unwrap_or_default();
                verify(&reply, &md5, &action)?;
                return self.link(address, &md5, size).await;
            }
        };
        let (address, stored) = self.deliver(&place, &piece).await?;
        self.link(address, &hex(&stored.md5), piece.length()).await
    }

    /// Sends a piece; to a new address where one has expired meanwhile, and again where it has not arrived as it is.
    pub(crate) async fn deliver<P: Place + Sync>(
        &self,
        place: &P,
        piece: &Piece,
    ) -> Result<(P::Address, Stored)> {
        let sent = Sent::unhashed(self.progress.clone());
        let mut tries = 0;
        loop {
            tries += 1;
            let md5 = piece.digest().await.map_err(|error| self.failed(Error::unreadable(error)))?;
            let (call, address) = place.sign().await?;
            let action = call.describe();
            // The storage compares it with what has arrived. As the signature is not over it, it may be added.
            let call = call.header("content-md5", &STANDARD.encode(md5))?;
            let reply = self.transport().empty(call.body(piece.clone().into_outgoing(&sent))).await;
            let stored = reply.and_then(|reply| {
                verify(&reply, &hex(&md5), &action)?;
                Ok(Stored { md5, tag: reply.header("etag").unwrap_or_default().to_owned() })
            });
            match stored {
                Ok(stored) => return Ok((address, stored)),
                Err(error) if tries < TRIES && may_pass(&error) => {
                    tracing::debug!(tries, %error, "a piece has not arrived, trying anew");
                }
                Err(error) => {
                    sent.take_back();
                    return Err(error);
                }
            }
        }
    }

    /// Makes what is in the storage the object.
    async fn link(&self, address: StagingLocation, md5: &str, size: u64) -> Result<ObjectStats> {
        let place = address.physical_address.clone();
        let mut link = self.object.link(address, md5, size).force(self.force.is_some());
        if let Some(media_type) = &self.content_type {
            link = link.content_type(media_type);
        }
        if let Some(tag) = &self.if_none_match {
            link = link.if_none_match(tag);
        }
        for (key, value) in self.metadata() {
            link = link.metadata(key, value);
        }
        // The server gave this physical address to nobody else.
        let is_linked = |stats: &ObjectStats| Some(&stats.physical_address) == place.as_ref();
        let find_applied = || async { Ok(self.object.get_opt().await?.filter(is_linked)) };
        reconcile(link.await, find_applied, OnMissing::Unknown).await
    }

    /// The metadata as they are when they travel as headers, so that it makes no difference which way they go.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (String, &str)> {
        let white = |char| matches!(char, ' ' | '\t');
        self.metadata.iter().map(move |(key, value)| (key.to_ascii_lowercase(), value.trim_matches(white)))
    }
}

/// A place for all of an object.
struct Single<'a> {
    put: &'a Put,
    storage: Storage,
}

impl Place for Single<'_> {
    type Address = StagingLocation;

    async fn sign(&self) -> Result<(Call, StagingLocation)> {
        let request = self.put.object.physical_address().presign(true);
        let call = request.call()?;
        let mut address = request.await?;
        let signed = address.presigned_url.take();
        let media_type = self.put.content_type.as_deref().unwrap_or("application/octet-stream");
        let mut call =
            call.at_storage(&WRITE_DATA, signed.as_deref())?.header(CONTENT_TYPE.as_str(), media_type)?;
        if self.storage.azure {
            call = call.header("x-ms-blob-type", "BlockBlob")?;
        }
        Ok((call, address))
    }
}

/// Whether a failure is one of the address, or of what has arrived.
fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Integrity)
}

/// Holds the entity tag of what the storage has against the MD5 of what was sent, where the one is to be the other.
fn verify(reply: &Response<()>, md5: &str, action: &str) -> Result<()> {
    let Some(tag) = reply.header("etag").map(|tag| tag.trim_matches('"')) else { return Ok(()) };
    // Of what is encrypted with a key of a key management service or of a customer, the tag is something else of its looks.
    let encrypted = reply.header("x-amz-server-side-encryption").is_some_and(|by| by != "AES256")
        || reply.header("x-amz-server-side-encryption-customer-algorithm").is_some()
        || reply.header("x-goog-encryption-kms-key-name").is_some();
    if encrypted || !is_md5(tag) || tag.eq_ignore_ascii_case(md5) {
        return Ok(());
    }
    let message = format!("the bytes that were sent have the MD5 {md5}, the storage has {tag}");
    Err(Error::new(ErrorKind::Integrity, action, message).during(WRITE_DATA.id, String::new))
}
