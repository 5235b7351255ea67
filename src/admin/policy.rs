//! Policies: what may be done to what.

use crate::models::{self, Statement};
use crate::request::opt;
use crate::{Client, Result};

/// A policy by its identifier, whether it exists or not.
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
#[derive(Clone, Debug)]
pub struct Policy {
    client: Client,
    id: String,
}

impl Policy {
    pub(super) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn with(&self, statements: impl IntoIterator<Item = Statement>) -> models::Policy {
        models::Policy {
            id: self.id.clone(),
            statement: statements.into_iter().collect(),
            creation_date: None,
        }
    }

    /// Creates the policy. It does nothing until it is attached to a user or a group.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it exists.
    pub async fn create(&self, statements: impl IntoIterator<Item = Statement>) -> Result<models::Policy> {
        let body = self.with(statements);
        Ok(self.client.api().create_policy().body(body).send().await?.into_inner())
    }

    /// Replaces all its statements.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn update(&self, statements: impl IntoIterator<Item = Statement>) -> Result<models::Policy> {
        let request = self.client.api().update_policy().policy_id(&*self.id).body(self.with(statements));
        Ok(request.send().await?.into_inner())
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::Policy> {
        Ok(self.client.api().get_policy().policy_id(&*self.id).send().await?.into_inner())
    }

    /// Reads it, or `None` if there is no such policy.
    pub async fn get_opt(&self) -> Result<Option<models::Policy>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the policy.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn delete(&self) -> Result<()> {
        self.client.api().delete_policy().policy_id(&*self.id).send().await?;
        Ok(())
    }
}
