//! The setting up of a fresh server.

use crate::models::{self, AccessKeyCredentials, CommPrefsInput};
use crate::requests::support::{awaits, flags};
use crate::{Client, Result};

/// Sets up a server; see [`Admin::setup`](super::Admin::setup).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Setup {
    client: Client,
    body: models::Setup,
}

impl Setup {
    pub(super) fn new(client: Client, username: String) -> Self {
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

    /// The key pair of the first user, in place of one that the server makes.
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

    /// Where the makers of lakeFS may write to.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.body.email = Some(address.into());
        self
    }

    flags! {
        /// Asks to be told of new features.
        feature_updates => body.feature_updates;
    }

    async fn send(self) -> Result<models::CredentialsWithSecret> {
        Ok(self.client.api().setup().body(self.body).send().await?.into_inner())
    }
}

awaits!(Setup => models::CredentialsWithSecret);

/// Tells whom the makers of lakeFS may write to; see
/// [`Admin::communication_preferences`](super::Admin::communication_preferences).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Preferences {
    client: Client,
    body: CommPrefsInput,
}

macro_rules! about {
    ($request:ident) => {
        impl $request {
            /// The name of who sets it up.
            pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
                self.body.first_name = Some(first.into());
                self.body.last_name = Some(last.into());
                self
            }

            /// The company of who sets it up.
            pub fn company(mut self, name: impl Into<String>) -> Self {
                self.body.company_name = Some(name.into());
                self
            }
        }
    };
}

about!(Setup);
about!(Preferences);

impl Preferences {
    pub(super) fn new(client: Client, email: String) -> Self {
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

    /// Asks to be told of new features.
    pub fn feature_updates(mut self, yes: bool) -> Self {
        self.body.feature_updates = yes;
        self
    }

    /// Asks to be told of what concerns security. Deprecated by lakeFS.
    pub fn security_updates(mut self, yes: bool) -> Self {
        self.body.security_updates = yes;
        self
    }

    async fn send(self) -> Result<()> {
        self.client.api().setup_comm_prefs().body(self.body).send().await?;
        Ok(())
    }
}

awaits!(Preferences => ());
