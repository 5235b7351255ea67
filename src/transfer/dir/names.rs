//! Which objects can be files of one directory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash as _, Hasher as _};

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::transfer::dir::files::Sameness;

/// The longest name that file systems have in common, in bytes.
const LONGEST_NAME: usize = 255;

/// Names that came before, of which later ones can be the continuation.
///
/// It relies on the names coming in the order of their bytes: those that begin alike then come one after another, so
/// that it holds no more names than one name has characters.
#[derive(Debug, Default)]
pub(crate) struct Above(Vec<String>);

impl Above {
    /// The name that came before and would have to be a directory for `name` to be in it.
    pub(crate) fn of(&mut self, name: &str) -> Option<&str> {
        while self.0.last().is_some_and(|above| !name.starts_with(&**above)) {
            self.0.pop();
        }
        self.0.iter().map(|above| &**above).find(|above| name[above.len()..].starts_with('/'))
    }

    /// Remembers a name that has just been asked for.
    pub(crate) fn push(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }
}

/// Looks at names in the order of their bytes, and tells which of them cannot be a file beside those before.
#[derive(Debug)]
pub(crate) struct Names {
    files: Above,
    sameness: Sameness,
    /// On a file system that takes different names for one: what has been seen, by what it would be for the file system.
    /// Hashes of both suffice.
    seen: HashMap<u64, u64>,
}

impl Names {
    pub(crate) fn new(sameness: Sameness) -> Self {
        Self { files: Above::default(), sameness, seen: HashMap::new() }
    }

