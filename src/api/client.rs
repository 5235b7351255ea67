//! The generated client, to which generated code adds a method for every operation.

use crate::http::send::Transport;

/// A client with a method for every operation of the API.
#[derive(Clone, Debug)]
pub struct Client {
    base: String,
    transport: Transport,
}

impl Client {
    pub(crate) fn new(base: String, transport: Transport) -> Self {
        Self { base, transport }
    }

    /// Returns the URL that the paths of the contract are appended to.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }
}
