//! The index file, which links a directory to a prefix. lakectl has the same file.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::transfer::beneath::Directory;
use crate::transfer::spool::TemporaryFile;
use crate::uri::Uri;

/// The name of the index file.
pub(crate) const INDEX_FILE: &str = ".lakefs_ref.yaml";

/// The characters that lakectl does not read back if they are written as they are.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// The contents of an index file.
///
/// lakectl ignores the fields that it does not know, and drops them when it writes the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// The URI of the prefix, in the form of [`write_source`].
    src: String,
    /// The commit that the local files were last equal to, except for local changes.
    #[serde(default)]
    pub(crate) at_head: String,
    /// The running operation: `clone`, `pull`, `checkout`, `commit`, or empty.
    #[serde(default)]
    pub(crate) active_operation: String,
    /// The update that the running operation makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) update: Option<Update>,
}

/// An update of the local files from one commit to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// `None`: the directory was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    pub(crate) to: String,
}

impl Index {
    pub(crate) fn new(source: &Uri, at_head: impl Into<String>) -> Self {
        Self {
            src: write_source(source),
            at_head: at_head.into(),
            active_operation: String::new(),
            update: None,
        }
    }

    /// Returns the URI of the prefix.
    pub(crate) fn source(&self) -> Result<Uri> {
        read_source(&self.src)
    }

    /// Returns the index while an operation runs.
    pub(crate) fn during(&self, operation: &str, update: Option<Update>) -> Self {
        Self { active_operation: operation.to_owned(), update, ..self.clone() }
    }

    /// Returns the index after an operation.
    pub(crate) fn at(&self, commit: impl Into<String>) -> Self {
        Self { at_head: commit.into(), active_operation: String::new(), update: None, src: self.src.clone() }
    }

    /// Reads the index file of a directory.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let bytes = fs::read(root.join(INDEX_FILE))?;
        let invalid = |error: yaml_serde::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        yaml_serde::from_slice(&bytes).map_err(invalid)
    }

    /// Replaces the index file of a directory. A reader sees either the old or the new file.
    pub(crate) fn write(&self, root: &Path) -> io::Result<()> {
        let text = yaml_serde::to_string(self).map_err(io::Error::other)?;
        let temporary = TemporaryFile::create(Directory::open(root)?, INDEX_FILE.as_ref())?;
        let mut file = &**temporary.file();
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        temporary.persist(true)
    }
}

/// Returns the directory with an index file: this one, or the closest above it.
pub(crate) fn find_root(directory: &Path) -> io::Result<Option<PathBuf>> {
    let directory = std::path::absolute(directory)?;
    for ancestor in directory.ancestors() {
        match fs::metadata(ancestor.join(INDEX_FILE)) {
            Ok(_) => return Ok(Some(ancestor.to_owned())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Writes a URI so that lakectl, which decodes it, reads the same names.
fn write_source(source: &Uri) -> String {
    let encode = |text| utf8_percent_encode(text, ENCODED).to_string();
    let reference = source.reference().map(encode).unwrap_or_default();
    // lakectl requires the path, also where it is empty.
    let path = source.path().map(encode).unwrap_or_default();
    Uri::of_object(source.repository(), &reference, &path).to_string()
}

/// Reads a URI as lakectl does: it decodes the names, although it writes them as they are. A name that is not encoded
/// is used as it is.
fn read_source(text: &str) -> Result<Uri> {
    let uri: Uri = text.parse()?;
    let reference = uri.reference().map(decode).unwrap_or_default();
    let path = uri.path().map(decode).unwrap_or_default();
    Uri::new(uri.repository(), &*reference, &*path)
}

fn decode(text: &str) -> Cow<'_, str> {
    let is_hex = |escape: &str| {
        let digits = escape.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    };
    if text.split('%').skip(1).all(is_hex) {
        percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_of_lakectl_is_read() {
        let root = tempfile::tempdir().unwrap();
        let text = "src: lakefs://repo/main/data/\nat_head: 0123\nactive_operation: \"\"\n";
        fs::write(root.path().join(INDEX_FILE), text).unwrap();
        let index = Index::read(root.path()).unwrap();
        let source = index.source().unwrap();
        assert_eq!(
            (source.repository(), source.reference(), source.path()),
            ("repo", Some("main"), Some("data/"))
        );
        assert_eq!((&*index.at_head, &*index.active_operation, index.update), ("0123", "", None));
    }

    #[test]
    fn index_is_read_as_it_was_written() {
        let root = tempfile::tempdir().unwrap();
        for path in ["", "a b/", "100%/", "50%25/", "a?b#c/", "é/"] {
            let source = Uri::of_object("repo", "main~1", path);
            let index = Index::new(&source, "0123");
            let update = Update { from: None, to: "4567".to_owned() };
            for index in [index.clone(), index.during("pull", Some(update))] {
                index.write(root.path()).unwrap();
                let read = Index::read(root.path()).unwrap();
                assert_eq!(read, index);
                assert_eq!(read.source().unwrap(), source);
            }
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn name_with_an_invalid_escape_is_used_as_it_is() {
        let source = read_source("lakefs://repo/main/100%/%zz").unwrap();
        assert_eq!(source.path(), Some("100%/%zz"));
        assert_eq!(read_source("lakefs://repo/main/a%2Fb").unwrap().path(), Some("a/b"));
        assert_eq!(read_source("lakefs://repo/main").unwrap().path(), Some(""));
    }

    #[test]
    fn index_is_found_from_a_directory_below() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(find_root(&below).unwrap(), None);
        Index::new(&Uri::of_object("repo", "main", ""), "0123").write(root.path()).unwrap();
        assert_eq!(find_root(&below).unwrap().as_deref(), Some(root.path()));
        assert_eq!(find_root(root.path()).unwrap().as_deref(), Some(root.path()));
    }
}
