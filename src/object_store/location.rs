//! What the paths of a store name: objects, and prefixes of them.

use std::fmt;

use super::error::generic;
use super::version::object_store::path::{self, DELIMITER, Path};
use super::version::object_store::{self, ObjectMeta, Result};
use crate::handles::branch_object::BranchObject;
use crate::handles::reference::Reference;
use crate::handles::repository::Repository;
use crate::models::ObjectStats;
use crate::transfer::etag;

/// What the locations of a store are relative to.
#[derive(Clone, Debug)]
pub(super) struct Root {
    target: Target,
    /// The prefix of all paths: empty, or text that ends with a slash.
    prefix: String,
}

#[derive(Clone, Debug)]
enum Target {
    /// A repository: the first segment of a location is a ref. There is no prefix.
    Repository(Repository),
    /// A ref: a location is the path of an object after the prefix.
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
    pub(super) fn repository(repository: Repository) -> Self {
        Self { target: Target::Repository(repository), prefix: String::new() }
    }

    pub(super) fn reference(reference: Reference) -> Self {
        Self { target: Target::Reference(reference), prefix: String::new() }
    }

    /// Returns the root at a location. In a repository, the first segment of the location is a ref.
    pub(super) fn at(self, location: &Path) -> Self {
        if location.is_root() {
            return self;
        }
        let (target, prefix) = match self.target {
            Target::Reference(reference) => (reference, location.as_ref()),
            Target::Repository(repository) => {
                let location = location.as_ref();
                let (reference, prefix) = location.split_once(DELIMITER).unwrap_or((location, ""));
                (repository.reference(reference), prefix)
            }
        };
        let end = if prefix.is_empty() { "" } else { DELIMITER };
        Self { target: Target::Reference(target), prefix: format!("{}{prefix}{end}", self.prefix) }
    }

    /// Returns the root with the same prefix at another ref.
    pub(super) fn with_reference(&self, reference: Reference) -> Self {
        Self { target: Target::Reference(reference), prefix: self.prefix.clone() }
    }

    /// Returns the ref, unless the root is a repository.
    pub(super) fn as_reference(&self) -> Option<&Reference> {
        match &self.target {
            Target::Repository(_) => None,
            Target::Reference(reference) => Some(reference),
        }
    }

    /// Returns the object at a location. A location that names no object is that of a missing object.
    pub(super) fn object(&self, location: &Path) -> Result<StoreObject> {
        let object = match &self.target {
            Target::Reference(reference) => {
                (!location.is_root()).then(|| reference.scope().object(format!("{}{location}", self.prefix)))
            }
            Target::Repository(repository) => location
                .as_ref()
                .split_once(DELIMITER)
                .map(|(reference, path)| repository.scope().reference(reference).object(path)),
        };
        let object = object.ok_or_else(|| object_store::Error::NotFound {
            path: location.to_string(),
            source: "the location names a ref or the prefix of the store, not an object".into(),
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
        match &self.target {
            Target::Reference(reference) => Ok(Listing {
                reference: reference.clone(),
                location_start: String::new(),
                path_start: self.prefix.clone(),
                prefix: format!("{}{start}", self.prefix),
            }),
            Target::Repository(repository) => match start.split_once(DELIMITER) {
                Some((reference, prefix)) if !reference.is_empty() => Ok(Listing {
                    reference: repository.reference(reference),
                    location_start: format!("{reference}{DELIMITER}"),
                    path_start: String::new(),
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

/// Writes the URI of the repository or of the ref, and the prefix without its last slash.
impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Repository(repository) => repository.uri().fmt(f),
            Target::Reference(reference) => match self.prefix.strip_suffix(DELIMITER) {
                Some(prefix) => reference.object(prefix).uri().fmt(f),
                None => reference.uri().fmt(f),
            },
        }
    }
}

/// The objects of a ref whose paths start with a prefix.
///
/// A location is `location_start` and the path without `path_start`. One of the two is empty.
pub(super) struct Listing {
    pub(super) reference: Reference,
    location_start: String,
    path_start: String,
    /// The start of all paths.
    pub(super) prefix: String,
}

impl Listing {
    /// Returns the path to list after, so that the listing starts after a location. `None` if nothing comes after it.
    ///
    /// Paths and locations have the same order.
    pub(super) fn path_after(&self, offset: &str) -> Option<String> {
        match offset.strip_prefix(&self.location_start) {
            Some(path) => Some(format!("{}{path}", self.path_start)),
            None if offset < self.location_start.as_str() => Some(String::new()),
            None => None,
        }
    }

    /// Returns the location of an object or a prefix.
    ///
    /// A path without a location is an error that names it. If it were left out, the listing would be incomplete.
    pub(super) fn location(&self, path: &str) -> Result<Path> {
        let invalid = || path::Error::EmptySegment { path: path.to_owned() }.into();
        let relative = path.strip_prefix(&self.path_start).filter(|relative| !relative.is_empty());
        let relative = relative.ok_or_else(invalid)?;
        let location = Path::parse(format!("{}{relative}", self.location_start))?;
        // `Path::parse` removes slashes at both ends. The location would then be that of another object.
        if location.as_ref().strip_prefix(&self.location_start) == Some(relative) {
            Ok(location)
        } else {
            Err(invalid())
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
