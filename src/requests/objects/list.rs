//! The objects of a reference.

use futures::future::BoxFuture;

use crate::Result;
use crate::handles::reference::Reference;
use crate::models::{ObjectStats, ObjectStatsPathType};
use crate::pager::Pager;
use crate::pager::{List, Page};
use crate::requests::support::When as _;

/// What a list of objects shows: an object, or the beginning that the paths of several have in common.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An object.
    Object(ObjectStats),
    /// Where there is a [delimiter](Pager::delimiter): all objects whose path begins so.
    Prefix(String),
}

impl Entry {
    /// The path of the object, or the prefix.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Object(stats) => &stats.path,
            Self::Prefix(prefix) => prefix,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn into_object(self) -> Option<ObjectStats> {
        match self {
            Self::Object(stats) => Some(stats),
            Self::Prefix(_) => None,
        }
    }
}

impl From<ObjectStats> for Entry {
    fn from(stats: ObjectStats) -> Self {
        match stats.path_type {
            ObjectStatsPathType::CommonPrefix => Self::Prefix(stats.path),
            _ => Self::Object(stats),
        }
    }
}

/// The list of the objects of a reference; see [`Reference::objects`].
#[derive(Clone, Debug)]
pub struct Objects {
    reference: Reference,
    prefix: Option<String>,
    delimiter: Option<String>,
    user_metadata: Option<bool>,
    presign: Option<bool>,
}

impl Objects {
    pub(crate) fn new(reference: Reference) -> Self {
        Self { reference, prefix: None, delimiter: None, user_metadata: None, presign: None }
    }
}

impl Pager<Entry, Objects> {
    /// Only objects whose path begins so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.prefix = Some(prefix.into()))
    }

    /// One [`Entry::Prefix`] for all paths that are the same up to this text behind the prefix. With `/` that is a
    /// directory.
    pub fn delimiter(self, delimiter: impl Into<String>) -> Self {
        self.with(|list| list.delimiter = Some(delimiter.into()))
    }

    /// Whether to read the metadata that users gave the objects: yes, unless said otherwise.
    pub fn user_metadata(self, yes: bool) -> Self {
        self.with(|list| list.user_metadata = Some(yes))
    }

    /// Makes the physical addresses signed ones, good for a while and for everybody. Not every storage can.
    pub fn presign(self, yes: bool) -> Self {
        self.with(|list| list.presign = yes.then_some(true))
    }
}

impl List for Objects {
    type Item = Entry;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { reference, prefix, delimiter, user_metadata, presign } = self.clone();
        Box::pin(async move {
            let repository = reference.repository();
            let request = repository.api().list_objects();
            let request = request
                .repository(repository.name())
                .ref_(reference.expression())
                .after(after)
                .amount(amount)
                .when(prefix, |request, prefix| request.prefix(prefix))
                .when(delimiter, |request, delimiter| request.delimiter(delimiter))
                .when(user_metadata, |request, yes| request.user_metadata(yes))
                .when(presign, |request, presign| request.presign(presign));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results.into_iter().map(Entry::from).collect(), page.pagination))
        })
    }
}
