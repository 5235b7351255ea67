//! The objects of a commit, as far as they are files of a working copy.

use serde::{Deserialize, Serialize};

use crate::models::{DiffObjectStat, ObjectStats};
use crate::transfer::dir::listing::modified;
use crate::transfer::working::files::{Stamp, is_ignored};
use crate::transfer::working::index::INDEX_FILE;

/// An object of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Line", into = "Line")]
pub(crate) struct BaseEntry {
    /// The path of the object after the prefix.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) checksum: String,
    /// The modification time of the file, in seconds since 1970.
    pub(crate) modified: i64,
    /// When the object was uploaded, by the clock of the server.
    pub(crate) uploaded: i64,
    /// The modification time of a local file that is known to have the content of the object.
    pub(crate) verified: Option<(i64, u32)>,
}

/// The form of an entry in a file.
#[derive(Serialize, Deserialize)]
struct Line(String, u64, String, i64, i64, Option<(i64, u32)>);

impl From<Line> for BaseEntry {
    fn from(Line(name, bytes, checksum, modified, uploaded, verified): Line) -> Self {
        Self { name, bytes, checksum, modified, uploaded, verified }
    }
}

impl From<BaseEntry> for Line {
    fn from(entry: BaseEntry) -> Self {
        let BaseEntry { name, bytes, checksum, modified, uploaded, verified } = entry;
        Self(name, bytes, checksum, modified, uploaded, verified)
    }
}

#[cfg(test)]
impl BaseEntry {
    /// An object with this content.
    pub(crate) fn of_data(name: &str, data: &str) -> Self {
        use crate::transfer::digest::hex;
        use crate::transfer::md5::Md5;

        Self {
            name: name.to_owned(),
            bytes: data.len() as u64,
            checksum: hex(&Md5::digest(data)),
            modified: 5,
            uploaded: 5,
            verified: None,
        }
    }
}

impl BaseEntry {
    pub(crate) fn of_object(name: String, stats: &ObjectStats) -> Self {
        Self {
            name,
            bytes: stats.size().unwrap_or_default(),
            checksum: stats.checksum.clone(),
            modified: modified(stats.metadata.as_ref(), stats.mtime),
            uploaded: stats.mtime,
            verified: None,
        }
    }

    pub(crate) fn of_diff(name: String, bytes: u64, stat: &DiffObjectStat) -> Self {
        Self {
            name,
            bytes,
            checksum: stat.checksum.clone(),
            modified: modified(stat.metadata.as_ref(), stat.mtime),
            uploaded: stat.mtime,
            verified: None,
        }
    }

    /// Compares a local file with the object by its size and modification time. `None`: only the content decides.
    ///
    /// lakectl keeps whole seconds. A file that was changed in the second in which it was uploaded has the same time, so
    /// the time decides only if the file was uploaded later, or if the time is the one that a download sets.
    pub(crate) fn compare(&self, stamp: &Stamp) -> Option<bool> {
        const CLOCK_DIFFERENCE: i64 = 2;
        let (seconds, nanos) = stamp.modified;
        if stamp.bytes != self.bytes {
            return Some(false);
        }
        if self.verified == Some(stamp.modified) {
            return Some(true);
        }
        let is_later = self.uploaded.saturating_sub(seconds) > CLOCK_DIFFERENCE;
        (seconds == self.modified && self.verified.is_none() && (nanos == 0 || is_later)).then_some(true)
    }
}

/// Whether an object of this name is a file of a working copy. Directory markers and ignored names are not, nor what would
/// be in a directory in the place of the index file.
pub(crate) fn is_file(name: &str, bytes: u64) -> bool {
    let is_marker = bytes == 0 && name.ends_with('/');
    let is_in_index = name.strip_prefix(INDEX_FILE).is_some_and(|rest| rest.starts_with('/'));
    !(name.is_empty() || is_marker || is_in_index || is_ignored(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_decides_unless_the_file_may_have_changed_in_the_same_second() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(&file.as_file().metadata().unwrap()).unwrap();
        let at = |seconds, nanos| Stamp { modified: (seconds, nanos), ..stamp };
        let entry = BaseEntry { modified: 100, uploaded: 101, ..BaseEntry::of_data("a", "") };
        let later = BaseEntry { uploaded: 103, ..entry.clone() };
        let verified = BaseEntry { verified: Some((100, 7)), ..entry.clone() };
        assert_eq!(entry.compare(&at(100, 0)), Some(true));
        assert_eq!(entry.compare(&at(100, 7)), None);
        assert_eq!(later.compare(&at(100, 7)), Some(true));
        assert_eq!(later.compare(&at(101, 0)), None);
        assert_eq!(verified.compare(&at(100, 7)), Some(true));
        assert_eq!(verified.compare(&at(100, 0)), None);
        assert_eq!(BaseEntry { bytes: 1, ..verified }.compare(&at(100, 7)), Some(false));
    }
}
