//! Groups of users.

use std::fmt;

use crate::error::{Result, optional};
use crate::models::{self, Acl};
use crate::requests::admin::groups::{self, CreateGroupRequest};
use crate::requests::admin::lists::{ListGroupMembers, ListGroupPolicies};
use crate::scope::ClientScope;

/// A handle to a group of users. The group need not exist.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let readers = client.admin().group("readers");
/// readers.create().description("Read-only access").exist_ok(true).await?;
/// readers.attach_policy("FSReadAll").await?;
/// readers.add_member("anna").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    client: ClientScope,
    id: String,
}

impl Group {
    pub(super) fn new(client: ClientScope, id: String) -> Self {
        Self { client, id }
    }

    /// Returns the id of the group.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Creates the group.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the group exists.
    pub fn create(&self) -> CreateGroupRequest {
        CreateGroupRequest::new(self.client.clone(), self.id.clone())
    }

    /// Reads the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub async fn get(&self) -> Result<models::Group> {
        groups::get(&self.client, &self.id).await
    }

    /// Reads the group, or returns `None` if the group does not exist.
    pub async fn get_opt(&self) -> Result<Option<models::Group>> {
        optional(self.get().await)
    }

    /// Returns whether the group exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the group. Its members remain.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group does not exist.
    pub async fn delete(&self) -> Result<()> {
        groups::delete(&self.client, &self.id).await
    }

    /// Lists the members of the group.
    pub fn members(&self) -> ListGroupMembers {
        ListGroupMembers::new(self.client.clone(), self.id.clone())
    }

    /// Adds a user to the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the user does not exist.
    pub async fn add_member(&self, user: impl Into<String>) -> Result<()> {
        groups::add_member(&self.client, &self.id, user.into()).await
    }

    /// Removes a user from the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the user does not exist, or the user is not a member.
    pub async fn remove_member(&self, user: impl Into<String>) -> Result<()> {
        groups::remove_member(&self.client, &self.id, user.into()).await
    }

    /// Lists the policies that are attached to the group.
    pub fn policies(&self) -> ListGroupPolicies {
        ListGroupPolicies::new(self.client.clone(), self.id.clone())
    }

    /// Attaches a policy to the group, and so to all its members.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the policy does not exist.
    pub async fn attach_policy(&self, policy: impl Into<String>) -> Result<()> {
        groups::attach_policy(&self.client, &self.id, policy.into()).await
    }

    /// Detaches a policy from the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the policy does not exist, or the policy is not attached.
    pub async fn detach_policy(&self, policy: impl Into<String>) -> Result<()> {
        groups::detach_policy(&self.client, &self.id, policy.into()).await
    }

    /// Reads the permission of the group, on a server that uses access control lists.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group does not exist.
    pub async fn acl(&self) -> Result<Acl> {
        groups::get_acl(&self.client, &self.id).await
    }

    /// Sets the permission of the group, on a server that uses access control lists: `Read`, `Write`, `Super` or
    /// `Admin`.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the group does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the server does not know the permission.
    pub async fn set_acl(&self, permission: impl Into<String>) -> Result<()> {
        groups::set_acl(&self.client, &self.id, permission.into()).await
    }
}

/// Writes the id.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {:?}", self.id)
    }
}
