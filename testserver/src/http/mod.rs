//! lakeFS's HTTP interface to the [model](crate::model).

mod accounts;
mod actions;
mod auth;
mod bodies;
mod branches;
mod call;
mod collection;
mod commits;
mod content;
mod dates;
mod merges;
mod multipart;
mod objects;
mod operations;
mod params;
mod pipeline;
mod presign;
mod pulls;
mod query;
mod reply;
mod repositories;
mod route;
mod samples;
mod schema;
mod settings;
mod staging;
mod system;
mod tags;
mod transfer;
mod upload;
mod wire;

use std::sync::RwLock;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;

pub(crate) use auth::Auth;
pub(crate) use dates::http as http_date;
pub(crate) use operations::{is_operation, is_same_operation};
pub(crate) use pipeline::respond;
pub(crate) use query::{Query, decode};
pub(crate) use reply::{Reply, empty as empty_reply, set as set_header};

use crate::fault::Faults;
use crate::model::Lake;
use crate::record::RequestLog;
use crate::storage::Storage;

/// The state of a server.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) lake: RwLock<Lake>,
    pub(crate) auth: Auth,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    /// The storage that clients may use by themselves, if there is one.
    pub(crate) storage: Option<Storage>,
    /// The contract to serve, if there is one.
    pub(crate) contract: Option<Bytes>,
    /// Holds replies against the contract.
    #[cfg(feature = "validate")]
    pub(crate) check: Option<crate::validate::ReplyCheck>,
    /// Whether somebody has said whom the makers of lakeFS may write to.
    pub(crate) preferences: AtomicBool,
    /// Identifies this instance.
    pub(crate) instance: uuid::Uuid,
}

/// The kind of storage that the server claims to have.
pub(crate) const BLOCKSTORE: &str = "mem";
