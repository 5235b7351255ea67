//! The HTTP clients of a transport.

use std::time::Duration;

use crate::client::settings::{Clients, HttpSettings};
use crate::error::Result;

/// Two HTTP clients: one for requests whose body is in memory, and one for bodies that are streamed.
///
/// reqwest's read timeout starts with the request and includes the time to send its body, so an upload that takes
/// longer than the timeout would fail. The client for streamed bodies has none; the transport starts the timeout when
/// the last bytes were sent.
#[derive(Clone, Debug)]
pub(crate) struct HttpClients {
    pub(crate) buffered: reqwest::Client,
    /// Does not follow redirects, because a streamed body cannot be sent again.
    pub(crate) streaming: reqwest::Client,
    /// The read timeout of requests whose body is streamed.
    pub(crate) response_timeout: Option<Duration>,
}

impl HttpClients {
    /// `is_https` is whether the endpoint needs TLS.
    pub(crate) fn new(settings: &HttpSettings, is_https: bool) -> Result<Self> {
        let Clients { buffered, streaming } = settings.build(is_https)?;
        Ok(Self { buffered, streaming, response_timeout: Some(settings.read_timeout) })
    }

    /// Uses one client, with its own settings, for all requests.
    pub(crate) fn from_client(client: reqwest::Client) -> Self {
        Self { streaming: client.clone(), buffered: client, response_timeout: None }
    }
}
