//! Users.

use std::fmt;

use crate::models;
use crate::request::Request;
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
    pub fn get(&self) -> Request<models::User> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { users::get(&client, &id).await })
    }

    /// Reads the user, or returns `None` if the user does not exist.
    pub fn get_opt(&self) -> Request<Option<models::User>> {
        self.get().optional()
    }

    /// Returns whether the user exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Deletes the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user does not exist.
    pub fn delete(&self) -> Request<()> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { users::delete(&client, &id).await })
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
    pub fn create_credentials(&self) -> Request<models::CredentialsWithSecret> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { users::create_credentials(&client, &id).await })
    }

    /// Reads an access key of the user, without its secret.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the access key does not exist.
    pub fn get_credentials(&self, access_key_id: impl Into<String>) -> Request<models::Credentials> {
        let id = self.id.clone();
        let access_key_id = access_key_id.into();
        Request::new(&self.client, |client| async move {
            users::get_credentials(&client, &id, access_key_id).await
        })
    }

    /// Deletes an access key of the user. Clients that use it are no longer authenticated.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the access key does not exist.
    pub fn delete_credentials(&self, access_key_id: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let access_key_id = access_key_id.into();
        Request::new(&self.client, |client| async move {
            users::delete_credentials(&client, &id, access_key_id).await
        })
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
    pub fn attach_policy(&self, policy: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let policy = policy.into();
        Request::new(&self.client, |client| async move { users::attach_policy(&client, &id, policy).await })
    }

    /// Detaches a policy from the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the policy does not exist, or the policy is not attached.
    pub fn detach_policy(&self, policy: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let policy = policy.into();
        Request::new(&self.client, |client| async move { users::detach_policy(&client, &id, policy).await })
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
    pub fn add_external_principal(
        &self,
        principal: impl Into<String>,
        settings: serde_json::Map<String, serde_json::Value>,
    ) -> Request<()> {
        let id = self.id.clone();
        let principal = principal.into();
        Request::new(&self.client, |client| async move {
            users::add_external_principal(&client, &id, principal, settings).await
        })
    }

    /// Detaches an external principal, which then cannot log in as the user any more.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the user or the principal does not exist.
    pub fn remove_external_principal(&self, principal: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let principal = principal.into();
        Request::new(&self.client, |client| async move {
            users::remove_external_principal(&client, &id, principal).await
        })
    }
}

/// Writes the id.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {:?}", self.id)
    }
}
