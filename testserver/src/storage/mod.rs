//! A storage that clients read and write by themselves, with URLs that the server signs: what S3 is to a lakeFS over S3.

mod http;
mod signature;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use crate::model::Timestamp;
pub(crate) use http::respond;
use signature::SigningKey;

/// How long an address is good for, unless a test says otherwise.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// All parts of an upload but the last are at least as large.
const MIN_PART_SIZE: usize = 5 << 20;

/// What clients may ask of the storage, by the names that faults and recorded requests give to it.
pub(crate) const REQUESTS: [&str; 4] = [GET, HEAD, PUT, PUT_PART];
const GET: &str = "storageGet";
const HEAD: &str = "storageHead";
const PUT: &str = "storagePut";
const PUT_PART: &str = "storagePutPart";

/// The storage, at an origin of its own.
#[derive(Debug)]
pub(crate) struct Storage {
    endpoint: String,
    key: SigningKey,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lifetime: Duration,
    objects: HashMap<String, Stored>,
    uploads: HashMap<String, Upload>,
}

/// The bytes at a key.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) content: Bytes,
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    content_type: Option<String>,
}

/// An upload in parts that is neither completed nor aborted.
#[derive(Debug)]
struct Upload {
    key: String,
    parts: BTreeMap<u32, Stored>,
}

/// What a signed address is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    Read,
    Write,
    WritePart { upload: &'a str, number: u32 },
}

/// An address that whoever has it may use, until it expires.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) url: String,
    /// In seconds since 1970.
    pub(crate) expires: i64,
}

/// Why the storage cannot do it: a code of S3 and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoSuchUpload,
    InvalidPart,
    InvalidPartOrder,
    EntityTooSmall,
    InvalidRange,
}

impl Refusal {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoSuchUpload => "NoSuchUpload",
            Self::InvalidPart => "InvalidPart",
            Self::InvalidPartOrder => "InvalidPartOrder",
            Self::EntityTooSmall => "EntityTooSmall",
            Self::InvalidRange => "InvalidRange",
        }
    }

    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NoSuchUpload => 404,
            Self::InvalidRange => 416,
            Self::InvalidPart | Self::InvalidPartOrder | Self::EntityTooSmall => 400,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NoSuchUpload => "The upload does not exist, or it was completed or aborted.",
            Self::InvalidPart => "A part was not uploaded, or its entity tag is another one.",
            Self::InvalidPartOrder => "The parts are not in ascending order.",
            Self::EntityTooSmall => "A part that is not the last is smaller than it may be.",
            Self::InvalidRange => "The requested range is not satisfiable.",
        }
    }
}

impl Stored {
    fn new(content: Bytes, content_type: Option<String>) -> Self {
        let etag = hex::encode(Md5::digest(&content));
        Self { content, etag, modified: Timestamp::now(), content_type }
    }
}

