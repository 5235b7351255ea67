//! What the server does in the background.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, TryStreamExt as _, ready};

use crate::{Error, ErrorKind, Result};

/// How long to wait between two looks. The server writes down its progress about as often.
const INTERVAL: Duration = Duration::from_secs(1);

/// A kind of background work, and what it works on. Not for implementation elsewhere.
pub trait Job: Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// How it stands.
    type Status: Send + Unpin + 'static;
    /// What comes of it.
    type Output: Send + Unpin + 'static;
    /// The operation that is named where it fails.
    #[doc(hidden)]
    const OPERATION: &'static str;

    /// What it does, and to what, for messages.
    #[doc(hidden)]
    fn action(&self, id: &str) -> String;

    /// Asks how it stands.
    #[doc(hidden)]
    fn status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>>;

    /// What has come of it.
    #[doc(hidden)]
    fn outcome(status: &Self::Status) -> Outcome<Self::Output>;
}

/// What has come of background work.
#[doc(hidden)]
#[derive(Debug)]
pub enum Outcome<T> {
    /// Nothing yet.
    Running,
    /// Its result, which the server should have told.
    Done(Option<T>),
    /// A failure, in the words of the server.
    Failed(String),
}

/// Background work of the server, by its identifier. It goes on whether anybody waits for it or not.
#[derive(Clone)]
pub struct Task<J> {
    pub(crate) job: J,
    id: String,
}

impl<J: Job> Task<J> {
    pub(crate) fn new(job: J, id: impl Into<String>) -> Self {
        Self { job, id: id.into() }
    }

    /// Its identifier, to come back to it later.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reads how it stands. That it failed is said in the status, and is no error of this call.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such task.
    pub async fn status(&self) -> Result<J::Status> {
        self.job.status(&self.id).await
    }

    /// Waits for its end: await it for what comes of it, or read it as a stream to see how it stands. To drop it ends
    /// the waiting, not the task.
    ///
    /// It waits for as long as the task takes. A task whose server went down never ends: its status no longer changes.
    ///
    /// # Errors
    /// With the words of the server where the task failed, and the kind that they tell: for an import, such as
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when something is staged on the branch,
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) when the storage refuses,
    /// [`Cancelled`](crate::ErrorKind::Cancelled), [`HookFailed`](crate::ErrorKind::HookFailed).
    pub fn wait(&self) -> TaskPoller<J> {
        TaskPoller { task: self.clone(), interval: INTERVAL, output: None, state: State::Begin }
    }
}

impl<J: Job> fmt::Debug for Task<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, id } = self;
        f.debug_struct("Task").field("job", job).field("id", id).finish()
    }
}

/// The progress of a [`Task`], until its end; see [`Task::wait`].
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let task = repository.dump().start().await?;
/// let mut progress = task.wait();
/// while let Some(status) = progress.try_next().await? {
///     println!("at it at {}", status.update_time);
/// }
/// let dump = progress.await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until it is awaited or read"]
pub struct TaskPoller<J: Job> {
    task: Task<J>,
    interval: Duration,
    output: Option<J::Output>,
    state: State<J::Status>,
}

enum State<S> {
    Begin,
    Waiting(BoxFuture<'static, Result<S>>),
    Done,
}

impl<J: Job> TaskPoller<J> {
    /// How long to wait between two looks: a second unless said otherwise.
    pub fn interval(mut self, time: Duration) -> Self {
        self.interval = time;
        self
    }

    fn look(&self, wait: Duration) -> State<J::Status> {
        let status = self.task.job.status(&self.task.id);
        State::Waiting(Box::pin(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            status.await
        }))
    }

    /// What becomes of the waiting when this is the status.
    fn step(&mut self, status: &J::Status) -> Result<State<J::Status>> {
        let action = || self.task.job.action(&self.task.id);
        match J::outcome(status) {
            Outcome::Running => Ok(self.look(self.interval)),
            Outcome::Done(Some(output)) => {
                self.output = Some(output);
                Ok(State::Done)
            }
            Outcome::Done(None) => {
                let silent = "it is done, and the server does not say with what";
                Err(Error::new(ErrorKind::Decode, "", silent).during(J::OPERATION, action))
            }
            Outcome::Failed(words) => Err(Error::task(J::OPERATION, action, words)),
        }
    }

    async fn send(mut self) -> Result<J::Output> {
        loop {
            if let Some(output) = self.output.take() {
                return Ok(output);
            }
            if self.try_next().await?.is_none() {
                // The failure was told already: tell it again.
                self.state = State::Begin;
            }
        }
    }
}

impl<J: Job> IntoFuture for TaskPoller<J> {
    type Output = Result<J::Output>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<J: Job> Stream for TaskPoller<J> {
    type Item = Result<J::Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(None),
                State::Begin => self.state = self.look(Duration::ZERO),
                State::Waiting(request) => {
                    let status = ready!(request.as_mut().poll(cx));
                    self.state = State::Done;
                    let status = status.and_then(|status| {
                        self.state = self.step(&status)?;
                        Ok(status)
                    });
                    return Poll::Ready(Some(status));
                }
            }
        }
    }
}

impl<J: Job> fmt::Debug for TaskPoller<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, interval, .. } = self;
        f.debug_struct("TaskPoller").field("task", task).field("interval", interval).finish_non_exhaustive()
    }
}
