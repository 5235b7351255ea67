//! Patterns of file names, with the syntax of `.gitignore`.

use globset::{Error, GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns, of which the last one that matches decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    globs: GlobSet,
    rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    /// The pattern started with `!`.
    is_negated: bool,
    /// The pattern ended with a slash.
    matches_only_directories: bool,
}

impl Patterns {
    /// Compiles patterns. `!` at the start of a pattern reverses its meaning.
    ///
    /// # Errors
    /// Returns the pattern that is not valid, and why.
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let (mut globs, mut rules) = (GlobSetBuilder::new(), Vec::new());
        for pattern in patterns {
            let fail = |error: Error| format!("the pattern {pattern:?} is not valid: {}", error.kind());
            let (pattern, is_negated) = match pattern.strip_prefix('!') {
                Some(pattern) => (pattern, true),
                None => (pattern, false),
            };
            let (pattern, matches_only_directories) = match pattern.strip_suffix('/') {
                Some(pattern) => (pattern, true),
                None => (pattern, false),
            };
            // A pattern without a slash, except at its end, matches a name in any directory.
            let glob = match pattern.strip_prefix('/') {
                Some(anchored) => anchored.to_owned(),
                None if pattern.contains('/') => pattern.to_owned(),
                None => format!("**/{pattern}"),
            };
            let glob = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build();
            globs.add(glob.map_err(fail)?);
            rules.push(Rule { is_negated, matches_only_directories });
        }
        let globs = globs.build().map_err(|error| format!("the patterns are not valid: {}", error.kind()))?;
        Ok(Self { globs, rules })
    }

    /// Compiles the lines of an ignore file.
    pub(crate) fn of_ignore_file(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(|line| {
            // Spaces at the end do not count, unless the last one is escaped.
            let trimmed = line.trim_end();
            if trimmed.ends_with('\\') && trimmed.len() < line.len() {
                &line[..=trimmed.len()]
            } else {
                trimmed
            }
        });
        Self::new(lines.filter(|line| !line.is_empty() && !line.starts_with('#')))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether the last pattern that matches a name is not negated. The name is the path below the root; that of a
    /// directory ends with a slash.
    pub(crate) fn matches(&self, name: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let (path, is_directory) = match name.strip_suffix('/') {
            Some(path) => (path, true),
            None => (name, false),
        };
        let matching = self.globs.matches(path).into_iter().rev().filter_map(|number| self.rules.get(number));
        let last = matching.into_iter().find(|rule| is_directory || !rule.matches_only_directories);
        last.is_some_and(|rule| !rule.is_negated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching<'a>(patterns: &[&str], names: &[&'a str]) -> Vec<&'a str> {
        let patterns = Patterns::new(patterns.iter().copied()).unwrap();
        names.iter().copied().filter(|name| patterns.matches(name)).collect()
    }

    #[test]
    fn pattern_without_a_slash_matches_in_every_directory() {
        let names = ["a.csv", "b/a.csv", "b/c/a.csv", "a.csv/", "a.csv.gz", "b/"];
        assert_eq!(matching(&["*.csv"], &names), ["a.csv", "b/a.csv", "b/c/a.csv", "a.csv/"]);
        assert_eq!(matching(&["*.csv/"], &names), ["a.csv/"]);
        assert_eq!(matching(&["/*.csv"], &names), ["a.csv", "a.csv/"]);
        assert_eq!(matching(&["b/*.csv"], &names), ["b/a.csv"]);
        assert_eq!(matching(&["b/**/*.csv"], &names), ["b/a.csv", "b/c/a.csv"]);
        assert_eq!(matching(&["b/**"], &names), ["b/a.csv", "b/c/a.csv"]);
        assert_eq!(matching(&[], &names), [""; 0]);
    }

    #[test]
    fn last_matching_pattern_decides() {
        let names = ["a.log", "keep.log", "b/keep.log"];
        assert_eq!(matching(&["*.log", "!keep.log"], &names), ["a.log"]);
        assert_eq!(matching(&["!keep.log", "*.log"], &names), names);
        assert_eq!(matching(&["*.log", "!/keep.log"], &names), ["a.log", "b/keep.log"]);
    }

    #[test]
    fn ignore_file_has_comments_and_escapes() {
        let text = "# comment\n\n*.tmp  \r\n\\#x\n\\!y\nspace\\ \n[ab]?\n{c,d}\n";
        let patterns = Patterns::of_ignore_file(text).unwrap();
        for name in ["a.tmp", "#x", "!y", "space ", "a1", "d"] {
            assert!(patterns.matches(name), "{name}");
        }
        for name in ["# comment", "x", "y", "space", "c1", "a.tmp.gz"] {
            assert!(!patterns.matches(name), "{name}");
        }
    }

    #[test]
    fn invalid_pattern_is_named() {
        let error = Patterns::new(["a", "b["]).unwrap_err();
        assert!(error.contains("\"b[\""), "{error}");
    }
}
