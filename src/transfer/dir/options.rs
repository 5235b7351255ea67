//! The options of directory transfers.

use crate::error::Error;
use crate::transfer::dir::compare::Compare;
use crate::transfer::dir::filter::{FilterError, FilterOptions};
use crate::transfer::dir::report::EntryCallback;
use crate::transfer::progress::Progress;

/// How an upload treats symbolic links below the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SymlinkPolicy {
    /// Fails before anything is uploaded.
    #[default]
    Refuse,
    /// Leaves symbolic links out.
    Skip,
    /// Uploads the target of the link, also if it is outside of the directory. A link without a target, or to a
    /// directory that contains the link, is an error.
    Follow,
}

/// The options of both directions.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that callers set")]
pub(crate) struct Options {
    /// `None`: chosen from the latency.
    pub(crate) concurrency: Option<usize>,
    pub(crate) skip_unchanged: bool,
    pub(crate) compare: Compare,
    pub(crate) preserve_times: Option<bool>,
    pub(crate) filter: FilterOptions,
    pub(crate) skip_invalid: bool,
    pub(crate) check_all_first: bool,
    pub(crate) delete_extraneous: bool,
    pub(crate) dry_run: bool,
    pub(crate) progress: Progress,
    pub(crate) on_entry: EntryCallback,
}

impl Options {
    /// `concurrency` is the default of the client.
    pub(crate) fn new(skip_unchanged: bool, concurrency: Option<usize>) -> Self {
        Self {
            concurrency,
            skip_unchanged,
            compare: Compare::default(),
            preserve_times: None,
            filter: FilterOptions::default(),
            skip_invalid: false,
            check_all_first: false,
            delete_extraneous: false,
            dry_run: false,
            progress: Progress::default(),
            on_entry: EntryCallback::default(),
        }
    }

    pub(crate) fn preserves_times(&self) -> bool {
        self.preserve_times.unwrap_or(self.compare == Compare::SizeAndTime)
    }

    /// Whether the list of objects must have the times of their files.
    pub(crate) fn needs_times(&self) -> bool {
        self.compare == Compare::SizeAndTime || self.preserves_times()
    }

    /// How many items are checked before the transfer starts. `usual` is the number without options that change it.
    pub(crate) fn checked_first(&self, usual: usize) -> usize {
        if self.check_all_first || self.delete_extraneous {
            usize::MAX
        } else if self.skip_invalid {
            0
        } else {
            usual
        }
    }
}

/// Returns the error of a filter that cannot be made.
pub(crate) fn filter_error(error: FilterError, action: String) -> Error {
    match error {
        FilterError::InvalidPattern(why) => Error::invalid(action, why),
        FilterError::UnreadableFile(path, error) => {
            Error::io(action, format!("the ignore file {} cannot be read", path.display()), error)
        }
    }
}

/// Appends a slash to a prefix, unless it is empty or has one.
pub(crate) fn directory_prefix(prefix: String) -> String {
    if prefix.is_empty() || prefix.ends_with('/') { prefix } else { prefix + "/" }
}

