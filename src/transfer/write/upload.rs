//! Uploads an object.

#[cfg(feature = "fs")]
use std::sync::Arc;

#[cfg(feature = "fs")]
use tokio::sync::Semaphore;

use crate::error::Result;
use crate::macros::impl_into_future;
use crate::models::ObjectStats;
use crate::scope::ObjectScope;
use crate::transfer::write::body::Body;
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::{precheck, route};

/// The options of a request with a field `spec` of type [`UploadSpec`].
macro_rules! upload_options {
    ($request:ident) => {
        impl $request {
            /// Sets the media type of the object. Default: `application/octet-stream`.
            pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
                self.spec.content_type = Some(media_type.into());
                self
            }

            /// Adds a key and a value to the user metadata of the object. Default: no metadata.
            ///
            /// They are sent as an HTTP header, so the server stores the key in lower case, and trims the value.
            pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.spec.metadata.push((key.into(), value.into()));
                self
            }

            /// Creates the object only if `etag` does not match the current object. lakeFS accepts only `*`: create the
            /// object only if none exists at the path. Default: no condition.
            ///
            /// While somebody commits to the branch, lakeFS can refuse the upload because of the object that the upload
            /// itself has created, or because of nothing. The client therefore checks every refusal with `*`. It
            /// recognises the object of this upload by its physical address if the data were sent to the storage, and
            /// else by its size, its checksum and its modification time. If there is no object, it sends the data again.
            ///
            /// Two uploads of the same bytes to the same path at the same time cannot be told apart if a commit or a lost
            /// response interferes: then both can succeed, unless they are [exclusive](Self::exclusive). If the server
            /// refuses the second one and no commit follows within the time for checks, it fails, and
            /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
            ///
            /// If the data have at least 1 MiB or their length is unknown, the client checks first whether the object
            /// exists, and sends no data then.
            ///
            /// # Errors
            /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the object exists, and is probably that of
            /// another writer. [`Conflict`](crate::ErrorKind::Conflict): commits interfered again and again, or the data cannot
            /// be sent again; no object was created.
            pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
                self.spec.if_none_match = Some(etag.into());
                self
            }

            /// Creates the object only if none exists at the path, and only for one of several writers, even if they
            /// write the same bytes. Sets `if_none_match("*")`. Default: `false`.
            ///
            /// The object of this upload is recognised by its physical address if the data are sent to the storage. If
            /// they are sent through the server, a random token is added to the user metadata of the object, with the key
            /// `lakefs-rs-create-token`, which replaces a value that the caller has set.
            ///
            /// lakeFS compares objects by their bytes and their user metadata. With the token, objects of equal bytes
            /// differ: in diffs, and in merges, where they conflict if both branches have created the path. To avoid the
            /// token, send the data to the storage with [`presign(true)`](Self::presign), which takes three requests
            /// instead of one.
            ///
            /// lakeFS can accept two creators if a commit ends at the same time. The client therefore compares the head
            /// commit before and after the upload, which takes two further requests, the first of them during the upload.
            /// If another object was committed in the meantime, it puts that one back, and fails. What lakeFS does after the
            /// second check is not noticed, so a writer that creates a path while others commit to the branch can, rarely,
            /// be wrong about who has succeeded. Where that is not acceptable, create the object on a branch that nobody
            /// else commits to, as a [`Transaction`](crate::Transaction) does: a merge notices all conflicts.
            ///
            /// # Errors
            /// Those of [`if_none_match`](Self::if_none_match).
            pub fn exclusive(mut self, yes: bool) -> Self {
                self.spec.is_exclusive = yes;
                if yes {
                    self.spec.if_none_match = Some("*".to_owned());
                }
                self
            }

            /// Replaces the object only if `etag` matches the current object. Default: no condition.
            ///
            /// # Errors
            /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the object has a different ETag.
            /// [`Unsupported`](crate::ErrorKind::Unsupported): the server does not implement the condition, as lakeFS
            /// 1.84.
            pub fn if_match(mut self, etag: impl Into<String>) -> Self {
                self.spec.if_match = Some(etag.into());
                self
            }

            /// Sets the storage class of the data, for storages that have storage classes. Deprecated by lakeFS.
            /// Default: that of the storage.
            pub fn storage_class(mut self, class: impl Into<String>) -> Self {
                self.spec.storage_class = Some(class.into());
                self
            }

            $crate::transfer::progress::progress_setters!(spec.progress);

            /// Sets whether the data are sent to the storage itself, at pre-signed URLs, instead of through the server.
            ///
            /// Default: the data are sent to the storage if it supports pre-signed URLs, if the data have at least
            /// 1 MiB or their length is unknown, and if no option is set that only the server supports.
            ///
            /// By default, the data are sent through the server if the storage cannot be reached, or if it refuses a URL
            /// and a new one as well, which is logged as a warning. Bytes and files are then read again. A stream that is
            /// sent in parts is kept in memory until the storage has received its first part, and other streams are kept
            /// up to the [limit](Self::spool_limit). After that, reads and uploads go through the server for five minutes.
            ///
            /// # Errors
            /// [`Unsupported`](crate::ErrorKind::Unsupported): the value is `true`, and the data cannot be sent to the
            /// storage.
            pub fn presign(mut self, yes: bool) -> Self {
                self.spec.presign = Some(yes);
                self
            }

            /// Sets the size of the parts in which data are sent to the storage, in bytes, from 5 MiB to 5 GiB; smaller
            /// and larger values count as these limits. Default: 8 MiB, and 5 MiB for a stream.
            ///
            /// The parts are larger if there would be more than 10,000 of them. If the length of a stream is unknown,
            /// their size grows with their number; with the default, this is enough for 260 GiB.
            pub fn part_size(mut self, bytes: u64) -> Self {
                self.spec.part_size = Some(bytes);
                self
            }

            /// Sets how many parts are sent to the storage at the same time. The parts of a stream are held in memory. 0
            /// counts as 1. Default: 4, and 3 for a stream.
            pub fn concurrency(mut self, parts: usize) -> Self {
                self.spec.concurrency = Some(parts);
                self
            }

            /// Sets how the created object is verified against the bytes that were sent. Default: that of the client, which
            /// is [`Verify::Auto`](crate::Verify::Auto) unless
            /// [`ClientBuilder::verify`](crate::ClientBuilder::verify) sets it.
            ///
            /// The bytes are hashed while they are sent, and the MD5 is compared with the checksum of the object. A
            /// checksum that is no MD5 is accepted, except with [`Verify::Strict`](crate::Verify::Strict). With
            /// [`Verify::Off`](crate::Verify::Off), only the size is compared. The object of
            /// [`if_none_match`](Self::if_none_match) is recognised by its checksum, so a stream is hashed nevertheless while
            /// it is sent through the server. Bytes and files are hashed only when that is needed, because the server
            /// refuses the upload or its response is lost.
            ///
            /// # Errors
            /// [`Integrity`](crate::ErrorKind::Integrity): the object has other bytes than those that were sent, or with
            /// `Strict`, this cannot be determined. The object exists nevertheless.
            pub fn verify(mut self, verify: impl Into<$crate::verify::Verify>) -> Self {
                self.spec.verify = verify.into();
                self
            }

            /// Sets how many bytes are kept at most if the data can be read only once, so that they can be sent again.
            /// Default: that of the client, which is 1 GiB unless
            /// [`ClientBuilder::spool_limit`](crate::ClientBuilder::spool_limit) sets it.
            ///
            /// Data of streams, readers and writers that are sent through the server are copied to a temporary file while
            /// they are sent. Up to 1 MiB is kept in memory, without a file. Data beyond the limit are sent once; an error
            /// says so, and if the response was lost,
            /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
            #[cfg(feature = "fs")]
            pub fn spool_limit(mut self, bytes: u64) -> Self {
                self.spec.spool.limit = bytes;
                self
            }

            /// Sets the directory of the temporary file of [`spool_limit`](Self::spool_limit). The file has no name, and
            /// disappears when the upload ends. Default: that of the client, which is the directory for temporary files
            /// of the system unless [`ClientBuilder::spool_dir`](crate::ClientBuilder::spool_dir) sets it.
            #[cfg(feature = "fs")]
            pub fn spool_dir(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
                self.spec.spool.directory = Some(directory.into());
                self
            }

            $crate::macros::bool_setters! {
                /// Creates the object even if the repository is read-only. Default: `false`.
                force => spec.force;
            }
        }
    };
}

