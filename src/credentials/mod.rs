//! Credentials, and what a client sends for them.

mod authorizer;
mod kinds;

pub(crate) use authorizer::Authorizer;
pub use kinds::Credentials;
