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
//! | `held_items` | checks the first items before anything is transferred |
//! | `outcomes`, `concurrency` | runs tasks, counts results, collects failures, and stops after too many; how many tasks run at once |
//! | `options`, `report` | the options of both requests; the report, and the callback for each entry |
//! | `names`, `prefix_stack`, `name_folding` | which objects can be files of one directory |
//! | `stored_time`, `compare`, `local_files` | which files are equal to their objects; loads local files |
//! | `walk`, `listing` | the two sides, both in byte order: the local entries, and the objects |
//! | `filter`, `patterns` | which entries are left out |
//! | `name_table`, `compact_list`, `merge` | the names in one directory; a list that takes little memory; the merge of two sorted streams |

mod compact_list;
mod compare;
mod concurrency;
mod download;
mod extraneous_files;
mod filter;
mod held_items;
pub(crate) mod listing;
pub(crate) mod local_files;
mod merge;
pub(crate) mod name_folding;
mod name_table;
pub(crate) mod names;
mod options;
mod outcomes;
mod patterns;
mod prefix_stack;
mod report;
mod stored_time;
mod upload;
mod upload_tasks;
mod walk;

pub use compare::Compare;
pub use download::DownloadDirRequest;
pub use options::SymlinkPolicy;
pub use report::{InvalidEntry, SyncAction, SyncReport};
pub use upload::UploadDirRequest;
