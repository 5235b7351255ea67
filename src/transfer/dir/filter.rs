//! Which files and objects a directory transfer leaves out.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::transfer::dir::patterns::Patterns;

/// The options from which a filter is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterOptions {
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) ignore_files: Vec<PathBuf>,
    pub(crate) predicates: Vec<Predicate>,
}

/// A function that returns whether to keep an entry.
#[derive(Clone)]
pub(crate) struct Predicate(pub(crate) Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Predicate")
    }
}

/// Why a filter cannot be made.
#[derive(Debug)]
pub(crate) enum FilterError {
    InvalidPattern(String),
    UnreadableFile(PathBuf, std::io::Error),
}

impl FilterOptions {
    /// Makes the filter. Reads the ignore files, so it blocks.
    pub(crate) fn compile(self) -> Result<PathFilter, FilterError> {
        let Self { include, exclude, ignore_files, predicates } = self;
        let compile = |patterns: &[String]| {
            Patterns::new(patterns.iter().map(|pattern| &**pattern)).map_err(FilterError::InvalidPattern)
        };
        let (include, exclude) = (compile(&include)?, compile(&exclude)?);
        let mut ignored = Vec::new();
        for path in ignore_files {
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => return Err(FilterError::UnreadableFile(path, error)),
            };
            let patterns = Patterns::of_ignore_file(&text)
                .map_err(|why| FilterError::InvalidPattern(format!("{}: {why}", path.display())))?;
            ignored.push(patterns);
        }
        let is_active =
            !(include.is_empty() && exclude.is_empty() && ignored.is_empty() && predicates.is_empty());
        let rules = Rules { include, exclude, ignored, predicates };
        Ok(PathFilter(is_active.then(|| Arc::new(rules))))
    }
}

/// Decides which entries are kept. The default keeps all.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathFilter(Option<Arc<Rules>>);

#[derive(Debug)]
struct Rules {
    include: Patterns,
    exclude: Patterns,
    ignored: Vec<Patterns>,
    predicates: Vec<Predicate>,
}

impl PathFilter {
    /// Whether the filter may leave something out.
    pub(crate) fn is_active(&self) -> bool {
        self.0.is_some()
    }

    /// Whether an entry is kept whose parent directories are kept. The name of a directory ends with a slash.
    pub(crate) fn keeps_entry(&self, name: &str) -> bool {
        let Some(rules) = &self.0 else { return true };
        if rules.exclude.matches(name) || rules.ignored.iter().any(|patterns| patterns.matches(name)) {
            return false;
        }
        let is_included = name.ends_with('/')
            || rules.include.is_empty()
            || rules.include.matches(name)
            || parents(name).any(|directory| rules.include.matches(directory));
        is_included && rules.predicates.iter().all(|Predicate(keeps)| keeps(name))
    }

    /// Whether an entry is kept, and all its parent directories.
    pub(crate) fn keeps(&self, name: &str) -> bool {
        !self.is_active()
            || parents(name).all(|directory| self.keeps_entry(directory)) && self.keeps_entry(name)
    }
}

/// The directories above an entry, each with the slash at its end.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/')
        .map(|(slash, _)| &name[..=slash])
        .filter(move |directory| directory.len() < name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = ["a.csv", "a.txt", "d/", "d/a.csv", "d/e/", "d/e/a.txt", "tmp/", "tmp/a.csv"];

    fn kept(options: FilterOptions) -> Vec<&'static str> {
        let filter = options.compile().unwrap();
        NAMES.into_iter().filter(|name| filter.keeps(name)).collect()
    }

    #[test]
    fn default_keeps_everything() {
        assert_eq!(kept(FilterOptions::default()), NAMES);
        assert!(!FilterOptions::default().compile().unwrap().is_active());
    }

    #[test]
    fn exclusion_of_a_directory_excludes_what_is_below_it() {
        let exclude = vec!["/tmp/".to_owned(), "*.txt".to_owned()];
        let options = FilterOptions { exclude, ..FilterOptions::default() };
        assert_eq!(kept(options), ["a.csv", "d/", "d/a.csv", "d/e/"]);
    }

    #[test]
    fn inclusion_selects_files_or_directories_with_all_their_files() {
        let include = |patterns: &[&str]| FilterOptions {
            include: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            ..FilterOptions::default()
        };
        let files = |options| {
            let mut kept = kept(options);
            kept.retain(|name| !name.ends_with('/'));
            kept
        };
        assert_eq!(files(include(&["*.csv"])), ["a.csv", "d/a.csv", "tmp/a.csv"]);
        assert_eq!(files(include(&["d/"])), ["d/a.csv", "d/e/a.txt"]);
        assert_eq!(files(include(&["/a.txt", "e/"])), ["a.txt", "d/e/a.txt"]);
        let both = FilterOptions { exclude: vec!["e".to_owned()], ..include(&["d/"]) };
        assert_eq!(files(both), ["d/a.csv"]);
    }

    #[test]
    fn predicate_is_asked_for_directories_too() {
        let keeps = Predicate(Arc::new(|name: &str| name != "d/" && name != "a.csv"));
        let options = FilterOptions { predicates: vec![keeps], ..FilterOptions::default() };
        assert_eq!(kept(options), ["a.txt", "tmp/", "tmp/a.csv"]);
    }

    #[test]
    fn ignore_file_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ignore");
        let options = || FilterOptions { ignore_files: vec![path.clone()], ..FilterOptions::default() };
        assert!(matches!(options().compile(), Err(FilterError::UnreadableFile(..))));
        std::fs::write(&path, "# data\n*.csv\n!/a.csv\n").unwrap();
        assert_eq!(kept(options()), ["a.csv", "a.txt", "d/", "d/e/", "d/e/a.txt", "tmp/"]);
        std::fs::write(&path, "a[").unwrap();
        assert!(
            matches!(options().compile(), Err(FilterError::InvalidPattern(why)) if why.contains("ignore"))
        );
    }
}
