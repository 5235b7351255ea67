//! Lists objects.

use futures::future::BoxFuture;

use crate::error::Result;
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_list};
use crate::models::{ObjectStats, PathType};
use crate::pager::{List, Page, Pager};
use crate::scope::RefScope;

/// An entry of a list of objects: an object, or a common prefix of several objects.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An object.
    Object(ObjectStats),
    /// The common prefix of all objects whose paths start with it. Only lists with a
    /// [delimiter](ListObjects::delimiter) have prefixes.
    Prefix(String),
}

impl Entry {
    /// Returns the path of the object, or the prefix.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Object(stats) => &stats.path,
            Self::Prefix(prefix) => prefix,
        }
    }

    /// Returns the object, or `None` for a prefix.
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
            PathType::CommonPrefix => Self::Prefix(stats.path),
            _ => Self::Object(stats),
        }
    }
}

/// Lists the objects of a reference, in byte order of their paths; see
/// [`Reference::objects`](crate::Reference::objects).
///
/// The list is a [`Stream`](futures::Stream) of [`Entry`] values that requests page after page while it is read. It
/// ends after the last entry, or after the first error.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::{Entry, TryStreamExt as _};
///
/// let mut entries = repository.reference("main").objects().prefix("data/").delimiter("/");
/// while let Some(entry) = entries.try_next().await? {
///     match entry {
///         Entry::Object(stats) => println!("{} {}", stats.path, stats.size_bytes.unwrap_or_default()),
///         Entry::Prefix(prefix) => println!("{prefix}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListObjects {
    pager: Pager<Entry, ObjectsQuery>,
}

impl ListObjects {
    pub(crate) fn new(reference: RefScope) -> Self {
        let query =
            ObjectsQuery { reference, prefix: None, delimiter: None, user_metadata: None, presign: None };
        Self { pager: Pager::new(query) }
    }

    /// Lists only objects whose paths start with `prefix`. Default: all objects.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|query| query.prefix = Some(prefix.into()))
    }

    /// Groups objects whose paths are equal up to the first `delimiter` after the prefix into one [`Entry::Prefix`].
    /// With `/`, the list shows one level of directories. Default: no groups.
    pub fn delimiter(self, delimiter: impl Into<String>) -> Self {
        self.with(|query| query.delimiter = Some(delimiter.into()))
    }

    /// Sets whether the response contains the user metadata of the objects. Default: `true`.
    pub fn user_metadata(self, yes: bool) -> Self {
        self.with(|query| query.user_metadata = Some(yes))
    }

    /// Returns the physical addresses as pre-signed URLs, with which anybody can read the objects until they expire.
    /// Default: `false`.
    ///
    /// # Errors
    /// The storage must support pre-signed URLs; see [`Repository::storage_config`](crate::Repository::storage_config).
    pub fn presign(self, yes: bool) -> Self {
        self.with(|query| query.presign = yes.then_some(true))
    }

    fn with(self, set: impl FnOnce(&mut ObjectsQuery)) -> Self {
        Self { pager: self.pager.with(set) }
    }
}

impl_list!(ListObjects => Entry);

/// The parameters of the list.
#[derive(Clone, Debug)]
struct ObjectsQuery {
    reference: RefScope,
    prefix: Option<String>,
    delimiter: Option<String>,
    user_metadata: Option<bool>,
    presign: Option<bool>,
}

impl_has_options!(ObjectsQuery { reference });

impl List for ObjectsQuery {
    type Item = Entry;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { reference, prefix, delimiter, user_metadata, presign } = self.clone();
        Box::pin(async move {
            let request = reference
                .api()
                .list_objects()
                .repository(reference.repository().name())
                .ref_(reference.expression())
                .after(after)
                .amount(amount)
                .apply_if_some(prefix, |request, prefix| request.prefix(prefix))
                .apply_if_some(delimiter, |request, delimiter| request.delimiter(delimiter))
                .apply_if_some(user_metadata, |request, yes| request.user_metadata(yes))
                .apply_if_some(presign, |request, presign| request.presign(presign));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results.into_iter().map(Entry::from).collect(), page.pagination))
        })
    }
}
