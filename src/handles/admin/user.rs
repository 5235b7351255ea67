//! Users.

use std::fmt;

use crate::error::{Result, optional};
use crate::models;
use crate::requests::admin::lists::{
    ListCredentials, ListExternalPrincipals, ListUserGroups, ListUserPolicies,
};
use crate::requests::admin::users::{self, CreateUserRequest};
use crate::scope::ClientScope;

/// A handle to a user. The user need not exist.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let user = client.admin().user("anna");
/// user.create().exist_ok(true).await?;
/// let key = user.create_credentials().await?;
/// println!("{} {}", key.access_key_id, key.secret_access_key);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    client: ClientScope,
    id: String,
}

impl User {
    pub(super) fn new(client: ClientScope, id: String) -> Self {
        Self { client, id }
    }

    /// Returns the id of the user.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Creates the user.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the user exists, or the server supports a single user, which
    /// exists.
    pub fn create(&self) -> CreateUserRequest {
        CreateUserRequest::new(self.client.clone(), self.id.clone())
    }

    /// Reads the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub async fn get(&self) -> Result<models::User> {
        users::get(&self.client, &self.id).await
    }

    /// Reads the user, or returns `None` if the user does not exist.
    pub async fn get_opt(&self) -> Result<Option<models::User>> {
        optional(self.get().await)
    }

    /// Returns whether the user exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user does not exist.
    pub async fn delete(&self) -> Result<()> {
        users::delete(&self.client, &self.id).await
    }

    /// Lists the credentials of the user, without their secrets.
    pub fn credentials(&self) -> ListCredentials {
        ListCredentials::new(self.client.clone(), self.id.clone())
    }

    /// Creates an access key. The server never shows its secret again.
    ///
    /// # Errors
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the user has as many access keys as the server allows.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the user does not exist.
    pub async fn create_credentials(&self) -> Result<models::CredentialsWithSecret> {
        users::create_credentials(&self.client, &self.id).await
    }

    /// Reads an access key of the user, without its secret.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the access key does not exist.
    pub async fn get_credentials(&self, access_key_id: impl Into<String>) -> Result<models::Credentials> {
        users::get_credentials(&self.client, &self.id, access_key_id.into()).await
    }

    /// Deletes an access key of the user. Clients that use it are no longer authenticated.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the access key does not exist.
    pub async fn delete_credentials(&self, access_key_id: impl Into<String>) -> Result<()> {
        users::delete_credentials(&self.client, &self.id, access_key_id.into()).await
    }

    /// Lists the groups that the user is a member of.
    pub fn groups(&self) -> ListUserGroups {
        ListUserGroups::new(self.client.clone(), self.id.clone())
    }

    /// Lists the policies that are attached to the user.
    pub fn policies(&self) -> ListUserPolicies {
        ListUserPolicies::new(self.client.clone(), self.id.clone())
    }

    /// Attaches a policy to the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the policy does not exist.
    pub async fn attach_policy(&self, policy: impl Into<String>) -> Result<()> {
        users::attach_policy(&self.client, &self.id, policy.into()).await
    }

    /// Detaches a policy from the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the policy does not exist, or the policy is not attached.
    pub async fn detach_policy(&self, policy: impl Into<String>) -> Result<()> {
        users::detach_policy(&self.client, &self.id, policy.into()).await
    }

    /// Lists the external principals that log in as the user.
    pub fn external_principals(&self) -> ListExternalPrincipals {
        ListExternalPrincipals::new(self.client.clone(), self.id.clone())
    }

    /// Allows an external principal, such as the ARN of an AWS role, to log in as the user. The server defines what
    /// `settings` may contain; an empty map is valid.
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the principal already logs in as a user.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the user does not exist.
    pub async fn add_external_principal(
        &self,
        principal: impl Into<String>,
        settings: serde_json::Map<String, serde_json::Value>,
    ) -> Result<()> {
        users::add_external_principal(&self.client, &self.id, principal.into(), settings).await
    }

    /// Detaches an external principal, which then cannot log in as the user any more.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the principal does not exist.
    pub async fn remove_external_principal(&self, principal: impl Into<String>) -> Result<()> {
        users::remove_external_principal(&self.client, &self.id, principal.into()).await
    }
}

/// Writes the id.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {:?}", self.id)
    }
}
