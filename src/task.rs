//! What the server does in the background.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, TryStreamExt as _, ready};

use crate::repository::Repository;
use crate::{Error, Result};

/// How long to wait between two looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// A kind of background work. Not for implementation elsewhere.
pub trait Job: Send + Sync + 'static {
    /// How it stands.
    type Status: Send + Unpin + 'static;
    /// What comes of it.
    type Output: Send + Unpin + 'static;
    /// The operation that started it.
    #[doc(hidden)]
    const OPERATION: &'static str;
    /// What it does to a repository.
    #[doc(hidden)]
    const ACTION: &'static str;

    /// Asks how it stands.
    #[doc(hidden)]
    fn status(repository: &Repository, id: &str) -> BoxFuture<'static, Result<Self::Status>>;

    /// What has come of it, or why it failed; `None` as long as it goes on.
    #[doc(hidden)]
    fn outcome(status: &Self::Status) -> Option<Result<Self::Output, String>>;
}

/// Background work of the server on a repository, by its identifier. It goes on whether anybody waits for it or not.
pub struct Task<J> {
    repository: Repository,
    id: String,
    job: PhantomData<fn() -> J>,
}

impl<J: Job> Task<J> {
    pub(crate) fn new(repository: Repository, id: String) -> Self {
        Self { repository, id, job: PhantomData }
    }

    /// Its identifier, to come back to it later.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The repository that it works on.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Reads how it stands. That it failed is said in the status, and is no error of this call.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such task.
    pub async fn status(&self) -> Result<J::Status> {
        J::status(&self.repository, &self.id).await
    }

    /// Waits for its end: await it for what comes of it, or read it as a stream to see how it stands. To drop it ends
    /// the waiting, not the task.
    ///
    /// It waits for as long as the task takes.
    ///
    /// # Errors
    /// With the words of the server where the task failed.
    pub fn wait(&self) -> TaskProgress<J> {
        TaskProgress { task: self.clone(), interval: INTERVAL, output: None, state: State::Begin }
    }
}

impl<J> Clone for Task<J> {
    fn clone(&self) -> Self {
        Self { repository: self.repository.clone(), id: self.id.clone(), job: PhantomData }
    }
}

impl<J> fmt::Debug for Task<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repository, id, .. } = self;
        f.debug_struct("Task").field("repository", &repository.name()).field("id", id).finish()
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
pub struct TaskProgress<J: Job> {
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

impl<J: Job> TaskProgress<J> {
    /// How long to wait between two looks: a second unless said otherwise.
    pub fn interval(mut self, time: Duration) -> Self {
        self.interval = time;
        self
    }

    fn look(&self, wait: Duration) -> State<J::Status> {
        let status = J::status(&self.task.repository, &self.task.id);
        State::Waiting(Box::pin(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            status.await
        }))
    }

    /// What becomes of the waiting when this is the status.
    fn step(&mut self, status: &J::Status) -> Result<State<J::Status>> {
        match J::outcome(status) {
            None => Ok(self.look(self.interval)),
            Some(Ok(output)) => {
                self.output = Some(output);
                Ok(State::Done)
            }
            Some(Err(words)) => {
                let action = || format!("{} {:?}", J::ACTION, self.task.repository.name());
                Err(Error::task(J::OPERATION, action, words))
            }
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

impl<J: Job> IntoFuture for TaskProgress<J> {
    type Output = Result<J::Output>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<J: Job> Stream for TaskProgress<J> {
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

impl<J: Job> fmt::Debug for TaskProgress<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, interval, .. } = self;
        f.debug_struct("TaskProgress").field("task", task).field("interval", interval).finish_non_exhaustive()
    }
}
