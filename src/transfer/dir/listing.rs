//! Lists the objects under a prefix.

use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, ErrorKind, Result};
use crate::models::{ObjectStats, ObjectUserMetadata};
use crate::scope::RefScope;
use crate::transfer::digest::hex;
use crate::transfer::dir::compact_list::{Compact, Decoder, put_bytes, put_number, put_signed};
use crate::transfer::dir::merge::Named;
use crate::transfer::list::{Entry, ListObjects};

/// The key of the user metadata in which lakectl and this crate store when the uploaded file was modified, in seconds since
/// 1970.
pub(crate) const MODIFIED_KEY: &str = "::lakefs::client-mtime";

/// The properties of an object that a directory transfer needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedObject {
    /// The path of the object after the prefix.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) checksum: String,
    /// When the file was modified from which the object was uploaded, in seconds since 1970. Where that is not stored, when
    /// the object was created.
    pub(crate) modified: i64,
    /// Why the object cannot be a file.
    pub(crate) rejection: Option<String>,
}

impl Named for ListedObject {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Compact for ListedObject {
    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, to: &mut Vec<u8>) {
        put_number(to, self.bytes);
        put_signed(to, self.modified);
        if let Some(packed) = pack_hex(&self.checksum) {
            put_number(to, 0);
            to.extend_from_slice(&packed);
        } else {
            put_number(to, self.checksum.len() as u64 + 1);
            to.extend_from_slice(self.checksum.as_bytes());
        }
        put_bytes(to, self.rejection.as_deref().unwrap_or_default().as_bytes());
    }

    fn decode(name: String, from: &mut Decoder<'_>) -> Option<Self> {
        let (bytes, modified) = (from.number()?, from.signed()?);
        let checksum = match from.number()? {
            0 => hex(from.take(PACKED)?),
            length => str::from_utf8(from.take(usize::try_from(length - 1).ok()?)?).ok()?.to_owned(),
        };
        let rejection = from.text()?;
        let rejection = (!rejection.is_empty()).then(|| rejection.to_owned());
        Some(Self { name, bytes, checksum, modified, rejection })
    }
}

/// The number of bytes of a checksum of 32 hexadecimal digits.
const PACKED: usize = 16;

/// Returns the bytes of 32 hexadecimal digits in lower case.
fn pack_hex(checksum: &str) -> Option<[u8; PACKED]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 2 * PACKED] = checksum.as_bytes().try_into().ok()?;
    let mut packed = [0; PACKED];
    for (byte, pair) in packed.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(packed)
}

impl ListedObject {
    /// Whether the object is a directory marker, as some programs create them: empty, with a name that ends with a
    /// slash.
    pub(crate) fn is_directory(&self) -> bool {
        self.bytes == 0 && self.name.ends_with('/')
    }
}

/// Lists the objects under a prefix in the byte order of their names.
///
/// The order is verified, because deletions and the check of names rely on it. The times of the files are requested only
/// if they are compared, because they are in the user metadata.
pub(crate) fn list_objects(
    reference: &RefScope,
    prefix: &str,
    with_times: bool,
) -> impl Stream<Item = Result<ListedObject>> + Send + use<> {
    let listed = sorted_objects(reference, prefix, with_times).map_ok(|(name, stats)| ListedObject {
        bytes: stats.size().unwrap_or_default(),
        modified: modified(stats.metadata.as_ref(), stats.mtime),
        name,
        checksum: stats.checksum,
        rejection: None,
    });
    // The marker of the prefix itself is the directory that the transfer is about.
    listed.try_filter(|listed| std::future::ready(!listed.name.is_empty() || listed.bytes > 0))
}

/// Lists the objects under a prefix with their names after it, and verifies that they are in the byte order of these.
pub(crate) fn sorted_objects(
    reference: &RefScope,
    prefix: &str,
    user_metadata: bool,
) -> impl Stream<Item = Result<(String, ObjectStats)>> + Send + use<> {
    let prefix = prefix.to_owned();
    let mut previous: Option<String> = None;
    let objects =
        ListObjects::new(reference.clone()).prefix(&*prefix).user_metadata(user_metadata).prefetch(true);
    objects.map(move |entry| {
        let Entry::Object(stats) = entry? else {
            return Err(unexpected("the list of objects contains a common prefix, which was not requested"));
        };
        let Some(name) = stats.path.strip_prefix(&*prefix) else {
            return Err(unexpected("the list of objects contains a path without the requested prefix"));
        };
        if previous.as_deref().is_some_and(|previous| name <= previous) {
            return Err(unexpected("the list of objects is not sorted by path"));
        }
        let previous = previous.get_or_insert_default();
        previous.clear();
        previous.push_str(name);
        Ok((name.to_owned(), stats))
    })
}

/// Returns when the file was modified from which an object was uploaded, as lakectl does: from the user metadata, or else
/// the time of the upload.
pub(crate) fn modified(metadata: Option<&ObjectUserMetadata>, uploaded: i64) -> i64 {
    stored_time(metadata).unwrap_or(uploaded)
}

/// Returns when the file was modified from which an object was uploaded, if that is in the user metadata.
pub(crate) fn stored_time(metadata: Option<&ObjectUserMetadata>) -> Option<i64> {
    metadata?.0.get(MODIFIED_KEY)?.parse().ok()
}

fn unexpected(message: &str) -> Error {
    Error::new(ErrorKind::Decode, "list objects", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::dir::compact_list::CompactList;

    #[test]
    fn objects_survive_a_compact_list() {
        let checksums = [
            "d41d8cd98f00b204e9800998ecf8427e",
            "D41D8CD98F00B204E9800998ECF8427E",
            "d41d8cd98f00b204e9800998ecf8427e-2",
            "",
            "0x8D",
        ];
        let mut list = CompactList::new();
        let objects: Vec<_> = checksums
            .iter()
            .enumerate()
            .map(|(number, checksum)| ListedObject {
                name: format!("a/{number}"),
                bytes: 1000 * number as u64,
                checksum: (*checksum).to_owned(),
                modified: -1,
                rejection: (number % 2 == 1).then(|| "no".to_owned()),
            })
            .collect();
        for object in &objects {
            list.push(object);
        }
        assert_eq!(list.into_iter().collect::<Vec<_>>(), objects);
    }
}
