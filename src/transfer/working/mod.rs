//! Working copies: the local side of a directory that is linked to a prefix of a ref.
//!
//! Everything here but `apply` and `upload` blocks. Imports point from the top of this table to the bottom:
//!
//! | file | what it does |
//! |---|---|
//! | `apply`, `upload` | changes the directory; uploads files of the directory |
//! | `plan` | decides what a change of the ref does to the directory, and finds conflicts |
//! | `scan` | compares the directory with a commit |
//! | `base`, `base_file` | the objects of a commit; the file that holds their list, and the cache of these files |
//! | `files` | walks the files of a directory |
//! | `index`, `lock` | the file that links the directory; the lock for programs that change it |

pub(crate) mod apply;
pub(crate) mod base;
pub(crate) mod base_file;
pub(crate) mod files;
pub(crate) mod index;
pub(crate) mod lock;
pub(crate) mod plan;
pub(crate) mod scan;
pub(crate) mod upload;
