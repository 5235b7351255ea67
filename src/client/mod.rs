//! Settings of the client: the endpoint, TLS, timeouts and the user agent.

pub(crate) mod endpoint;
pub(crate) mod settings;
mod tls;
