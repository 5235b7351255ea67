//! Policies: which actions are allowed or denied on which resources.

use std::fmt;

use crate::error::{Result, optional};
use crate::models::{self, Statement};
use crate::requests::admin::policies::{self, CreatePolicyRequest};
use crate::scope::ClientScope;

/// A handle to a policy. The policy need not exist.
///
/// ```
/// use lakefs::models::{Statement, StatementEffect};
///
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let resource = "arn:lakefs:fs:::repository/example/*";
/// let read = Statement::new(StatementEffect::Allow, resource, ["fs:Read*", "fs:List*"]);
/// client.admin().policy("read-example").create([read]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    client: ClientScope,
    id: String,
}

impl Policy {
    pub(super) fn new(client: ClientScope, id: String) -> Self {
        Self { client, id }
    }

    /// Returns the id of the policy.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Creates the policy. It takes effect once it is attached to a user or a group.
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the policy exists.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): there is no statement.
    pub fn create(&self, statements: impl IntoIterator<Item = Statement>) -> CreatePolicyRequest {
        CreatePolicyRequest::new(self.client.clone(), self.id.clone(), statements.into_iter().collect())
    }

    /// Replaces all statements of the policy.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the policy does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): there is no statement.
    pub async fn update(&self, statements: impl IntoIterator<Item = Statement>) -> Result<models::Policy> {
        policies::update(&self.client, &self.id, statements.into_iter().collect()).await
    }

    /// Reads the policy.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the policy does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub async fn get(&self) -> Result<models::Policy> {
        policies::get(&self.client, &self.id).await
    }

    /// Reads the policy, or returns `None` if the policy does not exist.
    pub async fn get_opt(&self) -> Result<Option<models::Policy>> {
        optional(self.get().await)
    }

    /// Returns whether the policy exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the policy.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the policy does not exist.
    pub async fn delete(&self) -> Result<()> {
        policies::delete(&self.client, &self.id).await
    }
}

/// Writes the id.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {:?}", self.id)
    }
}
