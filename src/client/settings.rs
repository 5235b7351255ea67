//! Settings of the HTTP client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use crate::client::headers::parse_header;
use crate::client::proxy::ProxySetting;
use crate::client::tls::{Tls, TlsSettings};
use crate::error::{Error, Result};

/// A function over the builder of the HTTP client.
pub(crate) type Configure = Arc<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

/// Returns the value of the header `traceparent` for a request.
pub(crate) type Traceparent = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// The default of [`HttpSettings::max_response_size`].
///
/// The largest page of a list has 1000 entries. An entry with a path of 1024 bytes, a pre-signed URL and the 2 KiB of
/// metadata that S3 permits has less than 8 KiB.
const MAX_RESPONSE_SIZE: usize = 64 * 1024 * 1024;

/// The window of a stream of HTTP/2, which is the memory that a response takes that nobody reads.
#[cfg(feature = "http2")]
const HTTP2_STREAM_WINDOW: u32 = 2 * 1024 * 1024;

/// The largest window that HTTP/2 permits.
#[cfg(feature = "http2")]
const HTTP2_MAX_WINDOW: u32 = (1 << 31) - 1;

/// How often an HTTP/2 connection with open streams is checked, and how long the check may take.
///
/// Without it, retries would use a dead connection again.
#[cfg(feature = "http2")]
const HTTP2_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A time that does not end. Longer ones could not be added to a point in time.
const NO_LIMIT: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The settings of the HTTP client.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    /// Replaces the limits of [`time_limits`](crate::http::time_limits) for all operations.
    pub(crate) response_timeout: Option<Duration>,
    pub(crate) pool_idle_timeout: Duration,
    /// The largest body that is read into memory.
    pub(crate) max_response_size: usize,
    /// How many retries may be made without successes in between. `None` is no limit.
    pub(crate) retry_budget: Option<u32>,
    /// The name of the program, which is sent in front of the name of this crate.
    pub(crate) user_agent: Option<String>,
    /// Whether HTTP/2 may be negotiated. Without the feature `http2`, it never is.
    pub(crate) http2: bool,
    pub(crate) tls: TlsSettings,
    pub(crate) proxy: ProxySetting,
    /// Headers of the requests to lakeFS.
    pub(crate) default_headers: Vec<(String, String)>,
    pub(crate) configure: Option<Configure>,
    pub(crate) traceparent: Option<Traceparent>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            response_timeout: None,
            // Many load balancers close idle connections after 60 seconds. A request on a connection that is just being
            // closed fails, and its outcome may be unknown.
            pool_idle_timeout: Duration::from_secs(50),
            max_response_size: MAX_RESPONSE_SIZE,
            retry_budget: Some(100),
            user_agent: None,
            http2: false,
            tls: TlsSettings::default(),
            proxy: ProxySetting::default(),
            default_headers: Vec::new(),
            configure: None,
            traceparent: None,
        }
    }
}

impl HttpSettings {
    /// Builds the HTTP client. `is_https` is whether the endpoint needs TLS.
    pub(crate) fn build(&self, is_https: bool) -> Result<reqwest::Client> {
        let tls = Tls::new(&self.tls, self.http2, is_https)?;
        let builder = reqwest::Client::builder;
        let Some(configure) = &self.configure else {
            return self.finish(tls.configure(builder())?);
        };
        if Tls::reqwest_can_configure() {
            let builder = configure(Tls::select(builder()));
            match self.finish(tls.add_to(builder)?) {
                // reqwest loads the certificates of the platform now, and `http://` needs none.
                Err(_) if !is_https => {}
                outcome => return outcome,
            }
        }
        self.finish(configure(tls.preconfigure(builder())))
    }

    /// Applies the settings that the transport depends on, and builds the client.
    fn finish(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
        let mut builder = builder
            .user_agent(user_agent(self.user_agent.as_deref()))
            .connect_timeout(self.connect_timeout.min(NO_LIMIT))
            .pool_idle_timeout(self.pool_idle_timeout.min(NO_LIMIT))
            .redirect(Policy::none())
            // Sizes and checksums are those of the objects, and ranges count their bytes.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd();
        if self.configure.is_some() {
            // These cannot be unset. The transport measures time itself.
            builder = builder.timeout(NO_LIMIT).read_timeout(NO_LIMIT);
        }
        // reqwest's default of 30 seconds would end an upload to a server that takes no bytes for that long.
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        {
            builder = builder.tcp_user_timeout(None);
        }
        if !self.http2 {
            builder = builder.http1_only();
        }
        #[cfg(feature = "http2")]
        if self.http2 {
            // A connection has the window of all its streams: otherwise, responses that nobody reads could fill it, and
            // block all other responses.
            builder = builder
                .http2_adaptive_window(false)
                .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW)
                .http2_initial_connection_window_size(HTTP2_MAX_WINDOW)
                .http2_keep_alive_interval(HTTP2_KEEP_ALIVE)
                .http2_keep_alive_timeout(HTTP2_KEEP_ALIVE);
        }
        let builder = self.proxy.apply(builder)?;
        builder.build().map_err(|error| {
            let error = error.without_url();
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Error::config(format!("the HTTP client cannot be built{cause}")).with_source(error)
        })
    }

    /// The headers of the requests to lakeFS.
    pub(crate) fn default_headers(&self) -> Result<HeaderMap> {
        let headers = self.default_headers.iter().map(|(name, value)| parse_header(name, value));
        headers.collect::<Result<_, _>>().map_err(Error::config)
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of headers may be secrets.
        let headers: Vec<_> = self.default_headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("max_response_size", &self.max_response_size)
            .field("retry_budget", &self.retry_budget)
            .field("user_agent", &self.user_agent)
            .field("http2", &self.http2)
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("default_headers", &headers)
            .field("configure", &self.configure.is_some())
            .finish_non_exhaustive()
    }
}

fn user_agent(program: Option<&str>) -> String {
    let own = concat!("lakefs-rust/", env!("CARGO_PKG_VERSION"));
    program.map_or_else(|| own.to_owned(), |program| format!("{program} {own}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_durations_are_accepted() {
        let settings = HttpSettings {
            connect_timeout: Duration::MAX,
            response_timeout: Some(Duration::MAX),
            pool_idle_timeout: Duration::MAX,
            configure: Some(Arc::new(|builder| builder)),
            ..HttpSettings::default()
        };
        settings.build(false).unwrap();
    }
}
