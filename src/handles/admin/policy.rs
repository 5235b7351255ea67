//! Policies: which actions are allowed or denied on which resources.

use std::fmt;

use crate::models::{self, Statement};
use crate::request::Request;
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
    pub fn update(&self, statements: impl IntoIterator<Item = Statement>) -> Request<models::Policy> {
        let id = self.id.clone();
        let statements: Vec<_> = statements.into_iter().collect();
        Request::new(&self.client, |client| async move { policies::update(&client, &id, statements).await })
    }

    /// Reads the policy.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the policy does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub fn get(&self) -> Request<models::Policy> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { policies::get(&client, &id).await })
    }

    /// Reads the policy, or returns `None` if the policy does not exist.
    pub fn get_opt(&self) -> Request<Option<models::Policy>> {
        self.get().optional()
    }

    /// Returns whether the policy exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Deletes the policy.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the policy does not exist.
    pub fn delete(&self) -> Request<()> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { policies::delete(&client, &id).await })
    }
}

/// Writes the id.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {:?}", self.id)
    }
}
