//! The contract of requests: parameters and JSON bodies, checked as lakeFS checks them.

pub(crate) mod bodies;
mod params;
mod schema;

pub(crate) use params::{Param, integer_error, parse_boolean};
pub(crate) use schema::Body;
