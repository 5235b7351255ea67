//! Tags.

use crate::handles::object::Object;
use crate::handles::ref_methods::ref_methods;
use crate::models;
use crate::ref_expr::RefExpr;
use crate::request::Request;
use crate::requests::tag::{self, CreateTagRequest, DeleteTagRequest};
use crate::scope::RefScope;

/// A handle to a tag of a repository. The tag may not exist yet.
///
/// A tag names the same commit for as long as it exists. It cannot be moved, only deleted and created again.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let release = repository.tag("v1");
/// release.create("main").await?;
/// let bytes = release.object("data.csv").read().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(RefScope);

ref_methods!(Tag, "tag", "repository.tag(\"v1\")");

impl Tag {
    /// Returns the name of the tag.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.expression()
    }

    /// Returns a handle to the object of this path at the tag. The object may not exist.
    #[must_use]
    pub fn object(&self, path: impl Into<String>) -> Object {
        Object::from_scope(self.0.object(path))
    }

    /// Creates the tag at the commit that `source` names.
    ///
    /// Unless the source is a full commit id, the client reads its commit first. If the response is lost, it checks
    /// whether the tag exists at a commit that the source has named since.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let main = repository.branch("main");
    /// let commit = main.commit("Add data").await?;
    /// repository.tag("v1").create(&commit).await?;
    /// repository.tag("latest").create(&main).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): a tag, a branch or a commit of this name exists. A tag at
    ///   the same commit is an error too; see [`exist_ok`](CreateTagRequest::exist_ok).
    /// * [`NotFound`](crate::ErrorKind::NotFound): the source does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the name is invalid, the source names uncommitted
    ///   changes (`main$`), or it is a handle of another repository.
    pub fn create(&self, source: impl Into<RefExpr>) -> CreateTagRequest {
        CreateTagRequest::new(self.scope(), source.into())
    }

    /// Reads the tag: its name and the id of its commit.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the tag does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub fn get(&self) -> Request<models::Ref> {
        Request::new(&self.0, |scope| async move { tag::get(&scope).await })
    }

    /// Reads the tag, or returns `None` if it or its repository does not exist.
    pub fn get_opt(&self) -> Request<Option<models::Ref>> {
        self.get().optional()
    }

    /// Checks whether the tag exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Deletes the tag. Its commit remains.
    ///
    /// ```
    /// # async fn example(tag: lakefs::Tag) -> lakefs::Result<()> {
    /// tag.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the tag does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only.
    pub fn delete(&self) -> DeleteTagRequest {
        DeleteTagRequest::new(self.scope())
    }
}
