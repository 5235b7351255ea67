//! Parameters that name a ref: anything that names one is accepted.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::models;
use crate::scope::{RefScope, RepositoryScope};

/// The name of a commit: a branch, a tag, a commit id, or an expression such as `main~2`.
///
/// Every parameter that names a ref takes `impl Into<RefExpr>`: text, a [`Branch`](crate::Branch), a
/// [`Tag`](crate::Tag), a [`Reference`](crate::Reference), a [`models::Commit`] (its id) or a [`models::Ref`] (the
/// commit that it was read at). You rarely need to name this type.
///
/// A handle of another repository is refused with [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the
/// request is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefExpr {
    expression: String,
    repository: Option<RepositoryScope>,
}

/// The name of a branch.
///
/// Every parameter that must be a branch takes `impl Into<BranchName>`: text, or a [`Branch`](crate::Branch). You
/// rarely need to name this type.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let (experiment, main) = (repository.branch("experiment1"), repository.branch("main"));
/// experiment.merge_into(&main).await?;
/// experiment.merge_into("main").await?;
/// # Ok(())
/// # }
/// ```
///
/// A tag is not a branch, so this does not compile:
///
/// ```compile_fail,E0277
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let (experiment, tag) = (repository.branch("experiment1"), repository.tag("v1"));
/// experiment.merge_into(&tag).await?;
/// # Ok(())
/// # }
/// ```
///
/// A handle of another repository is refused with [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the
/// request is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BranchName(RefExpr);

impl RefExpr {
    /// The text of the expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.expression
    }

    pub(crate) fn of(scope: &RefScope) -> Self {
        Self { expression: scope.expression().to_owned(), repository: Some(scope.repository().clone()) }
    }

    /// The expression, for a request to `repository`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the expression comes from a handle of another repository.
    pub(crate) fn within(&self, repository: &RepositoryScope) -> Result<&str> {
        match &self.repository {
            Some(own) if own != repository => {
                let (expression, own) = (&self.expression, own.name());
                Err(Error::invalid(
                    format!("use ref {expression:?} in repository {:?}", repository.name()),
                    format!(
                        "the ref belongs to repository {own:?}; pass its name or commit id as text instead"
                    ),
                ))
            }
            _ => Ok(&self.expression),
        }
    }
}

impl BranchName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn of(scope: &RefScope) -> Self {
        Self(RefExpr::of(scope))
    }

    /// The name, for a request to `repository`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the name comes from a handle of another repository.
    pub(crate) fn within(&self, repository: &RepositoryScope) -> Result<&str> {
        self.0.within(repository)
    }
}

impl From<BranchName> for RefExpr {
    fn from(branch: BranchName) -> Self {
        branch.0
    }
}

macro_rules! from_text {
    ($($text:ty),+) => {
        $(
            impl From<$text> for RefExpr {
                fn from(text: $text) -> Self {
                    Self { expression: text.into(), repository: None }
                }
            }

            impl From<$text> for BranchName {
                fn from(text: $text) -> Self {
                    Self(text.into())
                }
            }
        )+
    };
}

from_text!(&str, String, &String, Box<str>, Cow<'_, str>);

impl From<&models::Commit> for RefExpr {
    fn from(commit: &models::Commit) -> Self {
        (&*commit.id).into()
    }
}

impl From<&models::Ref> for RefExpr {
    fn from(reference: &models::Ref) -> Self {
        (&*reference.commit_id).into()
    }
}