impl Storage {
    pub(crate) fn new(endpoint: String) -> Self {
        let state = State { lifetime: LIFETIME, objects: HashMap::new(), uploads: HashMap::new() };
        Self { endpoint, key: SigningKey::new(), state: Mutex::new(state) }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Says how long addresses are good for that are signed from now on.
    pub(crate) fn set_lifetime(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    /// Signs an address of something in the storage.
    pub(crate) fn sign(&self, key: &str, purpose: Purpose<'_>) -> Signed {
        let lifetime = self.state().lifetime.as_secs();
        let expires = Timestamp::now().seconds.saturating_add_unsigned(lifetime);
        let target = self.key.sign(key, purpose, expires);
        Signed { url: format!("{}{target}", self.endpoint), expires }
    }

    /// What is stored at a key.
    pub(crate) fn get(&self, key: &str) -> Option<Stored> {
        self.state().objects.get(key).cloned()
    }

    /// Stores what was written through lakeFS, unless it lies there already.
    pub(crate) fn keep(&self, key: &str, content: &Bytes, content_type: &str) {
        let mut state = self.state();
        if !state.objects.contains_key(key) {
            let stored = Stored::new(content.clone(), Some(content_type.to_owned()));
            state.objects.insert(key.to_owned(), stored);
        }
    }

    /// Stores bytes at a key and says their entity tag.
    fn put(&self, key: &str, stored: Stored) -> String {
        let etag = stored.etag.clone();
        self.state().objects.insert(key.to_owned(), stored);
        etag
    }

    /// Begins an upload in parts.
    pub(crate) fn create_upload(&self, key: String) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        self.state().uploads.insert(id.clone(), Upload { key, parts: BTreeMap::new() });
        id
    }

    /// Stores a part of an upload and says its entity tag.
    pub(crate) fn put_part(
        &self,
        (upload, key): (&str, &str),
        number: u32,
        content: Bytes,
    ) -> Result<String, Refusal> {
        let part = Stored::new(content, None);
        let etag = part.etag.clone();
        self.state().upload(upload, key)?.parts.insert(number, part);
        Ok(etag)
    }

    /// Makes an object of the parts of an upload, which is then forgotten.
    pub(crate) fn complete(
        &self,
        (upload, key): (&str, &str),
        parts: &[(u32, String)],
    ) -> Result<Stored, Refusal> {
        let mut state = self.state();
        let known = &state.upload(upload, key)?.parts;
        if !parts.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(Refusal::InvalidPartOrder);
        }
        let (mut content, mut digests) = (BytesMut::new(), Md5::new());
        for (index, (number, etag)) in parts.iter().enumerate() {
            let part = known.get(number).filter(|part| part.etag == etag.trim_matches([' ', '"']));
            let part = part.ok_or(Refusal::InvalidPart)?;
            if part.content.len() < MIN_PART_SIZE && index + 1 < parts.len() {
                return Err(Refusal::EntityTooSmall);
            }
            content.extend_from_slice(&part.content);
            digests.update(Md5::digest(&part.content));
        }
        let stored = Stored {
            content: content.freeze(),
            etag: format!("{}-{}", hex::encode(digests.finalize()), parts.len()),
            modified: Timestamp::now(),
            content_type: None,
        };
        state.uploads.remove(upload);
        state.objects.insert(key.to_owned(), stored.clone());
        Ok(stored)
    }

    /// Forgets an upload and its parts.
    pub(crate) fn abort(&self, (upload, key): (&str, &str)) -> Result<(), Refusal> {
        let mut state = self.state();
        state.upload(upload, key)?;
        state.uploads.remove(upload);
        Ok(())
    }

    /// How many uploads are neither completed nor aborted.
    pub(crate) fn open_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn upload(&mut self, id: &str, key: &str) -> Result<&mut Upload, Refusal> {
        self.uploads.get_mut(id).filter(|upload| upload.key == key).ok_or(Refusal::NoSuchUpload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_parts_is_named_after_them() {
        let storage = Storage::new(String::new());
        let id = storage.create_upload("k".into());
        let upload = (id.as_str(), "k");
        let large = storage.put_part(upload, 1, Bytes::from(vec![7; MIN_PART_SIZE])).unwrap();
        let small = storage.put_part(upload, 2, Bytes::from_static(b"x")).unwrap();
        let complete = |parts: &[(u32, &String)]| {
            let parts: Vec<_> = parts.iter().map(|&(number, etag)| (number, etag.clone())).collect();
            storage.complete(upload, &parts).map(|stored| (stored.content.len(), stored.etag))
        };
        assert_eq!(complete(&[(1, &small)]), Err(Refusal::InvalidPart));
        assert_eq!(complete(&[(3, &small)]), Err(Refusal::InvalidPart));
        assert_eq!(complete(&[(2, &small), (1, &large)]), Err(Refusal::InvalidPartOrder));
        let third = storage.put_part(upload, 3, Bytes::from_static(b"y")).unwrap();
        assert_eq!(complete(&[(2, &small), (3, &third)]), Err(Refusal::EntityTooSmall));
        let (length, etag) = complete(&[(1, &large), (2, &small)]).unwrap();
        let mut digests = hex::decode(&large).unwrap();
        digests.extend(hex::decode(&small).unwrap());
        assert_eq!(length, MIN_PART_SIZE + 1);
        assert_eq!(etag, format!("{}-2", hex::encode(Md5::digest(digests))));
        assert_eq!(complete(&[(1, &large)]), Err(Refusal::NoSuchUpload));
        assert_eq!(storage.abort(upload), Err(Refusal::NoSuchUpload));
    }
}
