//! Resets: of what is staged on a branch, and of the branch itself.

use crate::Result;
use crate::handles::branch::Branch;
use crate::handles::reference::is_commit_id;
use crate::http::retry_table::RetryClass;
use crate::models::{ResetCreation, ResetCreationType};
use crate::requests::support::{When as _, awaits, flags};

/// Forgets what is staged on a branch; see [`Branch::reset`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Reset {
    branch: Branch,
    body: ResetCreation,
}

impl Reset {
    pub(crate) fn new(branch: Branch) -> Self {
        Self { branch, body: ResetCreation { type_: ResetCreationType::Reset, path: None, force: None } }
    }

    /// Only this object, in place of all that is staged.
    pub fn object(self, path: impl Into<String>) -> Self {
        self.only(ResetCreationType::Object, path.into())
    }

    /// Only paths that begin so, in place of all that is staged.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.only(ResetCreationType::CommonPrefix, prefix.into())
    }

    fn only(mut self, kind: ResetCreationType, path: String) -> Self {
        self.body.type_ = kind;
        self.body.path = Some(path);
        self
    }

    flags! {
        /// Resets even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<()> {
        let repository = self.branch.repository();
        let request = repository.client.api().reset_branch().repository(repository.name());
        request.branch(self.branch.name()).body(self.body).send().await?;
        Ok(())
    }
}

awaits!(Reset => ());

/// Moves a branch to another commit; see [`Branch::hard_reset`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct HardResetRequest {
    branch: Branch,
    reference: String,
    force: Option<bool>,
}

impl HardResetRequest {
    pub(crate) fn new(branch: Branch, reference: String) -> Self {
        Self { branch, reference, force: None }
    }

    flags! {
        /// Moves it even if the repository is read-only.
        force => force;
    }

    async fn send(self) -> Result<()> {
        let repository = self.branch.repository();
        let api = repository.client.api();
        // A commit is where it is. Any other expression may name something else once the branch has moved.
        let class =
            if is_commit_id(&self.reference) { RetryClass::Idempotent } else { RetryClass::NonIdempotent };
        let request = api
            .hard_reset_branch()
            .repository(repository.name())
            .branch(self.branch.name())
            .ref_(self.reference)
            .when(self.force, |request, force| request.force(force));
        api.transport().empty(request.call()?.retry_class(class)).await?;
        Ok(())
    }
}

awaits!(HardResetRequest => ());
