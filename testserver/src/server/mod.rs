//! The public server: a handle to a running server, and its builder.

mod builder;
mod handle;
mod listener;

pub use builder::ServerBuilder;
pub use handle::Server;
