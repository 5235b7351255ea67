//! Whether what arrived is the object.

use md5::{Digest as _, Md5};

use crate::transfer::digest::{hex, is_md5};
use crate::{Error, ErrorKind, Result};

/// Computes the MD5 of bytes as they come, to be held against the one that the object has.
#[derive(Debug)]
pub(crate) struct Check {
    expected: String,
    digest: Md5,
    /// Where the bytes lie that come next in order. Once they came otherwise, there is nothing to compute.
    next: Option<u64>,
}

impl Check {
    /// A check against the entity tag of an object, which is an MD5 or is not.
    pub(crate) fn against(etag: &str) -> Option<Self> {
        let tag = etag.trim_matches('"');
        is_md5(tag).then(|| Self { expected: tag.to_ascii_lowercase(), digest: Md5::new(), next: Some(0) })
    }

    /// Bytes have come that lie here in the object.
    pub(crate) fn take(&mut self, at: u64, bytes: &[u8]) {
        if at == 0 && self.next != Some(0) {
            (self.digest, self.next) = (Md5::new(), Some(0));
        }
        self.next = self.next.filter(|next| *next == at).map(|next| next + bytes.len() as u64);
        if self.next.is_some() {
            self.digest.update(bytes);
        }
    }

    /// An object of this size is at its end: tells whether it is the object, if all of it came in order. It tells once.
    pub(crate) fn end(&mut self, size: u64, action: &str) -> Result<()> {
        if self.next != Some(size) {
            return Ok(());
        }
        self.next = None;
        let found = hex(&self.digest.finalize_reset());
        if found == self.expected {
            return Ok(());
        }
        let message = format!("the bytes have the MD5 {found}, the object has {}", self.expected);
        Err(Error::new(ErrorKind::Integrity, action, message).during("get_object", String::new))
    }
}
