//! The generated client, to which generated code adds a method for every operation.

use std::sync::Arc;

use crate::http::options::{CallOptions, HasOptions};
use crate::http::retry::RetryPolicy;
use crate::http::send::Transport;

/// A client with a method for every operation of the API. A clone is cheap and uses the same connections.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    options: CallOptions,
}

/// What all clones have in common.
#[derive(Debug)]
struct Shared {
    base: String,
    transport: Transport,
}

impl Client {
    pub(crate) fn new(base: String, transport: Transport) -> Self {
        Self { shared: Arc::new(Shared { base, transport }), options: CallOptions::default() }
    }

    /// Returns the URL that the paths of the contract are appended to.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.shared.base
    }

    /// Returns a client whose calls have these options, and no others. A time limit starts with each call.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// use lakefs::{CallOptions, RetryPolicy};
    ///
    /// let api = client.api().with_options(CallOptions::default().retries(RetryPolicy::none()));
    /// api.health_check().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self { shared: Arc::clone(&self.shared), options }
    }

    pub(crate) fn options(&self) -> &CallOptions {
        &self.options
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    /// The retry policy of calls: that of the options, or else that of the client.
    pub(crate) fn retries(&self) -> &RetryPolicy {
        self.options.retry_policy().unwrap_or_else(|| self.transport().retries())
    }
}

impl HasOptions for Client {
    fn options_mut(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}
