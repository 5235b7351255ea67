//! Requests about objects that do not transfer their bytes.

pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod head;
pub(crate) mod list;
pub(crate) mod staging;
