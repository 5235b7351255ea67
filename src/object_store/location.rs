//! What the paths of a store name.

use object_store::path::{self, DELIMITER, Path};
use object_store::{ObjectMeta, Result};

use super::error::generic;
use crate::handles::branch_object::BranchObject;
use crate::handles::reference::Reference;
use crate::handles::repository::Repository;
use crate::models::ObjectStats;
use crate::transfer::etag;

/// Where the paths of a store begin.
#[derive(Clone, Debug)]
pub(super) enum Root {
    /// With the expression of a reference.
    Repository(Repository),
    /// With the path of an object.
    Reference(Reference),
}

impl Root {
    /// The object at a location. A name that is no object's is one of an object that does not exist.
    pub(super) fn object(&self, location: &Path) -> Result<BranchObject> {
        let object = match self {
            Self::Reference(reference) => {
                (!location.is_root()).then(|| reference.scope().object(location.as_ref()))
            }
            Self::Repository(repository) => location
                .as_ref()
                .split_once(DELIMITER)
                .map(|(reference, path)| repository.scope().reference(reference).object(path)),
        };
        object.map(BranchObject::from_scope).ok_or_else(|| object_store::Error::NotFound {
            path: location.to_string(),
            source: "the path names no object of a reference".into(),
        })
    }

    /// What there is to list below a prefix, which is of whole segments: `a` is not above `ab`.
    pub(super) fn below(&self, prefix: Option<&Path>) -> Result<Listed> {
        let prefix = prefix.map(Path::as_ref).unwrap_or_default();
        self.listed(&if prefix.is_empty() { String::new() } else { format!("{prefix}{DELIMITER}") })
    }

    /// What there is to list whose location begins so.
    pub(super) fn listed(&self, beginning: &str) -> Result<Listed> {
        match self {
            Self::Reference(reference) => Ok(Listed {
                reference: reference.clone(),
                above: String::new(),
                prefix: beginning.to_owned(),
            }),
            Self::Repository(repository) => match beginning.split_once(DELIMITER) {
                Some((reference, prefix)) if !reference.is_empty() => Ok(Listed {
                    reference: repository.reference(reference),
                    above: format!("{reference}{DELIMITER}"),
                    prefix: prefix.to_owned(),
                }),
                _ => {
                    let why = "a repository has no list of all that can be referred to: a list needs a prefix that \
                               begins with a reference";
                    Err(object_store::Error::NotSupported { source: why.into() })
                }
            },
        }
    }
}

/// The objects of a reference whose names begin alike.
pub(super) struct Listed {
    pub(super) reference: Reference,
    /// What stands before the name of an object in its location.
    above: String,
    pub(super) prefix: String,
}

impl Listed {
    /// What comes behind a location in the order of names, which is that of locations: the name to begin behind, or `None`
    /// where nothing does.
    pub(super) fn behind(&self, offset: &str) -> Option<String> {
        match offset.strip_prefix(&self.above) {
            Some(name) => Some(name.to_owned()),
            None if offset < self.above.as_str() => Some(String::new()),
            None => None,
        }
    }

    /// The location of an object or a prefix of this name.
    ///
    /// What has none is an error that says its name: a list without it would not be the list of what is there.
    pub(super) fn location(&self, name: &str) -> Result<Path> {
        let location = Path::parse(format!("{}{name}", self.above))?;
        // Parsing removes what is not allowed at both ends; it would then be the location of another object.
        if location.as_ref().strip_prefix(&self.above) == Some(name) {
            Ok(location)
        } else {
            Err(path::Error::EmptySegment { path: name.to_owned() }.into())
        }
    }
}

/// What the server knows of an object, as the trait has it.
pub(super) fn meta(location: Path, stats: &ObjectStats) -> Result<ObjectMeta> {
    let size = stats.size_bytes.and_then(|size| u64::try_from(size).ok());
    let last_modified = chrono::DateTime::from_timestamp(stats.mtime, 0);
    match (size, last_modified) {
        (Some(size), Some(last_modified)) => Ok(ObjectMeta {
            location,
            last_modified,
            size,
            e_tag: Some(etag::of_checksum(&stats.checksum)),
            version: None,
        }),
        _ => Err(generic(format!("the server does not say how large or how old {location} is"))),
    }
}

/// Whether it stands for a directory, as programs leave them that think of names as of files. It holds no data, and has
/// no location.
pub(super) fn is_directory_marker(stats: &ObjectStats) -> bool {
    stats.path.ends_with(DELIMITER) && stats.size_bytes == Some(0)
}
