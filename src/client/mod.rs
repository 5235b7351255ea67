//! Settings of the client: the endpoint, TLS, the proxy, timeouts, headers and the user agent.

pub(crate) mod endpoint;
pub(crate) mod headers;
pub(crate) mod proxy;
pub(crate) mod settings;
pub(crate) mod tls;