/// The setters of [`Options`], for a request with a field `options`.
macro_rules! dir_options {
    ($request:ident, skip_unchanged: $default:literal) => {
        impl $request {
            /// Sets how many files are transferred at once. 0 counts as 1. Default:
            /// [`ClientBuilder::dir_concurrency`](crate::ClientBuilder::dir_concurrency), and if that is not set, the
            /// number adapts to the server.
            ///
            /// The adaptive number starts at 25. It grows up to 128 while the transfers of small files do not take
            /// longer than with a smaller number, and shrinks when they do. It is halved when the server rejects
            /// requests with the status 429 or 503.
            pub fn concurrency(mut self, files: usize) -> Self {
                self.options.concurrency = Some(files.max(1));
                self
            }

            #[doc = $default]
            ///
            /// [`compare`](Self::compare) sets what is compared. Content types and metadata are not compared.
            pub fn skip_unchanged(mut self, yes: bool) -> Self {
                self.options.skip_unchanged = yes;
                self
            }

            /// Sets how equal files are found, for [`skip_unchanged`](Self::skip_unchanged). Default:
            /// [`Compare::Checksum`](crate::Compare::Checksum), which reads every file whose size is that of its object.
            ///
            /// With [`Compare::SizeAndTime`](crate::Compare::SizeAndTime), unchanged files are not read. Use it for all
            /// transfers of a directory: it sets [`preserve_times`](Self::preserve_times), so that the times are equal
            /// afterwards.
            pub fn compare(mut self, compare: $crate::transfer::dir::compare::Compare) -> Self {
                self.options.compare = compare;
                self
            }

            /// Leaves out everything that matches none of the patterns of `include`. Each call adds a pattern.
            /// Default: nothing is left out.
            ///
            /// The pattern has the syntax of `.gitignore`: `*` and `?` match within a name, `**` matches directories,
            /// `[ab]` and `{a,b}` match alternatives. A pattern without a slash matches names in every directory:
            /// `*.csv`. A pattern with a slash matches the path below the directory: `/a.csv`, `data/*.csv`. A pattern
            /// that matches a directory, such as `data/`, includes all files below it.
            ///
            /// What is left out is never transferred and never deleted, on either side.
            ///
            /// # Errors
            /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the pattern is not valid.
            pub fn include(mut self, pattern: impl Into<String>) -> Self {
                self.options.filter.include.push(pattern.into());
                self
            }

            /// Leaves out files and directories that match a pattern, with everything below them. Each call adds a
            /// pattern. Takes precedence over [`include`](Self::include), whose documentation describes patterns.
            /// Default: nothing is left out.
            ///
            /// What is left out is never transferred and never deleted, on either side.
            ///
            /// # Errors
            /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the pattern is not valid.
            pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
                self.options.filter.exclude.push(pattern.into());
                self
            }

            /// Leaves out files and directories for which a function returns `false`, with everything below them. Each
            /// call adds a function. Default: nothing is left out.
            ///
            /// The function gets the path of a file or an object below the directory or the prefix, with slashes. The
            /// path of a directory ends with a slash. The function may be called several times with the same path.
            ///
            /// What is left out is never transferred and never deleted, on either side.
            pub fn filter(mut self, keeps: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
                let predicate = $crate::transfer::dir::filter::Predicate(std::sync::Arc::new(keeps));
                self.options.filter.predicates.push(predicate);
                self
            }

            /// Leaves out what a local file lists, which has the syntax of `.gitignore`: a pattern a line, comments
            /// after `#`, and exceptions after `!`. Each call adds a file. Default: no file.
            ///
            /// The patterns apply to the paths below the directory, wherever the file is. The file itself is transferred
            /// like any other, unless it lists itself. Ignore files in directories below have no effect.
            ///
            /// What is left out is never transferred and never deleted, on either side.
            ///
            /// # Errors
            /// [`Io`](crate::ErrorKind::Io): the file cannot be read.
            /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a pattern is not valid.
            pub fn ignore_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
                self.options.filter.ignore_files.push(path.into());
                self
            }

            /// Checks everything before the transfer starts, however much it is. Default: `false`, unless
            /// [`delete_extraneous`](Self::delete_extraneous) is set.
            ///
            /// The transfer then starts when the last name is known, and holds about 40 bytes in memory for each.
            pub fn check_all_first(mut self, yes: bool) -> Self {
                self.options.check_all_first = yes;
                self
            }

            /// Returns the report, and calls [`on_entry`](Self::on_entry), without changing anything. Default: `false`.
            pub fn dry_run(mut self, yes: bool) -> Self {
                self.options.dry_run = yes;
                self
            }

            $crate::transfer::progress::progress_setters!(options.progress);

            /// Calls a function for every entry that was transferred, skipped or deleted. Default: none.
            ///
            /// The function gets the name of the entry below the directory. The order of the calls is not defined. It is
            /// not called for entries that failed. In a dry run, it gets what a real run would do. It runs between
            /// transfers, so it should return quickly.
            pub fn on_entry(mut self, on_entry: impl Fn(&str, SyncAction) + Send + Sync + 'static) -> Self {
                self.options.on_entry = EntryCallback::new(on_entry);
                self
            }
        }
    };
}

pub(crate) use dir_options;
