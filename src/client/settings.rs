//! Settings of the HTTP client.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::client::tls::Tls;
use crate::error::{Error, Result};

/// The settings of the HTTP client.
#[derive(Clone, Debug)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    /// The name of the program, which is sent in front of the name of this crate.
    pub(crate) user_agent: Option<String>,
    /// Whether HTTP/2 may be negotiated. Without the feature `http2`, it never is.
    pub(crate) http2: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            // The commit or merge of millions of objects takes the server minutes, in which it sends nothing.
            read_timeout: Duration::from_secs(300),
            user_agent: None,
            http2: false,
        }
    }
}

/// The HTTP clients of a transport.
pub(crate) struct Clients {
    /// Has the read timeout.
    pub(crate) buffered: reqwest::Client,
    /// Has no read timeout, and follows no redirects.
    pub(crate) streaming: reqwest::Client,
}

impl HttpSettings {
    /// Builds the HTTP clients. `is_https` is whether the endpoint needs TLS.
    pub(crate) fn build(&self, is_https: bool) -> Result<Clients> {
        let tls = Tls::new(self.http2, is_https)?;
        let agent = user_agent(self.user_agent.as_deref());
        let builder = || {
            let builder =
                reqwest::Client::builder().connect_timeout(self.connect_timeout).user_agent(&*agent);
            tls.apply(if self.http2 { builder } else { builder.http1_only() })
        };
        Ok(Clients {
            buffered: build(builder().redirect(Policy::none()).read_timeout(self.read_timeout))?,
            streaming: build(builder().redirect(Policy::none()))?,
        })
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder.build().map_err(|error| {
        let error = error.without_url();
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Error::config(format!("the HTTP client cannot be built{cause}")).with_source(error)
    })
}

fn user_agent(program: Option<&str>) -> String {
    let own = concat!("lakefs-rust/", env!("CARGO_PKG_VERSION"));
    program.map_or_else(|| own.to_owned(), |program| format!("{program} {own}"))
}
