//! How data that can be read only once are kept until they are uploaded.

#[cfg(feature = "fs")]
use std::path::PathBuf;

/// The default of [`SpoolOptions::limit`].
const DEFAULT_LIMIT: u64 = 1024 * 1024 * 1024;

/// How the data of a stream are kept, so that they can be sent again.
#[derive(Clone, Debug)]
pub(crate) struct SpoolOptions {
    /// How many bytes of an upload are kept at most.
    pub(crate) limit: u64,
    /// The directory of the temporary file. `None` is that of the system.
    #[cfg(feature = "fs")]
    pub(crate) directory: Option<PathBuf>,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self {
            limit: DEFAULT_LIMIT,
            #[cfg(feature = "fs")]
            directory: None,
        }
    }
}
