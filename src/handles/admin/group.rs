//! Groups of users.

use crate::handles::admin::{GroupMembers, GroupPolicies};
use crate::models::{self, Acl, GroupCreation};
use crate::pager::Pager;
use crate::requests::support::{awaits, opt};
use crate::{Client, Result};

/// A group by its identifier, whether it exists or not.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let readers = client.admin().group("readers");
/// readers.create().description("may look, not touch").await?;
/// readers.set_acl("Read").await?;
/// readers.add_member("anna").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Group {
    client: Client,
    id: String,
}

impl Group {
    pub(super) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Creates the group.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it exists.
    pub fn create(&self) -> CreateGroup {
        let body = GroupCreation { id: self.id.clone(), description: None };
        CreateGroup { client: self.client.clone(), body }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::Group> {
        Ok(self.client.api().get_group().group_id(&*self.id).send().await?.into_inner())
    }

    /// Reads it, or `None` if there is no such group.
    pub async fn get_opt(&self) -> Result<Option<models::Group>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the group, not its members.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn delete(&self) -> Result<()> {
        self.client.api().delete_group().group_id(&*self.id).send().await?;
        Ok(())
    }

    /// Its members.
    pub fn members(&self) -> Pager<models::User, GroupMembers> {
        Pager::new(GroupMembers::new(self.client.clone(), self.id.clone()))
    }

    /// Makes a user a member.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such group or user.
    pub async fn add_member(&self, user: impl Into<String>) -> Result<()> {
        let request = self.client.api().add_group_membership().group_id(&*self.id);
        request.user_id(user.into()).send().await?;
        Ok(())
    }

    /// Makes a user a member no more.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn remove_member(&self, user: impl Into<String>) -> Result<()> {
        let request = self.client.api().delete_group_membership().group_id(&*self.id);
        request.user_id(user.into()).send().await?;
        Ok(())
    }

    /// The policies that are attached to it.
    pub fn policies(&self) -> Pager<models::Policy, GroupPolicies> {
        Pager::new(GroupPolicies::new(self.client.clone(), self.id.clone()))
    }

    /// Attaches a policy to it, and so to all its members.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such group or policy.
    pub async fn attach_policy(&self, policy: impl Into<String>) -> Result<()> {
        let request = self.client.api().attach_policy_to_group().group_id(&*self.id);
        request.policy_id(policy.into()).send().await?;
        Ok(())
    }

    /// Detaches a policy from it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn detach_policy(&self, policy: impl Into<String>) -> Result<()> {
        let request = self.client.api().detach_policy_from_group().group_id(&*self.id);
        request.policy_id(policy.into()).send().await?;
        Ok(())
    }

    /// What its members may do, on a server with access control lists.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn acl(&self) -> Result<Acl> {
        Ok(self.client.api().get_group_acl().group_id(&*self.id).send().await?.into_inner())
    }

    /// Says what its members may do: `Read`, `Write`, `Super` or `Admin`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound). [`InvalidRequest`](crate::ErrorKind::InvalidRequest): there is no
    /// such permission.
    pub async fn set_acl(&self, permission: impl Into<String>) -> Result<()> {
        let body = Acl { permission: permission.into() };
        self.client.api().set_group_acl().group_id(&*self.id).body(body).send().await?;
        Ok(())
    }
}

/// Creates a group; see [`Group::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateGroup {
    client: Client,
    body: GroupCreation,
}

impl CreateGroup {
    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.body.description = Some(text.into());
        self
    }

    async fn send(self) -> Result<models::Group> {
        Ok(self.client.api().create_group().body(self.body).send().await?.into_inner())
    }
}

awaits!(CreateGroup => models::Group);
