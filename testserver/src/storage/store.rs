//! The content of the storage: objects by key, and multipart uploads.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use super::error::StorageError;
use super::signing::{PresignedAction, PresignedUrl, SignatureError, SigningKey};
use crate::model::Timestamp;

/// How long pre-signed URLs are valid unless a test sets another duration.
const DEFAULT_URL_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The minimum size of every part of a multipart upload except the last.
const MIN_PART_SIZE: usize = 5 << 20;

/// An object storage with an endpoint of its own.
#[derive(Debug)]
pub(crate) struct Storage {
    endpoint: String,
    signing_key: SigningKey,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    url_lifetime: Duration,
    objects: HashMap<String, StoredObject>,
    uploads: HashMap<String, MultipartUpload>,
}

/// An object of the storage, or an uploaded part.
#[derive(Debug, Clone)]
pub(crate) struct StoredObject {
    pub(crate) content: Bytes,
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    pub(super) content_type: Option<String>,
}

/// A multipart upload that is neither completed nor aborted.
#[derive(Debug)]
struct MultipartUpload {
    key: String,
    parts: BTreeMap<u32, StoredObject>,
}

impl StoredObject {
    pub(super) fn new(content: Bytes, content_type: Option<String>) -> Self {
        let etag = hex::encode(Md5::digest(&content));
        Self { content, etag, modified: Timestamp::now(), content_type }
    }
}

impl Storage {
    pub(crate) fn new(endpoint: String) -> Self {
        let state =
            State { url_lifetime: DEFAULT_URL_LIFETIME, objects: HashMap::new(), uploads: HashMap::new() };
        Self { endpoint, signing_key: SigningKey::new(), state: Mutex::new(state) }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sets how long the URLs that are signed from now on are valid.
    pub(crate) fn set_url_lifetime(&self, lifetime: Duration) {
        self.state().url_lifetime = lifetime;
    }

    /// Creates a pre-signed URL for a key.
    pub(crate) fn presign(&self, key: &str, action: PresignedAction<'_>) -> PresignedUrl {
        let lifetime = self.state().url_lifetime.as_secs();
        let expires_at = Timestamp::now().seconds.saturating_add_unsigned(lifetime);
        let path_and_query = self.signing_key.sign(key, action, expires_at);
        PresignedUrl { url: format!("{}{path_and_query}", self.endpoint), expires_at }
    }

    /// Verifies the signature in the path and query of a request.
    pub(super) fn verify(&self, method: &str, path_and_query: &str) -> Result<(), SignatureError> {
        self.signing_key.verify(method, path_and_query)
    }

    pub(crate) fn get(&self, key: &str) -> Option<StoredObject> {
        self.state().objects.get(key).cloned()
    }

    /// Stores an object unless the key is taken.
    pub(crate) fn put_if_absent(&self, key: &str, content: &Bytes, content_type: &str) {
        let mut state = self.state();
        if !state.objects.contains_key(key) {
            let object = StoredObject::new(content.clone(), Some(content_type.to_owned()));
            state.objects.insert(key.to_owned(), object);
        }
    }

    /// Stores an object and returns its `ETag`.
    pub(super) fn put(&self, key: &str, object: StoredObject) -> String {
        let etag = object.etag.clone();
        self.state().objects.insert(key.to_owned(), object);
        etag
    }

    /// Starts a multipart upload and returns its id.
    pub(crate) fn create_upload(&self, key: String) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        self.state().uploads.insert(id.clone(), MultipartUpload { key, parts: BTreeMap::new() });
        id
    }

    /// Stores a part of an upload and returns its `ETag`.
    pub(crate) fn put_part(
        &self,
        (upload, key): (&str, &str),
        number: u32,
        content: Bytes,
    ) -> Result<String, StorageError> {
        let part = StoredObject::new(content, None);
        let etag = part.etag.clone();
        self.state().upload(upload, key)?.parts.insert(number, part);
        Ok(etag)
    }

    /// Concatenates the given parts to an object and removes the upload.
    pub(crate) fn complete_upload(
        &self,
        (upload, key): (&str, &str),
        parts: &[(u32, String)],
    ) -> Result<StoredObject, StorageError> {
        let mut state = self.state();
        let uploaded = &state.upload(upload, key)?.parts;
        if !parts.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(StorageError::InvalidPartOrder);
        }
        let (mut content, mut digests) = (BytesMut::new(), Md5::new());
        for (index, (number, etag)) in parts.iter().enumerate() {
            let part = uploaded.get(number).filter(|part| part.etag == etag.trim_matches([' ', '"']));
            let part = part.ok_or(StorageError::InvalidPart)?;
            if part.content.len() < MIN_PART_SIZE && index + 1 < parts.len() {
                return Err(StorageError::EntityTooSmall);
            }
            content.extend_from_slice(&part.content);
            digests.update(Md5::digest(&part.content));
        }
        let object = StoredObject {
            content: content.freeze(),
            etag: format!("{}-{}", hex::encode(digests.finalize()), parts.len()),
            modified: Timestamp::now(),
            content_type: None,
        };
        state.uploads.remove(upload);
        state.objects.insert(key.to_owned(), object.clone());
        Ok(object)
    }

    /// Removes an upload and its parts.
    pub(crate) fn abort_upload(&self, (upload, key): (&str, &str)) -> Result<(), StorageError> {
        let mut state = self.state();
        state.upload(upload, key)?;
        state.uploads.remove(upload);
        Ok(())
    }

    /// Returns the number of uploads that are neither completed nor aborted.
    pub(crate) fn open_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn upload(&mut self, id: &str, key: &str) -> Result<&mut MultipartUpload, StorageError> {
        self.uploads.get_mut(id).filter(|upload| upload.key == key).ok_or(StorageError::NoSuchUpload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completed_upload_has_the_etag_of_its_parts() {
        let storage = Storage::new(String::new());
        let id = storage.create_upload("k".into());
        let upload = (id.as_str(), "k");
        let large = storage.put_part(upload, 1, Bytes::from(vec![7; MIN_PART_SIZE])).unwrap();
        let small = storage.put_part(upload, 2, Bytes::from_static(b"x")).unwrap();
        let complete = |parts: &[(u32, &String)]| {
            let parts: Vec<_> = parts.iter().map(|&(number, etag)| (number, etag.clone())).collect();
            storage.complete_upload(upload, &parts).map(|object| (object.content.len(), object.etag))
        };
        assert_eq!(complete(&[(1, &small)]), Err(StorageError::InvalidPart));
        assert_eq!(complete(&[(3, &small)]), Err(StorageError::InvalidPart));
        assert_eq!(complete(&[(2, &small), (1, &large)]), Err(StorageError::InvalidPartOrder));
        let third = storage.put_part(upload, 3, Bytes::from_static(b"y")).unwrap();
        assert_eq!(complete(&[(2, &small), (3, &third)]), Err(StorageError::EntityTooSmall));
        let (length, etag) = complete(&[(1, &large), (2, &small)]).unwrap();
        let mut digests = hex::decode(&large).unwrap();
        digests.extend(hex::decode(&small).unwrap());
        assert_eq!(length, MIN_PART_SIZE + 1);
        assert_eq!(etag, format!("{}-2", hex::encode(Md5::digest(digests))));
        assert_eq!(complete(&[(1, &large)]), Err(StorageError::NoSuchUpload));
        assert_eq!(storage.abort_upload(upload), Err(StorageError::NoSuchUpload));
    }
}
