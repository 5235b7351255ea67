//! Groups of users.

use std::fmt;

use crate::models::{self, Acl};
use crate::request::Request;
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
    pub fn get(&self) -> Request<models::Group> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { groups::get(&client, &id).await })
    }

    /// Reads the group, or returns `None` if the group does not exist.
    pub fn get_opt(&self) -> Request<Option<models::Group>> {
        self.get().optional()
    }

    /// Returns whether the group exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Deletes the group. Its members remain.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group does not exist.
    pub fn delete(&self) -> Request<()> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { groups::delete(&client, &id).await })
    }

    /// Lists the members of the group.
    pub fn members(&self) -> ListGroupMembers {
        ListGroupMembers::new(self.client.clone(), self.id.clone())
    }

    /// Adds a user to the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the user does not exist.
    pub fn add_member(&self, user: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let user = user.into();
        Request::new(&self.client, |client| async move { groups::add_member(&client, &id, user).await })
    }

    /// Removes a user from the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the user does not exist, or the user is not a member.
    pub fn remove_member(&self, user: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let user = user.into();
        Request::new(&self.client, |client| async move { groups::remove_member(&client, &id, user).await })
    }

    /// Lists the policies that are attached to the group.
    pub fn policies(&self) -> ListGroupPolicies {
        ListGroupPolicies::new(self.client.clone(), self.id.clone())
    }

    /// Attaches a policy to the group, and so to all its members.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the policy does not exist.
    pub fn attach_policy(&self, policy: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let policy = policy.into();
        Request::new(&self.client, |client| async move { groups::attach_policy(&client, &id, policy).await })
    }

    /// Detaches a policy from the group.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group or the policy does not exist, or the policy is not attached.
    pub fn detach_policy(&self, policy: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let policy = policy.into();
        Request::new(&self.client, |client| async move { groups::detach_policy(&client, &id, policy).await })
    }

    /// Reads the permission of the group, on a server that uses access control lists.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the group does not exist.
    pub fn acl(&self) -> Request<Acl> {
        let id = self.id.clone();
        Request::new(&self.client, |client| async move { groups::get_acl(&client, &id).await })
    }

    /// Sets the permission of the group, on a server that uses access control lists: `Read`, `Write`, `Super` or
    /// `Admin`.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the group does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the server does not know the permission.
    pub fn set_acl(&self, permission: impl Into<String>) -> Request<()> {
        let id = self.id.clone();
        let permission = permission.into();
        Request::new(&self.client, |client| async move { groups::set_acl(&client, &id, permission).await })
    }
}

/// Writes the id.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {:?}", self.id)
    }
}
