//! The objects under a prefix.

use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};

use crate::handles::reference::Reference;
use crate::transfer::dir::join::Named;
use crate::transfer::list::Entry;
use crate::{Error, ErrorKind, Result};

/// An object, as far as a tree needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// What its path has behind the prefix.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) checksum: String,
}

impl Named for Listed {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Listed {
    /// The mark of a directory, as some programs make them: nothing, with a name that ends with a slash.
    pub(crate) fn is_directory(&self) -> bool {
        self.bytes == 0 && self.name.ends_with('/')
    }
}

/// Lists them in the order of their names. That they are in this order is looked at: what is to be deleted, and what
/// can be a file, is found by it.
pub(crate) fn list(reference: &Reference, prefix: &str) -> impl Stream<Item = Result<Listed>> + Send + use<> {
    let prefix = prefix.to_owned();
    let mut last: Option<String> = None;
    let objects = reference.objects().prefix(&*prefix).user_metadata(false);
    let listed = objects.map(move |entry| {
        let Entry::Object(stats) = entry? else { return Err(odd("a list of objects has something else")) };
        let Some(name) = stats.path.strip_prefix(&*prefix) else {
            return Err(odd("a list of objects has a path that does not begin as asked for"));
        };
        if last.as_deref().is_some_and(|last| name <= last) {
            return Err(odd("a list of objects is not in the order of their paths"));
        }
        let last = last.get_or_insert_default();
        last.clear();
        last.push_str(name);
        Ok(Listed {
            bytes: stats.size_bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default(),
            checksum: stats.checksum,
            name: name.to_owned(),
        })
    });
    // The mark of the directory itself is nothing below it.
    listed.try_filter(|listed| std::future::ready(!listed.name.is_empty() || listed.bytes > 0))
}

fn odd(message: &str) -> Error {
    Error::new(ErrorKind::Decode, "list", message)
}
