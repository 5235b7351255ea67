//! What both directions can be told.

use crate::Progress;
use crate::transfer::dir::report::Each;

/// How many files are on their way at once, unless said otherwise.
const CONCURRENCY: usize = 25;

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) concurrency: usize,
    pub(crate) skip_unchanged: bool,
    pub(crate) delete_extraneous: bool,
    pub(crate) dry_run: bool,
    pub(crate) progress: Progress,
    pub(crate) each: Each,
}

impl Options {
    pub(crate) fn new(skip_unchanged: bool) -> Self {
        Self {
            concurrency: CONCURRENCY,
            skip_unchanged,
            delete_extraneous: false,
            dry_run: false,
            progress: Progress::default(),
            each: Each::default(),
        }
    }
}

/// A prefix as that of a directory: it ends with a slash, or is nothing.
pub(crate) fn directory(prefix: String) -> String {
    if prefix.is_empty() || prefix.ends_with('/') { prefix } else { prefix + "/" }
}

macro_rules! options {
    ($request:ident) => {
        impl $request {
            /// How many files are on their way at once: 25 unless said otherwise.
            pub fn concurrency(mut self, files: usize) -> Self {
                self.options.concurrency = files.max(1);
                self
            }

            /// Whether to leave alone what is the same on both sides: of the same size, and with the same checksum, which
            /// is computed only where the size is the same. Media types and metadata are not compared.
            pub fn skip_unchanged(mut self, yes: bool) -> Self {
                self.options.skip_unchanged = yes;
                self
            }

            /// Finds out what there is to do, and does nothing. The report is that of what would be done.
            pub fn dry_run(mut self, yes: bool) -> Self {
                self.options.dry_run = yes;
                self
            }

            $crate::transfer::progress::progress_setters!(options.progress);

            /// Who is told what has become of each file, by its name below the directory, in no order: after it was
            /// moved or deleted, and not of those that failed. Of a dry run, what would become of it.
            ///
            /// It runs in the middle of the work, so it should be quick.
            pub fn on_entry(mut self, tell: impl Fn(&str, SyncAction) + Send + Sync + 'static) -> Self {
                self.options.each = Each::new(tell);
                self
            }
        }
    };
}

pub(crate) use options;
