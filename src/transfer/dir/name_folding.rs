//! Which different names a file system treats as the same name.

use std::borrow::Cow;
use std::path::Path;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The start of the name of the file that is searched for in lower case.
const CASE_PROBE: &str = ".lakefs-Case-";

/// The start of the name of the file that is searched for in another normalization.
const NORMALIZATION_PROBE: &str = ".lakefs-\u{e9}-";

/// The names that a file system does not distinguish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameFolding {
    /// `a` and `A` are the same name.
    pub(crate) case_insensitive: bool,
    /// An accented letter as one character, and as a letter with a combining accent, are the same name.
    pub(crate) normalization_insensitive: bool,
}

impl NameFolding {
    /// Detects the folding of the file system at `root`, or where `root` will be created.
    ///
    /// Creates temporary files, and deletes them. Where that is not possible, assumes what is usual on the platform.
    pub(crate) fn detect(root: &Path) -> Self {
        let apple = cfg!(target_vendor = "apple");
        let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let directory = absolute.ancestors().find(|ancestor| ancestor.is_dir());
        let probe = |prefix: &str, other: fn(&str) -> String| is_found_as(directory?, prefix, other);
        Self {
            case_insensitive: probe(CASE_PROBE, str::to_lowercase).unwrap_or(apple || cfg!(windows)),
            normalization_insensitive: probe(NORMALIZATION_PROBE, |name| name.replace('\u{e9}', "e\u{301}"))
                .unwrap_or(apple),
        }
    }

    /// Returns one text for all names that are the same name for the file system.
    pub(crate) fn fold(self, name: &str) -> Cow<'_, str> {
        let name = if self.normalization_insensitive { decompose(name) } else { name.into() };
        if !self.case_insensitive {
            return name;
        }
        // Both conversions: some letters have no counterpart, or a different one in the other direction.
        let name = name.to_uppercase().to_lowercase();
        if self.normalization_insensitive { decompose(&name).into_owned().into() } else { name.into() }
    }

    /// Describes how two names can differ that are the same name for the file system. `None`: they cannot.
    pub(crate) fn describe(self) -> Option<&'static str> {
        match (self.case_insensitive, self.normalization_insensitive) {
            (false, false) => None,
            (true, false) => Some("only by case"),
            (false, true) => Some("only by Unicode normalization"),
            (true, true) => Some("only by case or Unicode normalization"),
        }
    }
}

fn decompose(name: &str) -> Cow<'_, str> {
    DecomposingNormalizerBorrowed::new_nfd().normalize(name)
}

/// Whether this is the name of a file that a [detection](NameFolding::detect) creates. One that was killed leaves it behind.
#[cfg(feature = "config")]
pub(crate) fn is_probe_name(file: &str) -> bool {
    let random = [CASE_PROBE, NORMALIZATION_PROBE].into_iter().find_map(|prefix| file.strip_prefix(prefix));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether a new file is found by another name. `None`: the file could not be created.
fn is_found_as(directory: &Path, prefix: &str, other: fn(&str) -> String) -> Option<bool> {
    let probe = tempfile::Builder::new().prefix(prefix).tempfile_in(directory).ok()?;
    let name = probe.path().file_name()?.to_str()?;
    Some(directory.join(other(name)).symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folding_of_the_file_system_is_detected() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Upper"), "").unwrap();
        fs::write(root.path().join("\u{e9}"), "").unwrap();
        let expected = NameFolding {
            case_insensitive: root.path().join("upper").exists(),
            normalization_insensitive: root.path().join("e\u{301}").exists(),
        };
        assert_eq!(NameFolding::detect(root.path()), expected);
        assert_eq!(NameFolding::detect(&root.path().join("not/yet")), expected);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn file_is_found_by_its_own_name_only() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(is_found_as(root.path(), "a", str::to_owned), Some(true));
        assert_eq!(is_found_as(root.path(), "a", |name| format!("{name}-other")), Some(false));
        assert_eq!(is_found_as(&root.path().join("nothing"), "a", str::to_owned), None);
    }
}
