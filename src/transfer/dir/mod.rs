//! Directories and the objects under a prefix: moving them, and making one like the other.

mod delete;
mod download;
mod extraneous;
mod files;
mod join;
mod kept;
mod listing;
mod names;
mod options;
mod report;
mod upload;
mod walk;

pub use download::DownloadDirRequest;
pub use report::{SyncAction, SyncReport};
pub use upload::UploadDirRequest;
pub use walk::SymlinkPolicy;
