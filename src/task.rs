//! Tasks: work that the server does in the background, known by an id.
//!
//! This module polls tasks. The requests of each kind of task, and the decoding of its status, are defined next to the
//! request that starts the task.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FusedStream;
use futures::{Stream, TryStreamExt as _, ready};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{Error, ErrorKind, Result};
use crate::http::deadline::Deadline;
use crate::http::options::{CallOptions, HasOptions};
use crate::macros::call_options;
use crate::request::Request;

/// The default time after which a status that does not change ends the wait. The server updates the status of a running
/// task every few seconds.
const STALL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The default time between two status requests. The server updates a status about as often.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) mod sealed {
    use crate::http::options::HasOptions;

    /// Only this crate defines kinds of tasks.
    pub trait Sealed: HasOptions {}
}

/// A kind of [`Task`]: what the server does, and on which repository or branch.
///
/// This trait is sealed. Its implementations are [`DumpTask`](crate::requests::DumpTask),
/// [`RestoreTask`](crate::requests::RestoreTask), [`ImportTask`](crate::requests::ImportTask) and
/// [`PrepareCommitsTask`](crate::requests::PrepareCommitsTask).
pub trait TaskKind: sealed::Sealed + Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// The status of a task, as the server reports it.
    type Status: Send + Unpin + 'static;
    /// The result of a completed task.
    type Output: Send + Unpin + 'static;

    /// The API operation that an error of a failed task names.
    #[doc(hidden)]
    const OPERATION: &'static str;

    /// Describes the task, for error messages: the action and its subject.
    #[doc(hidden)]
    fn describe(&self, id: &str) -> String;

    /// Requests the status of a task.
    #[doc(hidden)]
    fn request_status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>>;

    /// A number that differs between two statuses if the server has updated the status in between.
    #[doc(hidden)]
    fn version(status: &Self::Status) -> i64;

    /// Reads a status.
    #[doc(hidden)]
    fn state(status: &Self::Status) -> TaskState<Self::Output>;
}

/// The state that a status reports.
#[doc(hidden)]
#[derive(Debug)]
pub enum TaskState<T> {
    /// The task has not ended.
    Running,
    /// The task has succeeded. The result is `None` if the status lacks it.
    Completed(Option<T>),
    /// The task has failed, with the server's message.
    Failed(String),
}

/// Work that the server does in the background, known by an id.
///
/// A task runs to completion even if no client waits for it. Store its [id](Self::id) to get a handle to it later,
/// also in another process.
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// let task = branch.import().prefix("s3://bucket/raw/", "raw/").await?;
/// println!("started import {}", task.id());
/// let commit = task.wait_for_completion().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Task<K> {
    pub(crate) kind: K,
    id: String,
}

impl<K: TaskKind> Task<K> {
    pub(crate) fn new(kind: K, id: impl Into<String>) -> Self {
        // A task is a handle, which does not have the options of the request that started it.
        Self { kind: kind.without_options(), id: id.into() }
    }

    /// Returns the id of the task.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Requests the status of the task. The status reports a failure of the task; it is not an error of this call.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the task does not exist.
    pub fn status(&self) -> Request<K::Status> {
        let id = self.id.clone();
        Request::new(&self.kind, move |kind| kind.request_status(&id))
    }

    /// Waits for completion. Await the poller for the result, or read it as a stream of statuses.
    ///
    /// Dropping the poller stops waiting but does not cancel the task. If the server stops while the task runs, its
    /// status never changes again, and the [stall timeout](TaskPoller::stall_timeout) ends the wait.
    ///
    /// # Errors
    /// If the task fails, the error has the server's message and the kind that matches it. For an import, that is
    /// among others [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges) (the branch has some),
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) (the storage denies access),
    /// [`HookFailed`](crate::ErrorKind::HookFailed) or [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// [`Timeout`](crate::ErrorKind::Timeout): the server does not update the status any more. The outcome of the task
    /// is unknown then, and the message has its id.
    pub fn wait_for_completion(&self) -> TaskPoller<K> {
        TaskPoller::new(Some(self.clone()), State::Idle)
    }
}

impl<K: TaskKind> fmt::Display for Task<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.describe(&self.id))
    }
}

