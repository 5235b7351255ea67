//! Fault injection: planned faults, and what they do to requests.

mod action;
mod builder;
mod emulated;
mod emulation;
mod plan;

pub use builder::FaultBuilder;
pub use plan::Faults;

pub(crate) use action::{ConnectionDropped, Fault};
