//! The values of the configuration file.

/// The values of the file, as text.
#[derive(Default)]
pub(crate) struct Values {
    pub(crate) endpoint_url: Option<String>,
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<String>,
    pub(crate) retries_enabled: Option<String>,
    pub(crate) max_attempts: Option<String>,
    pub(crate) min_wait_interval: Option<String>,
    pub(crate) max_wait_interval: Option<String>,
}
