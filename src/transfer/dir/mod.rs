//! Transfer of directories: uploads a directory to a prefix, downloads a prefix to a directory, and synchronizes the
//! two.
//!
//! Imports point from the top of this table to the bottom:
//!
//! | file | what it does |
//! |---|---|
//! | `upload`, `download` | the two requests |
//! | `upload_tasks` | groups what an upload has to do into tasks |
//! | `extraneous_files` | deletes the local files that have no object |
//! | `outcomes` | runs tasks, counts results, collects failures, and stops after too many |
//! | `options`, `report` | the options of both requests; the report, and the callback for each entry |
//! | `names`, `prefix_stack`, `name_folding` | which objects can be files of one directory |
//! | `local_files` | compares and loads local files |
//! | `walk`, `listing` | the two sides, both in byte order: the local entries, and the objects |
//! | `small_list`, `merge` | a list that is read twice; the merge of two sorted streams |

mod download;
mod extraneous_files;
mod listing;
pub(crate) mod local_files;
mod merge;
pub(crate) mod name_folding;
pub(crate) mod names;
mod options;
mod outcomes;
mod prefix_stack;
mod report;
mod small_list;
mod upload;
mod upload_tasks;
mod walk;

pub use download::DownloadDirRequest;
pub use options::SymlinkPolicy;
pub use report::{SyncAction, SyncReport};
pub use upload::UploadDirRequest;