impl<K: TaskKind> fmt::Debug for Task<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id } = self;
        f.debug_struct("Task").field("kind", kind).field("id", id).finish()
    }
}

/// Waits for a [`Task`] to complete, by polling its status.
///
/// Await it for the result, or read it as a stream of statuses and await it afterwards. The stream ends after the
/// last status and after an error. Create it with [`Task::wait_for_completion`], or with the method of that name on a
/// request that starts a task; then the first poll starts the task.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut dump = repository.dump().wait_for_completion();
/// while let Some(status) = dump.try_next().await? {
///     println!("done: {}, last update {}", status.done, status.update_time);
/// }
/// let refs = dump.await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a poller sends no request until it is awaited or read"]
pub struct TaskPoller<K: TaskKind> {
    /// `None` until the task has been started.
    task: Option<Task<K>>,
    poll_interval: Duration,
    stall_timeout: Duration,
    /// The version of the last status, and when it was read first.
    last_version: Option<(i64, Instant)>,
    options: CallOptions,
    /// The end of the wait, once it has started.
    limit: Option<(Deadline, Pin<Box<Sleep>>)>,
    /// Whether the poller was polled.
    is_started: bool,
    output: Option<K::Output>,
    state: State<K>,
}

/// Starts a task with the options of a poller.
type Start<K> = Box<dyn FnOnce(CallOptions) -> BoxFuture<'static, Result<Task<K>>> + Send + Sync>;

enum State<K: TaskKind> {
    /// The task will be started.
    ToStart(Option<Start<K>>),
    /// The task is being started.
    Starting(BoxFuture<'static, Result<Task<K>>>),
    /// The task could not be started, for this reason.
    NotStarted(ErrorKind, String),
    /// The status will be requested.
    Idle,
    /// The status has been requested.
    Polling(BoxFuture<'static, Result<K::Status>>),
    /// The task has ended, or its status could not be read.
    Ended,
}

impl<K: TaskKind> TaskPoller<K> {
    fn new(task: Option<Task<K>>, state: State<K>) -> Self {
        let options = CallOptions::default();
        Self {
            task,
            poll_interval: POLL_INTERVAL,
            stall_timeout: STALL_TIMEOUT,
            last_version: None,
            options,
            limit: None,
            is_started: false,
            output: None,
            state,
        }
    }

    /// A poller whose first poll starts the task. It has the options of the request that starts the task.
    pub(crate) fn starting(
        options: CallOptions,
        start: impl FnOnce(CallOptions) -> BoxFuture<'static, Result<Task<K>>> + Send + Sync + 'static,
    ) -> Self {
        let poller = Self::new(None, State::ToStart(Some(Box::new(start))));
        Self { options, ..poller }
    }

    /// Sets the time between two status requests. Default: 1 second.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Sets for how long the status of a running task may stay the same. Default: 10 minutes.
    ///
    /// The server updates the status of a running task every few seconds. [`Duration::MAX`] waits without a limit.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout), with an unknown outcome: the status has not changed for this time. The
    /// message has the id of the task, with which you can get it again.
    pub fn stall_timeout(mut self, time: Duration) -> Self {
        self.stall_timeout = time;
        self
    }

    call_options! {
        /// Bounds the wait as a whole: the start of the task, if the poller starts it, all status requests, and the time
        /// between them. Default: no limit.
        ///
        /// The time starts when the poller is first polled. A task that was started runs on. `Duration::MAX` means no
        /// limit.
        ///
        /// # Errors
        /// [`Timeout`](crate::ErrorKind::Timeout): the task has not completed in time.
        self, set => self.options.set_options(set)
    }

    /// Returns the task, or `None` if this poller has not started it yet.
    #[must_use]
    pub fn task(&self) -> Option<&Task<K>> {
        self.task.as_ref()
    }

    /// Waits for completion. Awaiting the poller does the same; this method returns a named future that is `Send` and
    /// `'static`.
    pub fn send(self) -> BoxFuture<'static, Result<K::Output>> {
        Box::pin(self.execute())
    }

    async fn execute(mut self) -> Result<K::Output> {
        loop {
            if let Some(output) = self.output.take() {
                return Ok(output);
            }
            if self.try_next().await?.is_none() {
                match self.state {
                    State::NotStarted(kind, reason) => {
                        return Err(Error::new(kind, "wait for a task", format!("not started: {reason}")));
                    }
                    // The stream has yielded the failure. Request the status again to return it once more.
                    _ => self.state = State::Idle,
                }
            }
        }
    }

    /// Requests the status after `delay`.
    fn poll_after(&self, task: &Task<K>, delay: Duration) -> State<K> {
        let mut kind = task.kind.clone();
        *kind.options_mut() = self.options.clone();
        let status = kind.request_status(&task.id);
        State::Polling(Box::pin(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            status.await
        }))
    }

