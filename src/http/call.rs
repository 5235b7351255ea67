//! Calls: one operation with its request, before and between attempts.

use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION, RANGE};
use reqwest::{Method, Request, Response, Url};

use crate::error::{Error, ErrorKind, ResponseOrigin, Result};
use crate::http::failure::endpoint_of;
use crate::http::operation::Operation;
use crate::http::options::CallOptions;
use crate::http::request_body::{BodyMonitor, RequestBody};
use crate::http::retry_table::RetryClass;

/// One call of an operation.
#[allow(clippy::struct_excessive_bools, reason = "the properties are independent of each other")]
pub(crate) struct Call {
    operation: &'static Operation,
    request: Request,
    retry_class: RetryClass,
    options: CallOptions,
    body: Option<RequestBody>,
    /// The request itself had a body that cannot be copied.
    is_consumed: bool,
    /// The connection broke while the body was sent.
    is_interrupted: bool,
    /// The caller checks that the response is the object.
    accepts_unidentified: bool,
    /// The caller has chosen the storage, so that nothing replaces a request to it.
    requires_storage: bool,
    /// For a request to the storage: the URL of the request to the server that it belongs to, for messages. The URL of
    /// the request itself is signed, and therefore a secret.
    server_url: Option<Url>,
}

impl Call {
    /// A call with the request that the generated builder made.
    pub(crate) fn new(
        operation: &'static Operation,
        request: Result<Request, String>,
        options: CallOptions,
    ) -> Result<Self> {
        match request {
            Ok(request) => Ok(Self {
                operation,
                request,
                retry_class: RetryClass::of(operation.id),
                options,
                body: None,
                is_consumed: false,
                is_interrupted: false,
                accepts_unidentified: false,
                requires_storage: false,
                server_url: None,
            }),
            Err(message) => {
                let action = || operation.id.replace('_', " ");
                Err(Error::invalid(action(), message).during(operation.id, action))
            }
        }
    }

    /// A call of the storage instead of the server, at a pre-signed URL. It sends no credentials.
    pub(crate) fn at_storage(self, operation: &'static Operation, signed: Option<&str>) -> Result<Self> {
        let signed = signed.ok_or("the server returned no pre-signed URL");
        let signed =
            signed.and_then(|signed| Url::parse(signed).map_err(|_| "the pre-signed URL is invalid"));
        match signed {
            Ok(signed) => {
                let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or_default();
                let request = Request::new(method, signed);
                let server_url = Some(self.request.url().clone());
                Ok(Self { operation, request, retry_class: RetryClass::Storage, server_url, ..self })
            }
            Err(why) => Err(self.with_context(Error::new(ErrorKind::Decode, "", why))),
        }
    }

