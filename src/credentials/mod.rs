//! Credentials, and the `Authorization` header that a client sends with them.

mod authorizer;
mod kinds;

pub(crate) use authorizer::Authorizer;
pub use kinds::Credentials;
