//! Administration: users, groups, policies, credentials, and the setting up of a server.
//!
//! A lakeFS that stands alone knows one user, and nothing of groups, policies and external principals: it answers that
//! they are [`Unsupported`](crate::ErrorKind::Unsupported). They are there where an authorisation service is.

mod group;
mod lists;
mod policy;
mod setup;
mod user;

pub use group::{CreateGroup, Group};
pub use lists::{
    GroupMembers, GroupPolicies, Groups, Policies, UserCredentials, UserExternalPrincipals, UserGroups,
    UserPolicies, Users,
};
pub use policy::Policy;
pub use setup::{Preferences, Setup};
pub use user::{CreateUser, User};

use crate::pager::Pager;
use crate::{Client, Result, models};

/// What an administrator does with a server.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let me = client.admin().current_user().await?;
/// println!("{} since {}", me.id, me.creation_date);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Admin(Client);

impl Client {
    /// Users, groups, policies, and the setting up of the server.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin(self.clone())
    }
}

impl Admin {
    /// A user by its identifier, whether it exists or not.
    #[must_use]
    pub fn user(&self, id: impl Into<String>) -> User {
        User::new(self.0.clone(), id.into())
    }

    /// The users, in the order of their identifiers.
    pub fn users(&self) -> Pager<models::User, Users> {
        Pager::new(Users::new(self.0.clone()))
    }

    /// A group by its identifier, whether it exists or not.
    #[must_use]
    pub fn group(&self, id: impl Into<String>) -> Group {
        Group::new(self.0.clone(), id.into())
    }

    /// The groups, in the order of their identifiers.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported), where the server has no authorisation service.
    pub fn groups(&self) -> Pager<models::Group, Groups> {
        Pager::new(Groups::new(self.0.clone()))
    }

    /// A policy by its identifier, whether it exists or not.
    #[must_use]
    pub fn policy(&self, id: impl Into<String>) -> Policy {
        Policy::new(self.0.clone(), id.into())
    }

    /// The policies, in the order of their identifiers.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported), where the server has no authorisation service.
    pub fn policies(&self) -> Pager<models::Policy, Policies> {
        Pager::new(Policies::new(self.0.clone()))
    }

    /// Who this client is to the server. Without credentials it is a user without an identifier.
    pub async fn current_user(&self) -> Result<models::User> {
        Ok(self.0.api().get_current_user().send().await?.into_inner().user)
    }

    /// The user that an external identity (such as the ARN of an AWS role) logs in as.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported), where the server has no authorisation service.
    pub async fn external_principal(&self, id: impl Into<String>) -> Result<models::ExternalPrincipal> {
        Ok(self.0.api().get_external_principal().principal_id(id.into()).send().await?.into_inner())
    }

    /// Exchanges a key pair for a token. A client that is to do so by itself, and to renew the token, is made with
    /// [`Credentials::login`](crate::Credentials::login).
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated): the server does not know the key pair.
    pub async fn login(
        &self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Result<models::AuthenticationToken> {
        let body = models::LoginInformation {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
        };
        Ok(self.0.api().login().body(body).send().await?.into_inner())
    }

    /// What the server lets administrators do with users.
    pub async fn capabilities(&self) -> Result<models::AuthCapabilities> {
        Ok(self.0.api().get_auth_capabilities().send().await?.into_inner())
    }

    /// How many requests the installation has answered, month by month.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) or [`Unsupported`](crate::ErrorKind::Unsupported), where the server
    /// keeps no such report.
    pub async fn usage_report(&self) -> Result<models::InstallationUsageReport> {
        Ok(self.0.api().get_usage_report_summary().send().await?.into_inner())
    }

    /// Whether the server has been set up, and how one logs in to it. It needs no credentials.
    pub async fn setup_state(&self) -> Result<models::SetupState> {
        Ok(self.0.api().get_setup_state().send().await?.into_inner())
    }

    /// Sets up a fresh server: makes its first user, and answers with the key pair, whose secret is never shown again.
    /// It needs no credentials.
    ///
    /// ```
    /// # async fn example() -> lakefs::Result<()> {
    /// let fresh = lakefs::Client::builder().endpoint("http://localhost:8000").build()?;
    /// let key_pair = fresh.admin().setup("admin").await?;
    /// let client = lakefs::Client::builder()
    ///     .endpoint("http://localhost:8000")
    ///     .access_key(key_pair.access_key_id, key_pair.secret_access_key)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it has been set up before.
    pub fn setup(&self, user: impl Into<String>) -> Setup {
        Setup::new(self.0.clone(), user.into())
    }

    /// Tells whom the makers of lakeFS may write to.
    ///
    /// # Errors
    /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the server has not been set up.
    pub fn communication_preferences(&self, email: impl Into<String>) -> Preferences {
        Preferences::new(self.0.clone(), email.into())
    }
}
