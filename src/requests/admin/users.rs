//! Requests about users, their credentials, policies and external principals.

use crate::api::Response;
use crate::error::{Result, optional};
use crate::http::reconcile::{Effect, OnMissing, RequestStart, reconcile};
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{self, ExternalPrincipalCreation, UserCreation};
use crate::requests::admin::lists::{ListExternalPrincipals, ListUserPolicies};
use crate::requests::exist_ok::or_existing;
use crate::requests::reconcile::{find, find_created, reconcile_deletion};
use crate::scope::ClientScope;

/// Creates a user. [`User::create`](crate::admin::User::create) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateUserRequest {
    client: ClientScope,
    body: UserCreation,
    exist_ok: bool,
}

impl CreateUserRequest {
    pub(crate) fn new(client: ClientScope, id: String) -> Self {
        Self { client, body: UserCreation { id, invite_user: None }, exist_ok: false }
    }

    bool_setters! {
        /// Invites the user by email; the id is then the email address. Not every server supports it. Default:
        /// `false`.
        invite => body.invite_user;
    }

    /// Returns the existing user, unchanged, if there is one with this id. Default: `false`: an existing user is an
    /// error.
    pub fn exist_ok(mut self, yes: bool) -> Self {
        self.exist_ok = yes;
        self
    }

    async fn execute(self) -> Result<models::User> {
        let Self { client, body, exist_ok } = self;
        let id = body.id.clone();
        let start = RequestStart::now();
        let create = || {
            let request = client.api().create_user().body(body.clone());
            async { request.send().await.map(Response::into_inner) }
        };
        let find_applied = || async {
            if exist_ok && let Some(found) = optional(get(&client, &id).await)? {
                return Ok(Effect::Applied(found));
            }
            let request = client.api().get_user().user_id(&*id);
            let date = |found: &models::User| Some(found.creation_date);
            find_created(start, request.send(), date, |found| found.id == id).await
        };
        // A second request would invite the user again.
        let on_missing =
            if body.invite_user.is_some() { OnMissing::Unknown } else { OnMissing::resend(create()) };
        let policy = client.api().retries();
        let created = reconcile(create().await, policy, find_applied, on_missing).await;
        or_existing(created, exist_ok, async { optional(get(&client, &id).await) }).await
    }
}

impl_into_future!(CreateUserRequest { client } => models::User);

pub(crate) async fn get(client: &ClientScope, id: &str) -> Result<models::User> {
    Ok(client.api().get_user().user_id(id).send().await?.into_inner())
}

pub(crate) async fn delete(client: &ClientScope, id: &str) -> Result<()> {
    let deleted = client.api().delete_user().user_id(id).send().await.map(Response::into_inner);
    let policy = client.api().retries();
    reconcile_deletion(deleted, policy, || async { optional(get(client, id).await) }).await
}

pub(crate) async fn create_credentials(
    client: &ClientScope,
    id: &str,
) -> Result<models::CredentialsWithSecret> {
    Ok(client.api().create_credentials().user_id(id).send().await?.into_inner())
}

pub(crate) async fn get_credentials(
    client: &ClientScope,
    id: &str,
    access_key_id: String,
) -> Result<models::Credentials> {
    let request = client.api().get_credentials().user_id(id);
    Ok(request.access_key_id(access_key_id).send().await?.into_inner())
}

pub(crate) async fn delete_credentials(client: &ClientScope, id: &str, access_key_id: String) -> Result<()> {
    let request = client.api().delete_credentials().user_id(id).access_key_id(&*access_key_id);
    let deleted = request.send().await.map(Response::into_inner);
    let get = || async { optional(get_credentials(client, id, access_key_id.clone()).await) };
    reconcile_deletion(deleted, client.api().retries(), get).await
}

pub(crate) async fn attach_policy(client: &ClientScope, id: &str, policy: String) -> Result<()> {
    client.api().attach_policy_to_user().user_id(id).policy_id(policy).send().await?;
    Ok(())
}

pub(crate) async fn detach_policy(client: &ClientScope, id: &str, policy: String) -> Result<()> {
    let request = client.api().detach_policy_from_user().user_id(id).policy_id(&*policy);
    let detached = request.send().await.map(Response::into_inner);
    let get = || find(ListUserPolicies::new(client.clone(), id.to_owned()), |found| found.id == policy);
    reconcile_deletion(detached, client.api().retries(), get).await
}

pub(crate) async fn add_external_principal(
    client: &ClientScope,
    id: &str,
    principal: String,
    settings: serde_json::Map<String, serde_json::Value>,
) -> Result<()> {
    let add = || {
        let request = client.api().create_user_external_principal().user_id(id).principal_id(&*principal);
        let request = request.body(ExternalPrincipalCreation { settings: settings.clone() });
        async { request.send().await.map(Response::into_inner) }
    };
    let find_applied = || async { Ok(find_external_principal(client, id, &principal).await?.map(drop)) };
    let policy = client.api().retries();
    reconcile(add().await, policy, find_applied, OnMissing::resend(add())).await
}

pub(crate) async fn remove_external_principal(
    client: &ClientScope,
    id: &str,
    principal: String,
) -> Result<()> {
    let request = client.api().delete_user_external_principal().user_id(id).principal_id(&*principal);
    let deleted = request.send().await.map(Response::into_inner);
    let get = || find_external_principal(client, id, &principal);
    reconcile_deletion(deleted, client.api().retries(), get).await
}

async fn find_external_principal(
    client: &ClientScope,
    id: &str,
    principal: &str,
) -> Result<Option<models::ExternalPrincipal>> {
    let list = ListExternalPrincipals::new(client.clone(), id.to_owned());
    find(list, |found| found.id == principal).await
}
