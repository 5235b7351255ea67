//! Faults: things that go wrong because a test wants them to.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;

/// The faults of a [`Server`](crate::Server), in the order in which they were planned.
///
/// A fault is planned for an operation of the contract, by its `operationId`, and befalls the next requests for
/// it. Unless told otherwise, it befalls one. Requests for the [storage](crate::ServerBuilder::presigned_storage) are
/// `storageGet`, `storageHead`, `storagePut` and `storagePutPart`. Upper and lower case do not matter in an id: the contract that a
/// server hands out spells them otherwise than the one it was made from.
///
/// ```
/// # async fn example() -> std::io::Result<()> {
/// use std::time::Duration;
///
/// let server = lakefs_testserver::Server::start().await?;
/// let faults = server.faults();
/// // Two commits are refused, the third goes through.
/// faults.on("commit").times(2).reply(503, r#"{"message":"slow down"}"#);
/// // One upload to this path is done, but its reply is lost.
/// faults.on("uploadObject").when(|path| path.contains("/branches/main/")).drop_reply();
/// // Reading takes its time.
/// faults.on("getObject").delay(Duration::from_millis(50)).always().proceed();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Faults {
    plans: Mutex<Vec<Plan>>,
}

type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What is left to do of a fault.
#[derive(Clone)]
struct Plan {
    operation: String,
    predicate: Option<Predicate>,
    skip: usize,
    left: usize,
    fault: Fault,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("operation", &self.operation)
            .field("skip", &self.skip)
            .field("left", &self.left)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) delay: Duration,
    pub(crate) action: Action,
}

impl Fault {
    /// Whether something is answered without anything being done.
    pub(crate) fn is_reply(&self) -> bool {
        matches!(self.action, Action::Reply(_))
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Nothing,
    Reply(CannedReply),
    DropRequest,
    DropReply,
    CutBody,
    ReplaceBody(Bytes),
}

#[derive(Debug, Clone)]
pub(crate) struct CannedReply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl CannedReply {
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

impl Faults {
    /// Plans a fault for an operation. It is in force once one of the methods that say what happens is called.
    ///
    /// # Panics
    /// There is no operation or request of this id: a fault that never comes would make a test prove nothing.
    pub fn on(&self, operation: impl Into<String>) -> FaultBuilder<'_> {
        let operation = operation.into();
        assert!(Self::is_known_operation(&operation), "there is no operation or request {operation:?}");
        FaultBuilder {
            faults: self,
            operation,
            predicate: None,
            skip: 0,
            times: 1,
            delay: Duration::ZERO,
            headers: Vec::new(),
        }
    }

    /// Whether the contract has an operation of this id, or the storage such a request.
    #[must_use]
    pub fn is_known_operation(operation: &str) -> bool {
        crate::http::is_operation(operation)
    }

    /// The operations for which faults are still to come.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        self.plans().iter().map(|plan| plan.operation.clone()).collect()
    }

    /// Forgets all faults that are still to come.
    pub fn clear(&self) {
        self.plans().clear();
    }

    /// The fault for this request, if there is one.
    pub(crate) fn take(&self, operation: &str, path: &str) -> Option<Fault> {
        let mut plans = self.plans();
        let index = plans.iter().position(|plan| {
            crate::http::is_same_operation(&plan.operation, operation)
                && plan.predicate.as_ref().is_none_or(|predicate| predicate(path))
        })?;
        let plan = plans.get_mut(index)?;
        if plan.skip > 0 {
            plan.skip -= 1;
            return None;
        }
        plan.left = plan.left.saturating_sub(1);
        if plan.left == 0 {
            return Some(plans.remove(index).fault);
        }
        Some(plan.fault.clone())
    }

    fn plans(&self) -> MutexGuard<'_, Vec<Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault in the making; see [`Faults::on`].
#[must_use = "a fault is in force only once it is said what happens"]
pub struct FaultBuilder<'a> {
    faults: &'a Faults,
    operation: String,
    predicate: Option<Predicate>,
    skip: usize,
    times: usize,
    delay: Duration,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for FaultBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultBuilder").field("operation", &self.operation).finish_non_exhaustive()
    }
}

impl FaultBuilder<'_> {
    /// How many requests it befalls.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// It befalls every request from now on.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// It spares this many requests first.
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// It befalls only requests whose path, such as `/api/v1/repositories/example`, is accepted.
    pub fn when(mut self, predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// Nothing happens for this long, before whatever else does.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header to what [`reply`](Self::reply) answers. What cannot be a header is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            self.headers.push((name, value));
        }
        self
    }

    /// Answers with a status and a body instead of doing anything. The body is JSON unless a `Content-Type`
    /// was given; a status that is none becomes 500.
    pub fn reply(mut self, status: u16, body: impl Into<Bytes>) {
        let body = body.into();
        if !body.is_empty() && !self.headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
            self.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = std::mem::take(&mut self.headers);
        self.plan(Action::Reply(CannedReply { status, headers, body }));
    }

    /// Answers with a redirection instead of doing anything.
    pub fn redirect(self, location: &str) {
        self.header(LOCATION.as_str(), location).reply(302, Bytes::new());
    }

    /// Drops the connection before anything is done.
    pub fn drop_connection(self) {
        self.plan(Action::DropRequest);
    }

    /// Does what is asked, then drops the connection instead of answering.
    pub fn drop_reply(self) {
        self.plan(Action::DropReply);
    }

    /// Does what is asked, then drops the connection in the middle of the body of the reply.
    pub fn cut_body(self) {
        self.plan(Action::CutBody);
    }

    /// Does what is asked and answers with its status and headers, but with another body.
    pub fn replace_body(self, body: impl Into<Bytes>) {
        self.plan(Action::ReplaceBody(body.into()));
    }

    /// Does what is asked, after the [`delay`](Self::delay).
    pub fn proceed(self) {
        self.plan(Action::Nothing);
    }

    fn plan(self, action: Action) {
        if self.times > 0 {
            self.faults.plans().push(Plan {
                operation: self.operation,
                predicate: self.predicate,
                skip: self.skip,
                left: self.times,
                fault: Fault { delay: self.delay, action },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn befalls_as_often_as_planned() {
        let faults = Faults::default();
        faults.on("commit").times(2).after(1).drop_connection();
        faults.on("getCommit").when(|path| path.ends_with("/a")).drop_reply();
        assert_eq!(faults.pending(), ["commit", "getCommit"]);
        assert!(faults.take("commit", "").is_none());
        assert!(matches!(faults.take("commit", "").unwrap().action, Action::DropRequest));
        assert!(faults.take("getCommit", "/b").is_none());
        assert!(matches!(faults.take("getCommit", "/a").unwrap().action, Action::DropReply));
        assert!(faults.take("getCommit", "/a").is_none());
        assert!(faults.take("commit", "").is_some());
        assert!(faults.take("commit", "").is_none());
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn lasts_when_it_is_to_last() {
        let faults = Faults::default();
        faults.on("commit").always().reply(500, "");
        for _ in 0..100 {
            assert!(faults.take("commit", "").is_some());
        }
        faults.clear();
        assert!(faults.take("commit", "").is_none());
    }

    #[test]
    fn knows_the_operations_of_the_contract() {
        assert!(Faults::is_known_operation("commit"));
        assert!(Faults::is_known_operation("CreateCommitRecord"));
        assert!(Faults::is_known_operation("Commit"));
        assert!(Faults::is_known_operation("create_commit_record"));
        assert!(!Faults::is_known_operation("comit"));
    }
}
