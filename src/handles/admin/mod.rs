//! Server administration: users, groups, policies, credentials, and the setup of a new server.
//!
//! [`Client::admin`](crate::Client::admin) is the entry point. Requests and lists are in
//! [`lakefs::requests`](crate::requests).
//!
//! A lakeFS without an authorization service has a single user. It rejects requests about groups, policies and external
//! principals with [`Unsupported`](crate::ErrorKind::Unsupported).

mod group;
mod policy;
mod user;

pub use group::Group;
pub use policy::Policy;
pub use user::User;

use std::fmt;

use crate::handles::client::Client;
use crate::models;
use crate::request::Request;
use crate::requests::admin::lists::{ListGroups, ListPolicies, ListUsers};
use crate::requests::admin::server;
use crate::requests::admin::setup::{CommunicationPreferencesRequest, SetupRequest};
use crate::scope::ClientScope;

/// Administration of a server. [`Client::admin`](crate::Client::admin) returns it.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let user = client.admin().current_user().await?;
/// println!("authenticated as {}", user.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Admin(ClientScope);

impl Client {
    /// Returns the administration of the server: users, groups, policies, and the setup of a new server.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin(self.scope().clone())
    }
}

impl Admin {
    /// Returns a handle to a user. The user need not exist.
    #[must_use]
    pub fn user(&self, id: impl Into<String>) -> User {
        User::new(self.0.clone(), id.into())
    }

    /// Lists the users, in the order of their ids.
    pub fn users(&self) -> ListUsers {
        ListUsers::new(self.0.clone())
    }

    /// Returns a handle to a group. The group need not exist.
    #[must_use]
    pub fn group(&self, id: impl Into<String>) -> Group {
        Group::new(self.0.clone(), id.into())
    }

    /// Lists the groups, in the order of their ids.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the server has no authorization service.
    pub fn groups(&self) -> ListGroups {
        ListGroups::new(self.0.clone())
    }

    /// Returns a handle to a policy. The policy need not exist.
    #[must_use]
    pub fn policy(&self, id: impl Into<String>) -> Policy {
        Policy::new(self.0.clone(), id.into())
    }

    /// Lists the policies, in the order of their ids.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the server has no authorization service.
    pub fn policies(&self) -> ListPolicies {
        ListPolicies::new(self.0.clone())
    }

    /// Reads the user that the credentials of this client belong to. Without credentials, the returned user has an
    /// empty id.
    pub fn current_user(&self) -> Request<models::User> {
        Request::new(&self.0, |client| async move { server::current_user(&client).await })
    }

    /// Reads the user that an external principal, such as the ARN of an AWS role, logs in as.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the principal is not attached to a user.
    /// * [`Unsupported`](crate::ErrorKind::Unsupported): the server has no authorization service.
    pub fn external_principal(&self, id: impl Into<String>) -> Request<models::ExternalPrincipal> {
        let id = id.into();
        Request::new(&self.0, |client| async move { server::external_principal(&client, id).await })
    }

    /// Exchanges an access key for a token.
    ///
    /// For a client that logs in by itself and renews its token, use
    /// [`Credentials::login`](crate::Credentials::login).
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated): the access key is not valid.
    pub fn login(
        &self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Request<models::AuthenticationToken> {
        let access_key_id = access_key_id.into();
        let secret_access_key = secret_access_key.into();
        Request::new(&self.0, |client| async move {
            server::login(&client, access_key_id, secret_access_key).await
        })
    }

    /// Reads which operations on users the server supports.
    pub fn capabilities(&self) -> Request<models::AuthCapabilities> {
        Request::new(&self.0, |client| async move { server::capabilities(&client).await })
    }

    /// Reads how many requests the installation has served in each month.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) or [`Unsupported`](crate::ErrorKind::Unsupported): the server has no
    /// usage report.
    pub fn usage_report(&self) -> Request<models::InstallationUsageReport> {
        Request::new(&self.0, |client| async move { server::usage_report(&client).await })
    }

    /// Reads whether the server has been set up, and which ways to log in it offers. Needs no credentials.
    pub fn setup_state(&self) -> Request<models::SetupState> {
        Request::new(&self.0, |client| async move { server::setup_state(&client).await })
    }

    /// Sets up a new server: creates its first user, and returns the access key of that user. The server never shows
    /// the secret again. Needs no credentials.
    ///
    /// ```
    /// # async fn example() -> lakefs::Result<()> {
    /// use lakefs::Client;
    ///
    /// let endpoint = "http://localhost:8000";
    /// let anonymous = Client::builder().endpoint(endpoint).anonymous().build()?;
    /// let key = anonymous.admin().setup("admin").await?;
    /// let client = Client::builder()
    ///     .endpoint(endpoint)
    ///     .access_key(key.access_key_id, key.secret_access_key)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the server has been set up before.
    pub fn setup(&self, user: impl Into<String>) -> SetupRequest {
        SetupRequest::new(self.0.clone(), user.into())
    }

    /// Sets how the makers of lakeFS may contact the operator of the server. Needs no credentials.
    ///
    /// # Errors
    /// * [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the server has not been set up.
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the preferences have been set before.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the email address is not valid.
    pub fn communication_preferences(&self, email: impl Into<String>) -> CommunicationPreferencesRequest {
        CommunicationPreferencesRequest::new(self.0.clone(), email.into())
    }
}

/// Writes the endpoint of the server.
impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "administration of {}", self.0.api().base())
    }
}
