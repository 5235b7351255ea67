//! References, and the methods that references, branches and tags share.

use crate::error::{Error, Result};
use crate::handles::branch::Branch;
use crate::handles::client::Client;
use crate::handles::object::Object;
use crate::handles::ref_methods::ref_methods;
use crate::handles::tag::Tag;
use crate::ref_expr::{BranchName, RefExpr};
use crate::scope::RefScope;
use crate::uri::Uri;

/// A handle to a ref of a repository: a branch, a tag, a commit id or a prefix of one, or an expression. The ref may
/// not exist.
///
/// `main~2` is the second ancestor of `main` along first parents, `main^2` is its second parent, and `main@` is its
/// head without the uncommitted changes.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let before = repository.reference("main~1").get_commit().await?;
/// let bytes = repository.reference(before.id).object("data.csv").read().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference(RefScope);

ref_methods!(Reference, "reference", "repository.reference(\"experiment1\")");

impl Reference {
    /// Returns the text of the reference.
    #[must_use]
    pub fn expression(&self) -> &str {
        self.0.expression()
    }

    /// Returns a handle to the object of this path at the reference. The object may not exist.
    #[must_use]
    pub fn object(&self, path: impl Into<String>) -> Object {
        Object::from_scope(self.0.object(path))
    }
}

impl Client {
    /// Returns the reference that a URI names.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let commit = client.reference(&"lakefs://example/main".parse()?)?.get_commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the URI names a repository, or the path of an object.
    pub fn reference(&self, uri: &Uri) -> Result<Reference> {
        let invalid = |reason: &str| Error::invalid(format!("read the reference of {uri}"), reason);
        let reference = uri.reference().ok_or_else(|| invalid("the URI names no reference"))?;
        if uri.path().is_some_and(|path| !path.is_empty()) {
            return Err(invalid("the URI names an object"));
        }
        Ok(self.repository(uri.repository()).reference(reference))
    }
}

/// Conversions of a handle into the parameters that name a ref.
macro_rules! into_ref {
    ($($handle:ty => $parameter:ty),+ $(,)?) => {
        $(
            impl From<$handle> for $parameter {
                fn from(handle: $handle) -> Self {
                    Self::of(&handle.scope())
                }
            }

            impl From<&$handle> for $parameter {
                fn from(handle: &$handle) -> Self {
                    Self::of(&handle.scope())
                }
            }
        )+
    };
}

into_ref! {
    Reference => RefExpr,
    Branch => RefExpr,
    Tag => RefExpr,
    Branch => BranchName,
}

/// Conversions of other handles into a reference.
macro_rules! into_reference {
    ($($handle:ty),+) => {
        $(
            impl From<$handle> for Reference {
                fn from(handle: $handle) -> Self {
                    Self(handle.scope())
                }
            }
        )+
    };
}

into_reference!(Branch, &Branch, Tag, &Tag, &Reference);
