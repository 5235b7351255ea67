//! A case for every operation, by topic. A call goes through the handles where they have the operation, because only
//! these reconcile lost responses.

#![allow(clippy::unit_arg, reason = "the value of a call may be nothing")]

mod accounts;
mod groups;
mod history;
mod maintenance;
mod objects;
mod refs;
mod repositories;
mod server;
mod staging;

use crate::case::Case;

pub(crate) fn all() -> Vec<Case> {
    let topics = [
        accounts::cases(),
        groups::cases(),
        history::cases(),
        maintenance::cases(),
        objects::cases(),
        refs::cases(),
        repositories::cases(),
        server::cases(),
        staging::cases(),
    ];
    topics.into_iter().flatten().collect()
}
