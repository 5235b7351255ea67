//! Working copies: requests that read and change a directory that is linked to a prefix.
//!
//! Imports point from the top of this table to the bottom:
//!
//! | file | what it does |
//! |---|---|
//! | `clone`, `pull`, `checkout`, `commit`, `status` | one request each |
//! | `publish` | commits local changes on the branch |
//! | `update` | moves the directory from one commit to another |
//! | `changes` | the changes between two commits, and those of the directory |
//! | `open` | the working copy at its directory: its index file, lock and cache |
//! | `report` | what the requests return |

pub(crate) mod changes;
pub(crate) mod checkout;
pub(crate) mod clone;
pub(crate) mod commit;
pub(crate) mod open;
pub(crate) mod publish;
pub(crate) mod pull;
pub(crate) mod report;
pub(crate) mod status;
pub(crate) mod update;
