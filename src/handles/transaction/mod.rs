//! Transactions: several changes to a branch that take effect together or not at all.

pub(crate) mod abandoned;
pub(crate) mod attempts;
pub(crate) mod open;
pub(crate) mod outcome;
pub(crate) mod request;
