//! Requests about policies.

use crate::api::Response;
use crate::error::{Result, optional};
use crate::http::reconcile::{Effect, OnMissing, RequestStart, reconcile};
use crate::macros::impl_into_future;
use crate::models::{self, Statement};
use crate::requests::exist_ok::or_existing;
use crate::requests::reconcile::{find_created, reconcile_deletion};
use crate::scope::ClientScope;

/// Creates a policy. [`Policy::create`](crate::admin::Policy::create) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreatePolicyRequest {
    client: ClientScope,
    body: models::Policy,
    exist_ok: bool,
}

impl CreatePolicyRequest {
    pub(crate) fn new(client: ClientScope, id: String, statements: Vec<Statement>) -> Self {
        Self { client, body: policy(id, statements), exist_ok: false }
    }

    /// Returns the existing policy, unchanged, if there is one with this id. Its statements may differ. Default:
    /// `false`, which is an error then.
    pub fn exist_ok(mut self, yes: bool) -> Self {
        self.exist_ok = yes;
        self
    }

    async fn execute(self) -> Result<models::Policy> {
        let Self { client, body, exist_ok } = self;
        let id = body.id.clone();
        let start = RequestStart::now();
        let create = || {
            let request = client.api().create_policy().body(body.clone());
            async { request.send().await.map(Response::into_inner) }
        };
        let find_applied = || async {
            if exist_ok && let Some(found) = optional(get(&client, &id).await)? {
                return Ok(Effect::Applied(found));
            }
            let request = client.api().get_policy().policy_id(&*id);
            let date = |found: &models::Policy| found.creation_date;
            find_created(start, request.send(), date, |found| found.statement == body.statement).await
        };
        let on_missing = OnMissing::resend(create());
        let policy = client.api().retries();
        let created = reconcile(create().await, policy, find_applied, on_missing).await;
        or_existing(created, exist_ok, async { optional(get(&client, &id).await) }).await
    }
}

impl_into_future!(CreatePolicyRequest { client } => models::Policy);

fn policy(id: String, statement: Vec<Statement>) -> models::Policy {
    models::Policy { id, statement, creation_date: None }
}

pub(crate) async fn get(client: &ClientScope, id: &str) -> Result<models::Policy> {
    Ok(client.api().get_policy().policy_id(id).send().await?.into_inner())
}

pub(crate) async fn update(
    client: &ClientScope,
    id: &str,
    statements: Vec<Statement>,
) -> Result<models::Policy> {
    let body = policy(id.to_owned(), statements);
    Ok(client.api().update_policy().policy_id(id).body(body).send().await?.into_inner())
}

pub(crate) async fn delete(client: &ClientScope, id: &str) -> Result<()> {
    let deleted = client.api().delete_policy().policy_id(id).send().await.map(Response::into_inner);
    let policy = client.api().retries();
    reconcile_deletion(deleted, policy, || async { optional(get(client, id).await) }).await
}
