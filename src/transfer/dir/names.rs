//! Checks which objects can be files of one directory.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash as _, Hasher as _};

use crate::transfer::dir::name_folding::NameFolding;
use crate::transfer::dir::prefix_stack::PrefixStack;

/// The longest file name that common file systems support, in bytes.
const MAX_FILE_NAME: usize = 255;

/// Checks names in byte order, and rejects those that cannot be a file next to the names before.
#[derive(Debug)]
pub(crate) struct NameChecker {
    files: PrefixStack,
    folding: NameFolding,
    /// The names so far by their folded form, on a file system that folds names. Both are stored as hashes.
    seen: HashMap<u64, u64>,
}

impl NameChecker {
    pub(crate) fn new(folding: NameFolding) -> Self {
        Self { files: PrefixStack::default(), folding, seen: HashMap::new() }
    }

    /// Checks the name of an object of this size.
    ///
    /// # Errors
    /// Returns the reason why the name cannot be a file or a directory.
    pub(crate) fn check(&mut self, name: &str, bytes: u64) -> Result<(), String> {
        check_file_name(name)?;
        if name.ends_with('/') && bytes > 0 {
            return Err("the name is that of a directory, but the object has data".to_owned());
        }
        if let Some(file) = self.files.parent_of(name) {
            return Err(format!("the object {file:?} exists too, which cannot be a file and a directory"));
        }
        if let Some(difference) = self.folding.describe() {
            let directories = name.match_indices('/').map(|(end, _)| &name[..end]);
            for path in directories.chain((!name.ends_with('/')).then_some(name)) {
                match self.seen.entry(hash(&self.folding.fold(path))) {
                    Entry::Vacant(new) => _ = new.insert(hash(path)),
                    Entry::Occupied(known) if *known.get() == hash(path) => {}
                    Entry::Occupied(_) => {
                        return Err(format!(
                            "the file system cannot store {path:?} next to a name that differs {difference}"
                        ));
                    }
                }
            }
        }
        if !name.ends_with('/') {
            self.files.push(name);
        }
        Ok(())
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Checks that a name can be a file below a directory, on every system.
fn check_file_name(name: &str) -> Result<(), String> {
    let reject = |why: &str| Err(format!("the name {why}, so it cannot be a file below the directory"));
    let bytes = name.as_bytes();
    if name.contains('\0') {
        return reject("contains a NUL character");
    }
    if name.is_empty() {
        return reject("is empty");
    }
    if name.starts_with(['/', '\\']) {
        return reject("starts with a slash or backslash");
    }
    if bytes[0].is_ascii_alphabetic() && bytes.get(1) == Some(&b':') {
        return reject("starts with a drive letter");
    }
    // A backslash is a letter on one system and a separator on another.
    if name.split(['/', '\\']).any(|segment| segment == "..") {
        return reject("contains `..`");
    }
    let segments = name.strip_suffix('/').unwrap_or(name).split('/');
    for segment in segments {
        if segment.is_empty() || segment == "." {
            return reject("has an empty segment or a segment `.`");
        }
        if segment.len() > MAX_FILE_NAME {
            return reject("has a segment of more than 255 bytes");
        }
        if cfg!(windows) && !is_windows_file_name(segment) {
            return reject("has a segment that Windows does not support");
        }
    }
    Ok(())
}

/// Whether Windows supports a file of this name.
fn is_windows_file_name(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let device = matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL")
        || (stem.starts_with("COM") || stem.starts_with("LPT"))
            && matches!(stem[3..].chars().next(), Some('0'..='9' | '¹' | '²' | '³'))
            && stem.chars().count() == 4;
    let letters = !segment.contains(['<', '>', ':', '"', '|', '?', '*', '\\']);
    let ends = !segment.ends_with(['.', ' ']);
    !device && letters && ends && !segment.contains(|letter: char| letter < ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: NameFolding = NameFolding { case_insensitive: false, normalization_insensitive: false };
    const CASE: NameFolding = NameFolding { case_insensitive: true, ..EXACT };
    const NORMALIZATION: NameFolding = NameFolding { normalization_insensitive: true, ..EXACT };
    const BOTH: NameFolding = NameFolding { case_insensitive: true, normalization_insensitive: true };

    fn rejected(folding: NameFolding, names: &[&str]) -> Vec<String> {
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        let mut check = NameChecker::new(folding);
        sorted.into_iter().filter(|name| check.check(name, 0).is_err()).map(str::to_owned).collect()
    }

    #[test]
    fn name_that_leads_out_of_the_directory_is_rejected() {
        for name in [
            "../x",
            "a/../../x",
            "..",
            "/etc/passwd",
            "\\\\server\\x",
            "..\\x",
            "a\\..\\x",
            "C:\\x",
            "c:x",
            "a\0b",
            "a//b",
            "./a",
            "a/./b",
            "",
            "/",
            &"x".repeat(256),
            &format!("{}/b", "é".repeat(128)),
        ] {
            assert!(check_file_name(name).is_err(), "{name:?}");
        }
        for name in ["a", "a/b", "a/", "..a", "a..", "...", "ab:c", "é", " ", "a b", "-", &"x".repeat(255)] {
            assert!(check_file_name(name).is_ok(), "{name:?}");
        }
        assert!(cfg!(windows) || check_file_name("a\\b").is_ok());
    }

    #[test]
    fn name_below_a_file_is_rejected() {
        assert_eq!(rejected(EXACT, &["a", "a-b", "a.txt", "a/b", "a0", "b"]), ["a/b"]);
        assert_eq!(rejected(EXACT, &["a", "a/", "a/b/c"]), ["a/", "a/b/c"]);
        assert_eq!(rejected(EXACT, &["a/b", "a/b c", "a/b/c", "a/bb/c"]), ["a/b/c"]);
        assert_eq!(rejected(EXACT, &["a/", "a/b", "ab", "a b"]), [""; 0]);
    }

    #[test]
    fn names_that_differ_by_case_collide_if_case_is_folded() {
        let names = ["A", "a", "B/x", "b/y", "É", "é", "c/d/e", "c/d/f"];
        assert_eq!(rejected(EXACT, &names), [""; 0]);
        assert_eq!(rejected(CASE, &names), ["a", "b/y", "é"]);
        assert_eq!(rejected(BOTH, &names), ["a", "b/y", "é"]);
        assert_eq!(rejected(NORMALIZATION, &names), [""; 0]);
    }

    #[test]
    fn names_that_differ_by_normalization_collide_if_it_is_folded() {
        // The last three are the sign of the unit ångström, the letter, and the letter with a combining ring.
        let names =
            ["\u{e9}", "e\u{301}", "d\u{e9}/x", "de\u{301}/y", "e", "d/e", "\u{212b}", "\u{c5}", "A\u{30a}"];
        assert_eq!(rejected(EXACT, &names), [""; 0]);
        assert_eq!(rejected(CASE, &["\u{e9}", "e\u{301}", "E"]), [""; 0]);
        let collide = ["d\u{e9}/x", "\u{c5}", "\u{e9}", "\u{212b}"];
        assert_eq!(rejected(NORMALIZATION, &names), collide);
        assert_eq!(rejected(BOTH, &names), collide);
        // Compatibility characters stay distinct: a ligature, and a full-width letter.
        assert_eq!(rejected(NORMALIZATION, &["fi", "\u{fb01}", "a", "\u{ff41}"]), [""; 0]);
    }

    #[test]
    fn case_and_normalization_are_folded_together() {
        let names = ["\u{c9}t\u{e9}", "e\u{301}te\u{301}", "E\u{301}t\u{e9}x"];
        assert_eq!(rejected(CASE, &names), [""; 0]);
        assert_eq!(rejected(NORMALIZATION, &names), [""; 0]);
        assert_eq!(rejected(BOTH, &names), ["\u{c9}t\u{e9}"]);
        // In upper case, the iota subscript of these letters becomes a letter of its own.
        assert_eq!(
            rejected(BOTH, &["\u{1f80}", "\u{1f88}", "\u{3b1}\u{313}\u{345}"]),
            ["\u{1f80}", "\u{1f88}"]
        );
    }

    #[test]
    fn message_says_how_colliding_names_differ() {
        for (folding, words) in [
            (CASE, "differs only by case"),
            (NORMALIZATION, "differs only by Unicode normalization"),
            (BOTH, "differs only by case or Unicode normalization"),
        ] {
            let mut names = NameChecker::new(folding);
            let mut pair = if folding.case_insensitive { ["A", "a"] } else { ["e\u{301}", "\u{e9}"] };
            pair.sort_unstable();
            names.check(pair[0], 0).unwrap();
            let why = names.check(pair[1], 0).unwrap_err();
            assert_eq!(
                why,
                format!("the file system cannot store {:?} next to a name that {words}", pair[1])
            );
        }
    }

    #[test]
    fn windows_supports_fewer_names() {
        for name in ["CON", "nul.txt", "com1", "LPT9.x", "a:b", "a?", "a.", "a ", "a\\b", "\u{1}"] {
            assert!(!is_windows_file_name(name), "{name:?}");
        }
        for name in ["console", "com", "com10", "a.b", ".a", "é"] {
            assert!(is_windows_file_name(name), "{name:?}");
        }
    }
}