pub(crate) use upload_options;

/// Uploads an object; see [`BranchObject::upload`](crate::BranchObject::upload).
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct UploadRequest {
    spec: UploadSpec,
    body: Body,
}

upload_options!(UploadRequest);

impl UploadRequest {
    pub(crate) fn new(object: ObjectScope, body: Body) -> Self {
        Self { spec: UploadSpec::new(object), body }
    }

    /// Limits the number of parts that this upload and others send at the same time.
    #[cfg(feature = "fs")]
    pub(crate) fn permits(mut self, permits: Arc<Semaphore>) -> Self {
        self.spec.permits = Some(permits);
        self
    }

    /// Adds user metadata if the checksum of the object will say nothing about its bytes.
    #[cfg(feature = "fs")]
    pub(crate) fn metadata_if_encrypted(mut self, key: &str, value: String) -> Self {
        self.spec.metadata_if_encrypted = Some((key.to_owned(), value));
        self
    }

    async fn execute(self) -> Result<ObjectStats> {
        let Self { spec, body } = self;
        // Rejects options that cannot be sent, before the body is opened.
        spec.call()?;
        let payload = body.open(spec.spool.clone()).await.map_err(|error| spec.unreadable(error))?;
        let length = payload.length();
        let (route, condition) =
            futures::join!(route::choose(&spec, length), precheck::condition(&spec, length));
        let route = route?;
        condition?;
        route::upload(&spec, route, payload).await
    }
}

impl_into_future!(UploadRequest { spec } => ObjectStats);
