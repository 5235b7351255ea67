//! Options of a single call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};

use crate::client::headers::parse_header;
use crate::http::deadline::Deadline;
use crate::http::retry::RetryPolicy;

/// Options of calls of [`api::Client`](crate::api::Client): time limits, retries and headers. The default has none, so
/// that the settings of the client apply.
///
/// The requests of the handles have methods with the same names.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// use std::time::Duration;
/// use lakefs::CallOptions;
///
/// let options = CallOptions::default().timeout(Duration::from_secs(5)).header("x-request-source", "nightly");
/// let api = client.api().with_options(options);
/// let config = api.get_config().send().await?.into_inner();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct CallOptions(Option<Arc<Settings>>);

#[derive(Clone, Default)]
struct Settings {
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    retries: Option<RetryPolicy>,
    headers: Vec<(String, String)>,
    /// The end of the call, once it has started.
    deadline: Option<Deadline>,
}

impl CallOptions {
    /// Bounds a call as a whole: all attempts, and the time between them. Default: no limit besides those of the client.
    ///
    /// A call that returns a stream of bytes ends with the head of its response. `Duration::MAX` means no limit.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout): the call has not ended in time.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.timeout = Some(timeout))
    }

    /// Bounds each attempt of a call. Default: no limit besides those of the client.
    ///
    /// An attempt that is not completed in time is retried like one with another timeout. An attempt of a call that
    /// returns a stream of bytes ends with the head of its response. `Duration::MAX` means no limit.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout): the last attempt was not completed in time.
    #[must_use]
    pub fn attempt_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.attempt_timeout = Some(timeout))
    }

    /// Sets how often, how fast and for how long a failed call is retried. Default: the
    /// [policy of the client](crate::ClientBuilder::retries).
    #[must_use]
    pub fn retries(self, policy: RetryPolicy) -> Self {
        self.with(|settings| settings.retries = Some(policy))
    }

    /// Adds a header to the requests that are sent to lakeFS. Default: no headers besides those of the client.
    ///
    /// It is not sent to a storage, nor with a login. If a name is set twice, the last value applies.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), when the request is sent: the name or the value cannot be
    /// sent in a header; or the client sets the header itself, such as `Authorization`, `Host`, `Content-Length`,
    /// `Transfer-Encoding`, `Connection`, `Content-Type`, `Range`, or a header of the operation.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.with(|settings| {
            settings.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
            settings.headers.push((name, value));
        })
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(self.0.get_or_insert_default()));
        self
    }

    /// Starts the time limit of a call, unless the call is a part of another one whose limit runs already.
    pub(crate) fn start(&mut self) -> Option<Deadline> {
        let settings = self.0.as_mut().filter(|settings| settings.deadline.is_none())?;
        let deadline = Deadline::start(settings.timeout?)?;
        Arc::make_mut(settings).deadline = Some(deadline.clone());
        Some(deadline)
    }

    /// Removes the time limit of the call, and returns it. For readers and writers, which bound each wait instead.
    pub(crate) fn take_timeout(&mut self) -> Option<Duration> {
        let settings = self.0.as_mut()?;
        let timeout = settings.timeout?;
        let settings = Arc::make_mut(settings);
        (settings.timeout, settings.deadline) = (None, None);
        Some(timeout)
    }

    /// The retry policy, if the call has one of its own.
    pub(crate) fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.0.as_ref()?.retries.as_ref()
    }

    /// The limit of each attempt.
    pub(super) fn attempt_limit(&self) -> Option<Duration> {
        self.0.as_ref()?.attempt_timeout
    }

    /// The end of the call, if its time limit runs.
    pub(super) fn deadline(&self) -> Option<&Deadline> {
        self.0.as_ref()?.deadline.as_ref()
    }

    /// Whether the options set this header.
    pub(super) fn has_header(&self, name: &HeaderName) -> bool {
        let headers = self.0.iter().flat_map(|settings| &settings.headers);
        headers.into_iter().any(|(other, _)| other.eq_ignore_ascii_case(name.as_str()))
    }

    /// Adds the headers to those of a request.
    ///
    /// # Errors
    /// A message, if a header cannot be sent, or belongs to the client.
    pub(super) fn add_headers(&self, request: &mut HeaderMap) -> Result<(), String> {
        let Some(settings) = &self.0 else { return Ok(()) };
        let mut added = HeaderMap::new();
        for (name, value) in &settings.headers {
            let (parsed, value) = parse_header(name, value)?;
            if request.contains_key(&parsed) {
                return Err(format!("the header {name:?} cannot be set, because the client sets it"));
            }
            added.insert(parsed, value);
        }
        request.extend(added);
        Ok(())
    }
}

/// Values of headers may be secrets, so only names are printed.
impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(settings) = &self.0 else { return f.write_str("CallOptions") };
        let headers: Vec<_> = settings.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("CallOptions")
            .field("timeout", &settings.timeout)
            .field("attempt_timeout", &settings.attempt_timeout)
            .field("retries", &settings.retries)
            .field("headers", &headers)
            .finish()
    }
}

/// Something that holds the options of a call.
pub trait HasOptions {
    fn options_mut(&mut self) -> &mut CallOptions;

    /// Returns the value with the default options.
    #[must_use]
    fn without_options(mut self) -> Self
    where
        Self: Sized,
    {
        *self.options_mut() = CallOptions::default();
        self
    }

    /// Starts the time limit of a call, unless the call is a part of another one whose limit runs already.
    fn start(&mut self) -> Option<Deadline> {
        self.options_mut().start()
    }

    /// Changes the options.
    fn set_options(&mut self, set: impl FnOnce(CallOptions) -> CallOptions)
    where
        Self: Sized,
    {
        let options = self.options_mut();
        *options = set(std::mem::take(options));
    }
}

impl HasOptions for CallOptions {
    fn options_mut(&mut self) -> &mut CallOptions {
        self
    }
}