    fn poll_status(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<K::Status>>> {
        loop {
            match &mut self.state {
                State::Ended | State::NotStarted(..) => return Poll::Ready(None),
                State::ToStart(start) => {
                    let Some(start) = start.take() else { return Poll::Ready(None) };
                    self.state = State::Starting(start(self.options.clone()));
                }
                State::Starting(request) => match ready!(request.as_mut().poll(cx)) {
                    Ok(task) => {
                        self.task = Some(task);
                        self.state = State::Idle;
                    }
                    Err(error) => {
                        self.state = State::NotStarted(error.kind(), error.to_string());
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Idle => {
                    let first = |task| self.poll_after(task, Duration::ZERO);
                    self.state = self.task.as_ref().map_or(State::Ended, first);
                }
                State::Polling(request) => {
                    let status = ready!(request.as_mut().poll(cx));
                    self.state = State::Ended;
                    let status = status.and_then(|status| {
                        self.state = self.advance(&status)?;
                        Ok(status)
                    });
                    return Poll::Ready(Some(status));
                }
            }
        }
    }

    /// Returns the state that follows a status.
    fn advance(&mut self, status: &K::Status) -> Result<State<K>> {
        let Some(task) = &self.task else { return Ok(State::Ended) };
        let describe = || task.kind.describe(&task.id);
        match K::state(status) {
            TaskState::Running => {
                let version = K::version(status);
                let since = match self.last_version {
                    Some((last, since)) if last == version => since,
                    _ => Instant::now(),
                };
                self.last_version = Some((version, since));
                if since.elapsed() >= self.stall_timeout {
                    let message = format!(
                        "the status of task {:?} has not changed for {:?}; the server may have stopped it",
                        task.id, self.stall_timeout
                    );
                    let error = Error::transport(ErrorKind::Timeout, message, false);
                    return Err(error.during(K::OPERATION, describe).after(0, true));
                }
                Ok(self.poll_after(task, self.poll_interval))
            }
            TaskState::Completed(Some(output)) => {
                self.output = Some(output);
                Ok(State::Ended)
            }
            TaskState::Completed(None) => {
                let message = "the task is completed, but its status lacks the result";
                Err(Error::new(ErrorKind::Decode, "", message).during(K::OPERATION, describe))
            }
            TaskState::Failed(message) => Err(Error::task(K::OPERATION, describe, message)),
        }
    }
}

impl<K: TaskKind> IntoFuture for TaskPoller<K> {
    type Output = Result<K::Output>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send()
    }
}

impl<K: TaskKind> Stream for TaskPoller<K> {
    type Item = Result<K::Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if !this.is_started {
            this.is_started = true;
            let deadline = this.options.start();
            this.limit = deadline.map(|deadline| (deadline.clone(), Box::pin(sleep_until(deadline.end()))));
        }
        // The requests know the limit too, so their errors come first.
        let next = this.poll_status(cx);
        if next.is_pending()
            && let Some((deadline, end)) = &mut this.limit
            && end.as_mut().poll(cx).is_ready()
        {
            let error = deadline.error();
            this.state = match &this.task {
                Some(_) => State::Ended,
                None => State::NotStarted(error.kind(), error.to_string()),
            };
            return Poll::Ready(Some(Err(error)));
        }
        next
    }
}

impl<K: TaskKind> FusedStream for TaskPoller<K> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended | State::NotStarted(..))
    }
}

impl<K: TaskKind> fmt::Debug for TaskPoller<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, poll_interval, .. } = self;
        let mut debug = f.debug_struct("TaskPoller");
        debug.field("task", task).field("poll_interval", poll_interval).finish_non_exhaustive()
    }
}
