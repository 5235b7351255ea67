//! lakeFS's REST API over the [model](crate::model).
//!
//! A request passes [`pipeline`], which finds its row in [`operations`] by [`route`], checks it against the
//! [`contract`] and calls one of the [`handlers`].

mod auth;
mod call;
mod contract;
mod handlers;
mod operations;
mod pipeline;
mod response;
mod route;
mod state;
mod wire;

pub(crate) use auth::Auth;
pub(crate) use operations::operation_ids;
pub(crate) use pipeline::respond;
pub(crate) use state::ApiState;
