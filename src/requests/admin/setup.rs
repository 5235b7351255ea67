//! Requests that set up a new server.

use crate::error::Result;
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{self, AccessKeyCredentials, CommPrefsInput};
use crate::scope::ClientScope;

/// Sets up a server: creates its first user. [`Admin::setup`](crate::admin::Admin::setup) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct SetupRequest {
    client: ClientScope,
    body: models::Setup,
}

/// The setters that say who sets the server up.
macro_rules! person_setters {
    () => {
        /// Sets the name of the person who sets the server up. Default: none.
        pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
            self.body.first_name = Some(first.into());
            self.body.last_name = Some(last.into());
            self
        }

        /// Sets the company of the person who sets the server up. Default: none.
        pub fn company(mut self, name: impl Into<String>) -> Self {
            self.body.company_name = Some(name.into());
            self
        }
    };
}

impl SetupRequest {
    pub(crate) fn new(client: ClientScope, username: String) -> Self {
        let body = models::Setup {
            username,
            key: None,
            email: None,
            company_name: None,
            feature_updates: None,
            first_name: None,
            last_name: None,
            security_updates: None,
        };
        Self { client, body }
    }

    /// Sets the access key of the first user. Default: the server generates one.
    pub fn access_key(
        mut self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        self.body.key = Some(AccessKeyCredentials {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
        });
        self
    }

    /// Sets the email address at which the makers of lakeFS may contact the operator. Default: none.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.body.email = Some(address.into());
        self
    }

    person_setters!();

    bool_setters! {
        /// Subscribes the email address to news about features. Default: `false`.
        feature_updates => body.feature_updates;
    }

    async fn execute(self) -> Result<models::CredentialsWithSecret> {
        Ok(self.client.api().setup().body(self.body).send().await?.into_inner())
    }
}

impl_into_future!(SetupRequest { client } => models::CredentialsWithSecret);

/// Sets how the makers of lakeFS may contact the operator of the server.
/// [`Admin::communication_preferences`](crate::admin::Admin::communication_preferences) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CommunicationPreferencesRequest {
    client: ClientScope,
    body: CommPrefsInput,
}

impl CommunicationPreferencesRequest {
    pub(crate) fn new(client: ClientScope, email: String) -> Self {
        let body = CommPrefsInput {
            email: Some(email),
            company_name: None,
            feature_updates: false,
            first_name: None,
            last_name: None,
            security_updates: false,
        };
        Self { client, body }
    }

    person_setters!();

    /// Subscribes the email address to news about features. Default: `false`.
    pub fn feature_updates(mut self, yes: bool) -> Self {
        self.body.feature_updates = yes;
        self
    }

    /// Subscribes the email address to news about security. lakeFS has deprecated this option. Default: `false`.
    pub fn security_updates(mut self, yes: bool) -> Self {
        self.body.security_updates = yes;
        self
    }

    async fn execute(self) -> Result<()> {
        self.client.api().setup_comm_prefs().body(self.body).send().await?;
        Ok(())
    }
}

impl_into_future!(CommunicationPreferencesRequest { client } => ());
