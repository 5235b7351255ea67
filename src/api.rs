//! Every operation of the lakeFS API, generated from its contract.
//!
//! [`Client`] has a method for each operation; it answers a builder, and `send` calls the server. Credentials,
//! retries, tracing and errors are those of the [`lakefs::Client`](crate::Client) it belongs to. The handles of
//! this crate stand on the same methods: reach for this module where they have no word for what you need.
//!
//! ```
//! # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
//! let version = client.api().get_config().send().await?.into_inner().version_config;
//! # Ok(())
//! # }
//! ```

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::error::{INVALID_NAME, Result};
use crate::http::call::Call;
pub use crate::http::response::{ByteStream, Response};
use crate::http::send::Transport;

// What progenitor writes is not ours to style; that it is documented is checked when it is generated.
#[allow(
    clippy::all,
    clippy::pedantic,
    unused_qualifications,
    unused_mut,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

#[cfg(test)]
pub(crate) use generated::OPERATIONS;
pub use generated::builder;
pub(crate) use generated::types;

/// A method for every operation of the API.
#[derive(Clone, Debug)]
#[allow(clippy::struct_field_names, reason = "the names that generated code uses")]
pub struct Client {
    baseurl: String,
    client: reqwest::Client,
    transport: Transport,
}

impl Client {
    pub(crate) fn new(base: String, http: reqwest::Client, transport: Transport) -> Self {
        Self { baseurl: base, client: http, transport }
    }

    /// The address that the paths of the contract are appended to.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.baseurl
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    async fn json<T: DeserializeOwned + Send>(&self, call: Call) -> Result<Response<T>> {
        self.transport.json(call).await
    }

    async fn text(&self, call: Call) -> Result<Response<String>> {
        self.transport.text(call).await
    }

    async fn empty(&self, call: Call) -> Result<Response<()>> {
        self.transport.empty(call).await
    }

    async fn stream(&self, call: Call) -> Result<Response<ByteStream>> {
        self.transport.stream(call).await
    }
}

/// A name as one segment of a path.
///
/// # Errors
/// A name that cannot be one: a URL has no way to spell `.`, `..` or nothing between two slashes, and would name
/// something else.
#[allow(clippy::result_large_err, reason = "the error type of the generated code that calls it")]
fn path_segment(name: &str) -> Result<String, progenitor_client::Error> {
    match name {
        "" | "." | ".." => Err(progenitor_client::Error::InvalidRequest(format!("{name:?} {INVALID_NAME}"))),
        // lakeFS decodes what is spelled in the usual way once more, as a query: `%2561` would be `a`. What is not, it
        // leaves alone.
        name if name.contains('%') => Ok(name.bytes().map(percent_encoding::percent_encode_byte).collect()),
        // For the same reason, a plus would be a space. A URL parser takes the backslash for a slash.
        name => Ok(progenitor_client::encode_path(name).replace('+', "%2B").replace('\\', "%5C")),
    }
}

/// Reads `null` as an empty list or map: the server writes it for a list that was never set.
fn null_as_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(path_segment("main~1^2@").unwrap(), "main~1^2@");
        assert_eq!(path_segment("a/b c\\..\\d?#+é").unwrap(), "a%2Fb%20c%5C..%5Cd%3F%23%2B%C3%A9");
        assert_eq!(path_segment("a%2F~").unwrap(), "%61%25%32%46%7E");
        for name in ["", ".", ".."] {
            assert!(
                matches!(path_segment(name), Err(progenitor_client::Error::InvalidRequest(_))),
                "{name:?}"
            );
        }
    }
}
