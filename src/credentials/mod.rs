//! The credentials of a client, and their providers.

mod aws_iam;
mod from_fn;
mod kinds;
mod login;
mod token_cache;
mod token_command;
mod token_file;
mod watched_file;
mod web_identity;

pub use aws_iam::AwsIam;
pub use kinds::Credentials;
pub(crate) use token_cache::{CachedToken, token_cache_path};
pub use token_command::TokenCommand;
pub use web_identity::WebIdentity;
