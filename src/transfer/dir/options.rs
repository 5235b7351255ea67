//! The options of directory transfers.

use crate::transfer::dir::report::EntryCallback;
use crate::transfer::progress::Progress;

/// The default number of files that are transferred at once.
const CONCURRENCY: usize = 25;

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
pub(crate) struct Options {
    pub(crate) concurrency: usize,
    pub(crate) skip_unchanged: bool,
    pub(crate) delete_extraneous: bool,
    pub(crate) dry_run: bool,
    pub(crate) progress: Progress,
    pub(crate) on_entry: EntryCallback,
}

impl Options {
    /// `concurrency` is the default of the client.
    pub(crate) fn new(skip_unchanged: bool, concurrency: Option<usize>) -> Self {
        Self {
            concurrency: concurrency.unwrap_or(CONCURRENCY),
            skip_unchanged,
            delete_extraneous: false,
            dry_run: false,
            progress: Progress::default(),
            on_entry: EntryCallback::default(),
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
            /// Sets how many files are transferred at once. Default:
            /// [`ClientBuilder::dir_concurrency`](crate::ClientBuilder::dir_concurrency), which is 25.
            pub fn concurrency(mut self, files: usize) -> Self {
                self.options.concurrency = files.max(1);
                self
            }

            #[doc = $default]
            ///
            /// Files are equal if they have the same size and checksum. The checksum of the local file is computed only
            /// if the sizes are equal. Content types and metadata are not compared.
            pub fn skip_unchanged(mut self, yes: bool) -> Self {
                self.options.skip_unchanged = yes;
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
