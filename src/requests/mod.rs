//! Request and list builders, grouped by resource.

pub(crate) mod cherry_pick;
pub(crate) mod commit;
pub(crate) mod copy_object;
pub(crate) mod diff;
pub(crate) mod dump;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod new_head;
pub(crate) mod reset;
pub(crate) mod revert;
pub(crate) mod support;
pub(crate) mod update_metadata;
