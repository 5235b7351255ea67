//! Users.

use crate::handles::admin::{UserCredentials, UserExternalPrincipals, UserGroups, UserPolicies};
use crate::models::{self, ExternalPrincipalCreation, UserCreation};
use crate::pager::Pager;
use crate::requests::support::{awaits, flags, opt};
use crate::{Client, Result};

/// A user by its identifier, whether it exists or not.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let user = client.admin().user("anna");
/// user.create().await?;
/// let key_pair = user.create_credentials().await?;
/// println!("{}: kept nowhere but here", key_pair.access_key_id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct User {
    client: Client,
    id: String,
}

impl User {
    pub(super) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Creates the user.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it exists, or the server has room for one user only, and has it.
    pub fn create(&self) -> CreateUser {
        let body = UserCreation { id: self.id.clone(), invite_user: None };
        CreateUser { client: self.client.clone(), body }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::User> {
        Ok(self.client.api().get_user().user_id(&*self.id).send().await?.into_inner())
    }

    /// Reads it, or `None` if there is no such user.
    pub async fn get_opt(&self) -> Result<Option<models::User>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn delete(&self) -> Result<()> {
        self.client.api().delete_user().user_id(&*self.id).send().await?;
        Ok(())
    }

    /// Its key pairs, without their secrets.
    pub fn credentials(&self) -> Pager<models::Credentials, UserCredentials> {
        Pager::new(UserCredentials::new(self.client.clone(), self.id.clone()))
    }

    /// Makes a key pair. Its secret is never shown again.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): it has as many as the server allows.
    pub async fn create_credentials(&self) -> Result<models::CredentialsWithSecret> {
        Ok(self.client.api().create_credentials().user_id(&*self.id).send().await?.into_inner())
    }

    /// Reads one of its key pairs, without the secret.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn get_credentials(&self, access_key_id: impl Into<String>) -> Result<models::Credentials> {
        let request = self.client.api().get_credentials().user_id(&*self.id);
        Ok(request.access_key_id(access_key_id.into()).send().await?.into_inner())
    }

    /// Deletes one of its key pairs: who uses it is locked out.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn delete_credentials(&self, access_key_id: impl Into<String>) -> Result<()> {
        let request = self.client.api().delete_credentials().user_id(&*self.id);
        request.access_key_id(access_key_id.into()).send().await?;
        Ok(())
    }

    /// The groups that it is a member of.
    pub fn groups(&self) -> Pager<models::Group, UserGroups> {
        Pager::new(UserGroups::new(self.client.clone(), self.id.clone()))
    }

    /// The policies that are attached to it.
    pub fn policies(&self) -> Pager<models::Policy, UserPolicies> {
        Pager::new(UserPolicies::new(self.client.clone(), self.id.clone()))
    }

    /// Attaches a policy to it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such user or policy.
    pub async fn attach_policy(&self, policy: impl Into<String>) -> Result<()> {
        let request = self.client.api().attach_policy_to_user().user_id(&*self.id);
        request.policy_id(policy.into()).send().await?;
        Ok(())
    }

    /// Detaches a policy from it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn detach_policy(&self, policy: impl Into<String>) -> Result<()> {
        let request = self.client.api().detach_policy_from_user().user_id(&*self.id);
        request.policy_id(policy.into()).send().await?;
        Ok(())
    }

    /// The external identities that log in as this user.
    pub fn external_principals(&self) -> Pager<models::ExternalPrincipal, UserExternalPrincipals> {
        Pager::new(UserExternalPrincipals::new(self.client.clone(), self.id.clone()))
    }

    /// Lets an external identity (such as the ARN of an AWS role) log in as this user. `settings` are the server's to
    /// understand, and may be empty.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it logs in as a user already.
    pub async fn add_external_principal(
        &self,
        principal: impl Into<String>,
        settings: serde_json::Map<String, serde_json::Value>,
    ) -> Result<()> {
        let request = self.client.api().create_user_external_principal().user_id(&*self.id);
        request.principal_id(principal.into()).body(ExternalPrincipalCreation { settings }).send().await?;
        Ok(())
    }

    /// Lets an external identity log in as this user no more.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn remove_external_principal(&self, principal: impl Into<String>) -> Result<()> {
        let request = self.client.api().delete_user_external_principal().user_id(&*self.id);
        request.principal_id(principal.into()).send().await?;
        Ok(())
    }
}

/// Creates a user; see [`User::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateUser {
    client: Client,
    body: UserCreation,
}

impl CreateUser {
    flags! {
        /// Invites the user by mail, where the server can: then the identifier is an address.
        invite => body.invite_user;
    }

    async fn send(self) -> Result<models::User> {
        Ok(self.client.api().create_user().body(self.body).send().await?.into_inner())
    }
}

awaits!(CreateUser => models::User);
