//! Requests about policies.

use crate::error::{Result, optional};
use crate::macros::impl_into_future;
use crate::models::{self, Statement};
use crate::requests::exist_ok::or_existing;
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
        let created = client.api().create_policy().body(body).send().await.map(|policy| policy.into_inner());
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
    client.api().delete_policy().policy_id(id).send().await?;
    Ok(())
}