    /// Why there can be no file, or directory, of this name.
    pub(crate) fn check(&mut self, name: &str, bytes: u64) -> Result<(), String> {
        impossible(name)?;
        if name.ends_with('/') && bytes > 0 {
            return Err("it has data, and the name of a directory".to_owned());
        }
        if let Some(file) = self.files.of(name) {
            return Err(format!("{file:?} is an object too, and cannot be a file and a directory"));
        }
        if let Some(how) = differing(self.sameness) {
            let directories = name.match_indices('/').map(|(end, _)| &name[..end]);
            for part in directories.chain((!name.ends_with('/')).then_some(name)) {
                match self.seen.entry(hash(&same(self.sameness, part))) {
                    Entry::Vacant(new) => _ = new.insert(hash(part)),
                    Entry::Occupied(known) if *known.get() == hash(part) => {}
                    Entry::Occupied(_) => {
                        return Err(format!(
                            "the file system cannot tell {part:?} from one that differs {how}"
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

/// How names can differ that are one for the file system.
fn differing(sameness: Sameness) -> Option<&'static str> {
    match (sameness.ignores_case, sameness.ignores_composition) {
        (false, false) => None,
        (true, false) => Some("by case"),
        (false, true) => Some("by how its letters are composed"),
        (true, true) => Some("by case, or by how its letters are composed"),
    }
}

fn decomposed(name: &str) -> Cow<'_, str> {
    DecomposingNormalizerBorrowed::new_nfd().normalize(name)
}

/// One text for all names that are one for the file system.
fn same(sameness: Sameness, name: &str) -> Cow<'_, str> {
    let name = if sameness.ignores_composition { decomposed(name) } else { name.into() };
    if !sameness.ignores_case {
        return name;
    }
    // Both ways, since some letters have no counterpart, or another one on the way back.
    let name = name.to_uppercase().to_lowercase();
    if sameness.ignores_composition { decomposed(&name).into_owned().into() } else { name.into() }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Why a name is none below a directory, on this system or another one.
fn impossible(name: &str) -> Result<(), String> {
    let is = |why: &str| Err(format!("{why}, so that it cannot be the name of a file in the directory"));
    let bytes = name.as_bytes();
    if name.contains('\0') {
        return is("it contains a NUL");
    }
    if name.is_empty() {
        return is("it is empty");
    }
    if name.starts_with(['/', '\\']) {
        return is("it begins with a slash");
    }
    if bytes[0].is_ascii_alphabetic() && bytes.get(1) == Some(&b':') {
        return is("it begins with a drive letter");
    }
    // A backslash is a letter on one system and a separator on another.
    if name.split(['/', '\\']).any(|segment| segment == "..") {
        return is("it leads upwards");
    }
    let segments = name.strip_suffix('/').unwrap_or(name).split('/');
    for segment in segments {
        if segment.is_empty() || segment == "." {
            return is("a part of it between slashes is nothing");
        }
        if segment.len() > LONGEST_NAME {
            return is("a part of it between slashes is longer than 255 bytes");
        }
        if cfg!(windows) && !windows_has(segment) {
            return is("a part of it between slashes is no name on Windows");
        }
    }
    Ok(())
}

/// Whether Windows can have a file of this name.
fn windows_has(segment: &str) -> bool {
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

    const EXACT: Sameness = Sameness { ignores_case: false, ignores_composition: false };
    const CASE: Sameness = Sameness { ignores_case: true, ..EXACT };
    const COMPOSITION: Sameness = Sameness { ignores_composition: true, ..EXACT };
    const BOTH: Sameness = Sameness { ignores_case: true, ignores_composition: true };

    fn refused(sameness: Sameness, names: &[&str]) -> Vec<String> {
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        let mut check = Names::new(sameness);
        sorted.into_iter().filter(|name| check.check(name, 0).is_err()).map(str::to_owned).collect()
    }

    #[test]
    fn what_leads_out_of_the_directory_is_refused() {
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
            assert!(impossible(name).is_err(), "{name:?}");
        }
        for name in ["a", "a/b", "a/", "..a", "a..", "...", "ab:c", "é", " ", "a b", "-", &"x".repeat(255)] {
            assert!(impossible(name).is_ok(), "{name:?}");
        }
        assert!(cfg!(windows) || impossible("a\\b").is_ok());
    }

    #[test]
    fn a_file_is_no_directory() {
        assert_eq!(refused(EXACT, &["a", "a-b", "a.txt", "a/b", "a0", "b"]), ["a/b"]);
        assert_eq!(refused(EXACT, &["a", "a/", "a/b/c"]), ["a/", "a/b/c"]);
        assert_eq!(refused(EXACT, &["a/b", "a/b c", "a/b/c", "a/bb/c"]), ["a/b/c"]);
        assert_eq!(refused(EXACT, &["a/", "a/b", "ab", "a b"]), [""; 0]);
    }

    #[test]
    fn names_that_differ_by_case_collide_where_case_is_ignored() {
        let names = ["A", "a", "B/x", "b/y", "É", "é", "c/d/e", "c/d/f"];
        assert_eq!(refused(EXACT, &names), [""; 0]);
        assert_eq!(refused(CASE, &names), ["a", "b/y", "é"]);
        assert_eq!(refused(BOTH, &names), ["a", "b/y", "é"]);
        assert_eq!(refused(COMPOSITION, &names), [""; 0]);
    }

    #[test]
    fn names_that_are_composed_otherwise_collide_where_that_is_ignored() {
        // The last three are the sign of the unit, the letter, and the letter and its ring.
        let names =
            ["\u{e9}", "e\u{301}", "d\u{e9}/x", "de\u{301}/y", "e", "d/e", "\u{212b}", "\u{c5}", "A\u{30a}"];
        assert_eq!(refused(EXACT, &names), [""; 0]);
        assert_eq!(refused(CASE, &["\u{e9}", "e\u{301}", "E"]), [""; 0]);
        let collide = ["d\u{e9}/x", "\u{c5}", "\u{e9}", "\u{212b}"];
        assert_eq!(refused(COMPOSITION, &names), collide);
        assert_eq!(refused(BOTH, &names), collide);
        // What is only alike is told apart: a ligature, and full width.
        assert_eq!(refused(COMPOSITION, &["fi", "\u{fb01}", "a", "\u{ff41}"]), [""; 0]);
    }

    #[test]
    fn case_and_composition_are_ignored_together() {
        let names = ["\u{c9}t\u{e9}", "e\u{301}te\u{301}", "E\u{301}t\u{e9}x"];
        assert_eq!(refused(CASE, &names), [""; 0]);
        assert_eq!(refused(COMPOSITION, &names), [""; 0]);
        assert_eq!(refused(BOTH, &names), ["\u{c9}t\u{e9}"]);
        // Its capital has two characters, one of which is a mark that has a place of its own.
        assert_eq!(
            refused(BOTH, &["\u{1f80}", "\u{1f88}", "\u{3b1}\u{313}\u{345}"]),
            ["\u{1f80}", "\u{1f88}"]
        );
    }

    #[test]
    fn it_is_told_what_the_file_system_does_not_tell_apart() {
        for (sameness, words) in [
            (CASE, "differs by case"),
            (COMPOSITION, "differs by how its letters are composed"),
            (BOTH, "differs by case, or by how its letters are composed"),
        ] {
            let mut names = Names::new(sameness);
            let mut pair = if sameness.ignores_case { ["A", "a"] } else { ["e\u{301}", "\u{e9}"] };
            pair.sort_unstable();
            names.check(pair[0], 0).unwrap();
            let why = names.check(pair[1], 0).unwrap_err();
            assert_eq!(why, format!("the file system cannot tell {:?} from one that {words}", pair[1]));
        }
    }

    #[test]
    fn windows_has_fewer_names() {
        for name in ["CON", "nul.txt", "com1", "LPT9.x", "a:b", "a?", "a.", "a ", "a\\b", "\u{1}"] {
            assert!(!windows_has(name), "{name:?}");
        }
        for name in ["console", "com", "com10", "a.b", ".a", "é"] {
            assert!(windows_has(name), "{name:?}");
        }
    }
}
