//! Lists the objects under a prefix.

use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, ErrorKind, Result};
use crate::scope::RefScope;
use crate::transfer::dir::merge::Named;
use crate::transfer::list::{Entry, ListObjects};

/// The properties of an object that a directory transfer needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedObject {
    /// The path of the object after the prefix.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) checksum: String,
}

impl Named for ListedObject {
    fn name(&self) -> &str {
        &self.name
    }
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
/// The order is verified, because deletions and the check of names rely on it.
pub(crate) fn list_objects(
    reference: &RefScope,
    prefix: &str,
) -> impl Stream<Item = Result<ListedObject>> + Send + use<> {
    let prefix = prefix.to_owned();
    let mut previous: Option<String> = None;
    let objects = ListObjects::new(reference.clone()).prefix(&*prefix).user_metadata(false);
    let listed = objects.map(move |entry| {
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
        Ok(ListedObject {
            bytes: stats.size_bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default(),
            checksum: stats.checksum,
            name: name.to_owned(),
        })
    });
    // The marker of the prefix itself is the directory that the transfer is about.
    listed.try_filter(|listed| std::future::ready(!listed.name.is_empty() || listed.bytes > 0))
}

fn unexpected(message: &str) -> Error {
    Error::new(ErrorKind::Decode, "list objects", message)
}