    /// Sets a header of the request.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self> {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                self.request.headers_mut().insert(name, value);
                Ok(self)
            }
            (Err(_), _) => {
                Err(self.invalid(format!("the header name {name:?} cannot be sent as an HTTP header")))
            }
            (_, Err(_)) => {
                Err(self.invalid(format!("the value of {name:?} cannot be sent as an HTTP header")))
            }
        }
    }

    /// Replaces the body of the request.
    pub(crate) fn body(mut self, body: RequestBody) -> Self {
        self.body = Some(body);
        self
    }

    /// Overrides the retry class of the operation for this call.
    pub(crate) fn retry_class(mut self, class: RetryClass) -> Self {
        self.retry_class = class;
        self
    }

    /// The options of the call.
    pub(super) fn options(&self) -> &CallOptions {
        &self.options
    }

    /// Adds the headers of the options. A storage gets none.
    pub(super) fn add_option_headers(&mut self) -> Result<()> {
        if self.is_at_storage() {
            return Ok(());
        }
        let added = self.options.add_headers(self.request.headers_mut());
        added.map_err(|message| self.invalid(message))
    }

    /// Accepts a response without the header by which lakeFS is recognised. The caller checks by other means that the
    /// response is the requested object.
    pub(crate) fn accept_unidentified(mut self) -> Self {
        self.accepts_unidentified = true;
        self
    }

    /// Retries a request to a storage that was never reached before. Default: `false`. The failure then shows early that
    /// the data have to go through the server.
    pub(crate) fn require_storage(mut self, yes: bool) -> Self {
        self.requires_storage = yes;
        self
    }

    /// An error of this call, before anything is sent.
    pub(crate) fn invalid(&self, message: impl Into<String>) -> Error {
        self.with_context(Error::invalid("", message))
    }

    /// What the call does, for messages.
    pub(crate) fn describe(&self) -> String {
        self.operation.describe(self.server_url())
    }

    /// Adds operation and action to an error.
    pub(super) fn with_context(&self, error: Error) -> Error {
        error.during(self.operation.id, || self.describe())
    }

    pub(super) fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The URL that the request is sent to.
    pub(super) fn url(&self) -> &Url {
        self.request.url()
    }

    /// The URL of the server, for messages. Differs from [`url`](Self::url) if the request goes to a storage.
    pub(super) fn server_url(&self) -> &Url {
        self.server_url.as_ref().unwrap_or(self.request.url())
    }

    pub(super) fn class(&self) -> RetryClass {
        self.retry_class
    }

    pub(super) fn is_at_storage(&self) -> bool {
        self.server_url.is_some()
    }

    pub(super) fn requires_storage(&self) -> bool {
        self.requires_storage
    }

    pub(super) fn accepts_unidentified(&self) -> bool {
        self.accepts_unidentified
    }

    pub(super) fn is_head(&self) -> bool {
        self.request.method() == Method::HEAD
    }

    /// The request to which a response redirects this call, if that is a read which the storage serves.
    ///
    /// The request carries neither credentials nor any other header of lakeFS: only the range and the conditions.
    pub(super) fn redirected(&self, response: &Response) -> Option<Request> {
        const CARRIED: [HeaderName; 3] = [IF_MATCH, IF_NONE_MATCH, RANGE];
        let url = self.request.url();
        if !response.status().is_redirection() || !self.operation.is_redirected_to_storage(url) {
            return None;
        }
        let target = url.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
        if !matches!(target.scheme(), "http" | "https") {
            return None;
        }
        let mut request = Request::new(Method::GET, target);
        let own = |name: &HeaderName| !self.options.has_header(name);
        for name in CARRIED.into_iter().filter(own) {
            if let Some(value) = self.request.headers().get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        Some(request)
    }

    /// Returns why the body cannot be sent again, if that is so.
    pub(super) fn lost_body(&self) -> Option<String> {
        match &self.body {
            Some(body) => body.lost(),
            None => self.is_consumed.then(|| "they can be read only once".to_owned()),
        }
    }

    /// Whether the body is streamed.
    pub(super) fn has_streamed_body(&self) -> bool {
        self.body.is_some()
    }

    /// Records that the connection broke while the body was sent. The next attempt waits for an early response.
    pub(super) fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    /// The origin of a response that was sent from `url`.
    pub(super) fn origin(&self, url: &Url) -> ResponseOrigin {
        ResponseOrigin {
            operation: self.operation.id,
            is_head: self.is_head(),
            endpoint: endpoint_of(url),
            is_secret: self.is_at_storage() || self.operation.is_secret(self.url()),
        }
    }

    /// Returns the request for the next attempt, and the monitor of its body if that is streamed.
    pub(super) fn next_attempt(&mut self) -> (Request, Option<BodyMonitor>) {
        let mut request = if let Some(copy) = self.request.try_clone() {
            copy
        } else {
            self.is_consumed = true;
            let mut request = Request::new(self.request.method().clone(), self.request.url().clone());
            *request.headers_mut() = self.request.headers().clone();
            *request.body_mut() = self.request.body_mut().take();
            request
        };
        let Some(body) = &self.body else { return (request, None) };
        let (chunks, length) = body.open();
        if let Some(length) = length {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        let monitor = BodyMonitor::new();
        let waits = std::mem::take(&mut self.is_interrupted);
        *request.body_mut() = Some(monitor.body(chunks, length, waits));
        (request, Some(monitor))
    }
}
