//! Whether what arrived is the object.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

use crate::api::Response;
use crate::{Error, ErrorKind, Result};

/// Counts bytes as they come and, where the object has an MD5 for a checksum, computes theirs.
#[derive(Debug)]
pub(super) struct Check {
    action: String,
    whole: bool,
    length: Option<u64>,
    taken: u64,
    checksum: Option<(String, Md5)>,
    open: bool,
}

impl Check {
    /// A check of a read that is called `action`; of all of the object, or of a part, which has no checksum.
    pub(super) fn new(action: String, whole: bool) -> Self {
        Self { action, whole, length: None, taken: 0, checksum: None, open: true }
    }

    /// Learns from the headers of the reply what is to come.
    pub(super) fn expect<T>(&mut self, reply: &Response<T>) {
        self.length = reply.header("content-length").and_then(|length| length.parse().ok());
        let tag = reply.header("etag").filter(|_| self.whole).map(|tag| tag.trim_matches('"'));
        let checksum = tag.filter(|tag| tag.len() == 32 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()));
        self.checksum = checksum.map(|checksum| (checksum.to_ascii_lowercase(), Md5::new()));
    }

    /// Bytes have come.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        if let Some((_, digest)) = &mut self.checksum {
            digest.update(bytes);
        }
    }

    /// No more will come: tells whether it is the object. It is asked once.
    pub(super) fn end(&mut self) -> Result<()> {
        self.open = false;
        if let Some(length) = self.length.filter(|length| *length != self.taken) {
            return Err(self.broken(&format!("{} bytes came, of {length}", self.taken)));
        }
        let Some((expected, digest)) = self.checksum.take() else { return Ok(()) };
        let mut found = String::new();
        for byte in digest.finalize() {
            _ = write!(found, "{byte:02x}");
        }
        if found != expected {
            return Err(self.broken(&format!("the bytes have the MD5 {found}, the object has {expected}")));
        }
        Ok(())
    }

    /// Whether the end has not been seen.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// How many bytes are to come, in all.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// What is being done, for messages.
    pub(super) fn action(&self) -> &str {
        &self.action
    }

    fn broken(&self, message: &str) -> Error {
        Error::new(ErrorKind::Integrity, &*self.action, message).during("get_object", String::new)
    }
}
