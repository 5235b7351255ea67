//! Requests about groups, their members, policies and access control lists.

use crate::api::Response;
use crate::error::{Result, optional};
use crate::http::reconcile::{Effect, OnMissing, RequestStart, reconcile};
use crate::macros::impl_into_future;
use crate::models::{self, Acl, GroupCreation};
use crate::requests::admin::lists::{ListGroupMembers, ListGroupPolicies};
use crate::requests::exist_ok::or_existing;
use crate::requests::reconcile::{find, find_created, reconcile_deletion};
use crate::scope::ClientScope;

/// Creates a group. [`Group::create`](crate::admin::Group::create) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateGroupRequest {
    client: ClientScope,
    body: GroupCreation,
    exist_ok: bool,
}

impl CreateGroupRequest {
    pub(crate) fn new(client: ClientScope, id: String) -> Self {
        Self { client, body: GroupCreation { id, description: None }, exist_ok: false }
    }

    /// Sets the description. Default: none.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.body.description = Some(text.into());
        self
    }

    /// Returns the existing group, unchanged, if there is one with this id. Default: `false`: an existing group is an
    /// error.
    pub fn exist_ok(mut self, yes: bool) -> Self {
        self.exist_ok = yes;
        self
    }

    async fn execute(self) -> Result<models::Group> {
        let Self { client, body, exist_ok } = self;
        let id = body.id.clone();
        let start = RequestStart::now();
        let create = || {
            let request = client.api().create_group().body(body.clone());
            async { request.send().await.map(Response::into_inner) }
        };
        let find_applied = || async {
            if exist_ok && let Some(found) = optional(get(&client, &id).await)? {
                return Ok(Effect::Applied(found));
            }
            let request = client.api().get_group().group_id(&*id);
            let date = |found: &models::Group| Some(found.creation_date);
            find_created(start, request.send(), date, |found| {
                found.description.as_deref().unwrap_or_default()
                    == body.description.as_deref().unwrap_or_default()
            })
            .await
        };
        let on_missing = OnMissing::resend(create());
        let policy = client.api().retries();
        let created = reconcile(create().await, policy, find_applied, on_missing).await;
        or_existing(created, exist_ok, async { optional(get(&client, &id).await) }).await
    }
}

impl_into_future!(CreateGroupRequest { client } => models::Group);

pub(crate) async fn get(client: &ClientScope, id: &str) -> Result<models::Group> {
    Ok(client.api().get_group().group_id(id).send().await?.into_inner())
}

pub(crate) async fn delete(client: &ClientScope, id: &str) -> Result<()> {
    let deleted = client.api().delete_group().group_id(id).send().await.map(Response::into_inner);
    let policy = client.api().retries();
    reconcile_deletion(deleted, policy, || async { optional(get(client, id).await) }).await
}

pub(crate) async fn add_member(client: &ClientScope, id: &str, user: String) -> Result<()> {
    client.api().add_group_membership().group_id(id).user_id(user).send().await?;
    Ok(())
}

pub(crate) async fn remove_member(client: &ClientScope, id: &str, user: String) -> Result<()> {
    let request = client.api().delete_group_membership().group_id(id).user_id(&*user);
    let deleted = request.send().await.map(Response::into_inner);
    let get = || find(ListGroupMembers::new(client.clone(), id.to_owned()), |found| found.id == user);
    reconcile_deletion(deleted, client.api().retries(), get).await
}

pub(crate) async fn attach_policy(client: &ClientScope, id: &str, policy: String) -> Result<()> {
    client.api().attach_policy_to_group().group_id(id).policy_id(policy).send().await?;
    Ok(())
}

pub(crate) async fn detach_policy(client: &ClientScope, id: &str, policy: String) -> Result<()> {
    let request = client.api().detach_policy_from_group().group_id(id).policy_id(&*policy);
    let detached = request.send().await.map(Response::into_inner);
    let get = || find(ListGroupPolicies::new(client.clone(), id.to_owned()), |found| found.id == policy);
    reconcile_deletion(detached, client.api().retries(), get).await
}

pub(crate) async fn get_acl(client: &ClientScope, id: &str) -> Result<Acl> {
    Ok(client.api().get_group_acl().group_id(id).send().await?.into_inner())
}

pub(crate) async fn set_acl(client: &ClientScope, id: &str, permission: String) -> Result<()> {
    client.api().set_group_acl().group_id(id).body(Acl { permission }).send().await?;
    Ok(())
}
