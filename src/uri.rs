//! `lakefs://` URIs.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

const SCHEME: &str = "lakefs://";

/// The URI of a repository, a reference or an object: `lakefs://repository/reference/path`.
///
/// The path is used as it is written: nothing in it is decoded or normalized. `Display` writes what was parsed, and so
/// does `Serialize`.
///
/// [`Client::repository`](crate::Client::repository), [`Client::reference`](crate::Client::reference) and
/// [`Client::object`](crate::Client::object) return the handles of a URI.
///
/// ```
/// use lakefs::Uri;
///
/// let uri: Uri = "lakefs://example/main/a/b?c%20.csv".parse()?;
/// assert_eq!(uri.repository(), "example");
/// assert_eq!(uri.reference(), Some("main"));
/// assert_eq!(uri.path(), Some("a/b?c%20.csv"));
/// assert_eq!(uri.to_string(), "lakefs://example/main/a/b?c%20.csv");
/// # Ok::<(), lakefs::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri {
    repository: String,
    reference: Option<String>,
    path: Option<String>,
}

impl Uri {
    /// Builds the URI of a repository, a reference or an object from its parts.
    ///
    /// ```
    /// use lakefs::Uri;
    ///
    /// assert_eq!(Uri::new("example", None, None)?.to_string(), "lakefs://example");
    /// assert_eq!(Uri::new("example", "main", None)?.to_string(), "lakefs://example/main");
    /// assert_eq!(Uri::new("example", "main", "a/b.csv")?.to_string(), "lakefs://example/main/a/b.csv");
    /// # Ok::<(), lakefs::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the repository or the reference is empty or contains a
    /// slash, or there is a path without a reference.
    pub fn new<'a>(
        repository: &str,
        reference: impl Into<Option<&'a str>>,
        path: impl Into<Option<&'a str>>,
    ) -> Result<Self> {
        let (reference, path) = (reference.into(), path.into());
        let invalid =
            |reason: &str| Error::invalid(format!("build a URI for repository {repository:?}"), reason);
        let is_segment = |name: &str| !name.is_empty() && !name.contains('/');
        if !is_segment(repository) {
            return Err(invalid("the name of the repository is empty or contains a slash"));
        }
        if !reference.is_none_or(is_segment) {
            return Err(invalid("the reference is empty or contains a slash"));
        }
        if path.is_some() && reference.is_none() {
            return Err(invalid("the path requires a reference"));
        }
        Ok(Self {
            repository: repository.to_owned(),
            reference: reference.map(str::to_owned),
            path: path.map(str::to_owned),
        })
    }

    /// Returns the name of the repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the reference, if there is one: a branch, a tag, a commit id, or an expression.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Returns the path of the object, if there is one.
    ///
    /// It is empty if the URI ends with the slash after the reference.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    pub(crate) fn of_repository(repository: &str) -> Self {
        Self { repository: repository.to_owned(), reference: None, path: None }
    }

    pub(crate) fn of_reference(repository: &str, reference: &str) -> Self {
        Self { reference: Some(reference.to_owned()), ..Self::of_repository(repository) }
    }

    pub(crate) fn of_object(repository: &str, reference: &str, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..Self::of_reference(repository, reference) }
    }
}

impl FromStr for Uri {
    type Err = Error;

    /// Parses a URI. `lakefs://repository/` is the URI of the repository.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the text does not start with `lakefs://`, or a part before
    /// the path is empty.
    fn from_str(text: &str) -> Result<Self> {
        let invalid = |reason: &str| Error::invalid(format!("parse the URI {text:?}"), reason);
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| invalid("it does not start with lakefs://"))?;
        let mut parts = rest.splitn(3, '/');
        let repository =
            parts.next().filter(|name| !name.is_empty()).ok_or_else(|| invalid("it names no repository"))?;
        let reference = parts.next();
        let path = parts.next();
        if reference == Some("") && path.is_some() {
            return Err(invalid("it names no reference"));
        }
        Ok(Self {
            repository: repository.to_owned(),
            reference: reference.filter(|name| !name.is_empty()).map(str::to_owned),
            path: path.map(str::to_owned),
        })
    }
}

impl TryFrom<&str> for Uri {
    type Error = Error;

    /// Parses a URI, as [`FromStr`] does.
    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.repository)?;
        for part in [&self.reference, &self.path].into_iter().flatten() {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

impl Serialize for Uri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn uri_is_written_as_it_was_parsed() {
        for text in
            ["lakefs://r", "lakefs://r/main", "lakefs://r/main~1/", "lakefs://r/v1@//a//b/../c d?x=%2F#é"]
        {
            let uri: Uri = text.parse().unwrap();
            assert_eq!(uri.to_string(), text);
            assert_eq!(Uri::new(uri.repository(), uri.reference(), uri.path()).unwrap(), uri);
            let json = serde_json::to_string(&uri).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<Uri>(&json).unwrap(), uri);
        }
        assert_eq!("lakefs://r/".parse::<Uri>().unwrap(), Uri::of_repository("r"));
        let object = Uri::try_from("lakefs://r/main/").unwrap();
        assert_eq!((object.reference(), object.path()), (Some("main"), Some("")));
    }

    #[test]
    fn invalid_uri_is_refused() {
        for text in ["", "s3://r/main", "lakefs:/r", "lakefs://", "lakefs:///main/a", "lakefs://r//a"] {
            let error = text.parse::<Uri>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn invalid_part_is_refused() {
        for (repository, reference, path) in [
            ("", Some("main"), Some("a")),
            ("a/b", None, None),
            ("r", Some(""), None),
            ("r", Some("a/b"), None),
            ("r", None, Some("a")),
        ] {
            let error = Uri::new(repository, reference, path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        }
    }
}
