//! The values of the configuration file.

/// The values of the file, as text.
#[derive(Default)]
pub(super) struct Values {
    pub(super) endpoint_url: Option<String>,
    pub(super) access_key_id: Option<String>,
    pub(super) secret_access_key: Option<String>,
    pub(super) retries_enabled: Option<String>,
    pub(super) max_attempts: Option<String>,
    pub(super) min_wait_interval: Option<String>,
    pub(super) max_wait_interval: Option<String>,
}
