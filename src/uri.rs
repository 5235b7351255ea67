//! `lakefs://` addresses.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

const SCHEME: &str = "lakefs://";

/// The address of a repository, of a reference in it, or of an object: `lakefs://repository/reference/path`.
///
/// A path is taken as it stands: nothing in it is decoded or normalised. `Display` gives back what was parsed.
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
    /// The name of the repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The reference: a branch, a tag, a commit, or an expression of them.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The path of the object; empty when the address ends with the slash behind the reference.
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

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| Error::invalid(format!("read the address {text:?}"), why);
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| wrong("it does not begin with lakefs://"))?;
        let mut parts = rest.splitn(3, '/');
        let repository =
            parts.next().filter(|name| !name.is_empty()).ok_or_else(|| wrong("it names no repository"))?;
        let reference = parts.next();
        let path = parts.next();
        match reference {
            // `lakefs://repository/` is the repository.
            Some("") if path.is_some() => return Err(wrong("it names no reference")),
            _ => {}
        }
        Ok(Self {
            repository: repository.to_owned(),
            reference: reference.filter(|name| !name.is_empty()).map(str::to_owned),
            path: path.map(str::to_owned),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_as_it_was() {
        for text in
            ["lakefs://r", "lakefs://r/main", "lakefs://r/main~1/", "lakefs://r/v1@//a//b/../c d?x=%2F#é"]
        {
            assert_eq!(text.parse::<Uri>().unwrap().to_string(), text);
        }
        assert_eq!("lakefs://r/".parse::<Uri>().unwrap(), Uri::of_repository("r"));
        let object: Uri = "lakefs://r/main/".parse().unwrap();
        assert_eq!((object.reference(), object.path()), (Some("main"), Some("")));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "s3://r/main", "lakefs:/r", "lakefs://", "lakefs:///main/a", "lakefs://r//a"] {
            let error = text.parse::<Uri>().unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidRequest, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
