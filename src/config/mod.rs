//! The configuration of `lakectl`: the environment variables `LAKECTL_*`, which override the values of its file.
//!
//! `tests/config/` compares the values with those of the real lakectl, and lists where they differ on purpose.

mod credentials;
pub(crate) mod duration;
pub(crate) mod environment;
#[cfg(feature = "config")]
mod file;
pub(crate) mod number;
mod setting;
mod settings;
mod value;

use std::time::Duration;

use crate::error::Result;
use crate::http::retry::RetryPolicy;
pub(crate) use credentials::{AwsIamSettings, ConfiguredCredentials};
use environment::{Environment, ProcessEnvironment};
use settings::Settings;

/// The settings in the environment and the file. A setting that is in neither has the default of the builder.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) endpoint: Option<String>,
    pub(crate) credentials: Option<ConfiguredCredentials>,
    pub(crate) retries: RetryPolicy,
    /// Whether HTTP/2 is used, if it is set explicitly. The default of lakectl is not that of the client.
    pub(crate) http2: Option<bool>,
    /// How many files a directory transfer transfers at once.
    pub(crate) parallelism: Option<usize>,
    /// Where settings were searched, for the message of a missing one.
    pub(crate) searched: Vec<String>,
}

impl Config {
    /// Reads the environment of this process, and the file.
    pub(crate) fn load() -> Result<Self> {
        Self::read(&ProcessEnvironment)
    }

    /// Reads the configuration of an environment.
    pub(crate) fn read(environment: &impl Environment) -> Result<Self> {
        let settings = Settings::load(environment)?;
        let mut searched = vec!["the environment variables LAKECTL_*".to_owned(), settings.file_name()];
        let credentials = credentials::read(&settings, &mut searched)?;
        Ok(Self {
            endpoint: settings.text("server.endpoint_url")?,
            credentials,
            retries: retries(&settings)?,
            http2: settings.get("network.http2.enabled")?.map(|setting| setting.bool()).transpose()?,
            parallelism: parallelism(&settings)?,
            searched,
        })
    }
}

fn retries<E: Environment>(settings: &Settings<'_, E>) -> Result<RetryPolicy> {
    let mut retries = RetryPolicy::default();
    if let Some(setting) = settings.get("server.retries.max_attempts")? {
        // lakectl does not count the first attempt.
        retries = retries.max_attempts(setting.count()?.saturating_add(1));
    }
    if let Some(setting) = settings.get("server.retries.min_wait_interval")? {
        retries = retries.initial_backoff(setting.wait()?);
    }
    if let Some(setting) = settings.get("server.retries.max_wait_interval")? {
        retries = retries.max_backoff(setting.wait()?);
    }
    if let Some(setting) = settings.get("server.retries.enabled")?
        && !setting.bool()?
    {
        retries = retries.max_attempts(1);
    }
    // lakectl does not limit the total time. A limit must not undercut the retries that are configured.
    let max_elapsed = retries.get_max_elapsed().max(total_backoff(&retries));
    Ok(retries.max_elapsed(max_elapsed))
}

/// The time that all retries wait at most, without requests of the server to wait longer.
fn total_backoff(retries: &RetryPolicy) -> Duration {
    let mut backoff = retries.get_initial_backoff();
    let mut total = Duration::ZERO;
    for left in (0..retries.get_max_attempts().saturating_sub(1)).rev() {
        if backoff.is_zero() {
            break;
        }
        if backoff >= retries.get_max_backoff() {
            return total.saturating_add(retries.get_max_backoff().saturating_mul(left.saturating_add(1)));
        }
        total = total.saturating_add(backoff);
        backoff = backoff.saturating_mul(2);
    }
    total
}

fn parallelism<E: Environment>(settings: &Settings<'_, E>) -> Result<Option<usize>> {
    let Some(setting) = settings.get("options.parallelism")? else { return Ok(None) };
    let files = setting.integer()?;
    // lakectl accepts it, and then transfers nothing.
    match usize::try_from(files) {
        Ok(files) if files > 0 => Ok(Some(files)),
        _ => {
            tracing::warn!(files, "options.parallelism is less than 1 and ignored");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests;
