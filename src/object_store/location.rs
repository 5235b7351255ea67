//! What the paths of a store name: objects, and prefixes of them.

use object_store::path::{self, DELIMITER, Path};
use object_store::{ObjectMeta, Result};

use super::error::generic;
use crate::handles::branch_object::BranchObject;
use crate::handles::reference::Reference;
use crate::handles::repository::Repository;
use crate::models::ObjectStats;
use crate::transfer::etag;

/// What the locations of a store are relative to.
#[derive(Clone, Debug)]
pub(super) enum Root {
    /// A repository: the first segment of a location is a ref.
    Repository(Repository),
    /// A ref: a location is the path of an object.
    Reference(Reference),
}

/// An object of the store.
#[derive(Clone, Debug)]
pub(super) struct StoreObject {
    /// The handle. If its ref is not a branch, requests to write fail.
    pub(super) object: BranchObject,
    /// The location that names it, for results and errors.
    pub(super) location: Path,
}

impl Root {
    /// Returns the object at a location. A location that names no object is that of a missing object.
    pub(super) fn object(&self, location: &Path) -> Result<StoreObject> {
        let object = match self {
            Self::Reference(reference) => {
                (!location.is_root()).then(|| reference.scope().object(location.as_ref()))
            }
            Self::Repository(repository) => location
                .as_ref()
                .split_once(DELIMITER)
                .map(|(reference, path)| repository.scope().reference(reference).object(path)),
        };
        let object = object.ok_or_else(|| object_store::Error::NotFound {
            path: location.to_string(),
            source: "the location names a ref, not an object of it".into(),
        })?;
        Ok(StoreObject { object: BranchObject::from_scope(object), location: location.clone() })
    }

    /// Returns the listing below a prefix. A prefix consists of whole segments: `ab` is not below `a`.
    pub(super) fn below(&self, prefix: Option<&Path>) -> Result<Listing> {
        let prefix = prefix.map(Path::as_ref).unwrap_or_default();
        self.starting_with(&if prefix.is_empty() { String::new() } else { format!("{prefix}{DELIMITER}") })
    }

    /// Returns the listing of locations that start with a text.
    pub(super) fn starting_with(&self, start: &str) -> Result<Listing> {
        match self {
            Self::Reference(reference) => {
                Ok(Listing { reference: reference.clone(), root: String::new(), prefix: start.to_owned() })
            }
            Self::Repository(repository) => match start.split_once(DELIMITER) {
                Some((reference, prefix)) if !reference.is_empty() => Ok(Listing {
                    reference: repository.reference(reference),
                    root: format!("{reference}{DELIMITER}"),
                    prefix: prefix.to_owned(),
                }),
                _ => {
                    let reason = "the refs of a repository cannot be listed: start the prefix with a ref, such as `main/`";
                    Err(object_store::Error::NotSupported { source: reason.into() })
                }
            },
        }
    }
}

/// The objects of a ref whose paths start with a prefix.
pub(super) struct Listing {
    pub(super) reference: Reference,
    /// The part of a location before the path of the object.
    root: String,
    pub(super) prefix: String,
}

impl Listing {
    /// Returns the path to list after, so that the listing starts after a location. `None` if nothing comes after it.
    ///
    /// Paths and locations have the same order.
    pub(super) fn path_after(&self, offset: &str) -> Option<String> {
        match offset.strip_prefix(&self.root) {
            Some(path) => Some(path.to_owned()),
            None if offset < self.root.as_str() => Some(String::new()),
            None => None,
        }
    }

    /// Returns the location of an object or a prefix.
    ///
    /// A path without a location is an error that names it. If it were left out, the listing would be incomplete.
    pub(super) fn location(&self, path: &str) -> Result<Path> {
        let location = Path::parse(format!("{}{path}", self.root))?;
        // `Path::parse` removes slashes at both ends. The location would then be that of another object.
        if location.as_ref().strip_prefix(&self.root) == Some(path) {
            Ok(location)
        } else {
            Err(path::Error::EmptySegment { path: path.to_owned() }.into())
        }
    }
}

/// Converts the metadata of an object.
pub(super) fn object_meta(location: Path, stats: &ObjectStats) -> Result<ObjectMeta> {
    let size = stats.size();
    let last_modified = chrono::DateTime::from_timestamp(stats.mtime, 0);
    match (size, last_modified) {
        (Some(size), Some(last_modified)) => Ok(ObjectMeta {
            location,
            last_modified,
            size,
            e_tag: Some(etag::of_checksum(&stats.checksum)),
            version: None,
        }),
        _ => Err(generic(format!("the server's metadata of {location} lacks a valid size or time"))),
    }
}

/// Whether an object marks a directory: an empty object whose path ends in a slash, as some programs create it. It has
/// no data and no location.
pub(super) fn is_directory_marker(stats: &ObjectStats) -> bool {
    stats.path.ends_with(DELIMITER) && stats.size_bytes == Some(0)
}
