//! The HTTP client for storages, and which of them have ever been reached.
//!
//! Often only the server can reach its storage. A request to a storage that does not respond would take as long as all its
//! attempts, although the data could go through the server. So connections to storages have a shorter timeout, and the
//! first contact is one attempt.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::Url;

use crate::client::settings::HttpSettings;
use crate::error::Error;
use crate::http::call::Call;
use crate::http::failure::endpoint_of;

/// How long a connection to a storage may take at most. The operating system repeats its first packet twice within this
/// time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP client for storages. Clones share it.
#[derive(Clone)]
pub(super) struct StorageClient(Arc<State>);

struct State {
    settings: HttpSettings,
    /// Made with the first request to a storage. `None` if it cannot be made.
    client: OnceLock<Option<reqwest::Client>>,
    /// The storages that have responded, until one cannot be reached any more.
    reached: Mutex<HashSet<String>>,
}

impl StorageClient {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        let settings = HttpSettings {
            connect_timeout: settings.connect_timeout.min(CONNECT_TIMEOUT),
            ..settings.clone()
        };
        Self(Arc::new(State { settings, client: OnceLock::new(), reached: Mutex::default() }))
    }

    pub(super) fn client(&self, url: &Url) -> Option<&reqwest::Client> {
        let build = || self.0.settings.build(url.scheme() == "https").ok();
        self.0.client.get_or_init(build).as_ref()
    }

    /// Records that the storage of a URL responded.
    pub(super) fn record_response(&self, url: &Url) {
        let endpoint = endpoint_of(url);
        let mut reached = self.0.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if !reached.contains(&endpoint) {
            reached.insert(endpoint);
        }
    }

    /// Whether a failed attempt of a call is final because no connection to the storage was ever established, and the
    /// caller can use the server instead.
    pub(super) fn is_out_of_reach(&self, call: &Call, error: &Error) -> bool {
        if !call.is_at_storage() || call.requires_storage() || !error.is_unreached() {
            return false;
        }
        let reached = self.0.reached.lock().unwrap_or_else(PoisonError::into_inner);
        !reached.contains(&endpoint_of(call.url()))
    }

    /// Records the failure of a call. After a storage could not be reached, the next contact is the first one again.
    pub(super) fn record_failure(&self, call: &Call, error: &Error) {
        if call.is_at_storage() && error.is_unreached() {
            let mut reached = self.0.reached.lock().unwrap_or_else(PoisonError::into_inner);
            reached.remove(&endpoint_of(call.url()));
        }
    }
}
