//! The lists of administration, which are all alike: a prefix, and of some the user or group that they are of.

use futures::future::BoxFuture;

use crate::pager::Pager;
use crate::pager::{List, Page};
use crate::requests::support::When as _;
use crate::{Client, Result, models};

macro_rules! lists {
    ($($(#[$doc:meta])* $list:ident: $item:ty = $operation:ident($($of:ident)?) $($option:ident)?;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $list {
            client: Client,
            $($of: String,)?
            prefix: Option<String>,
            $($option: Option<bool>,)?
        }

        impl $list {
            pub(super) fn new(client: Client $(, $of: String)?) -> Self {
                Self { client, $($of,)? prefix: None, $($option: None)? }
            }
        }

        impl Pager<$item, $list> {
            /// Only those whose identifier begins so.
            pub fn prefix(self, prefix: impl Into<String>) -> Self {
                self.with(|list| list.prefix = Some(prefix.into()))
            }
        }

        impl List for $list {
            type Item = $item;

            fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
                let list = self.clone();
                Box::pin(async move {
                    let request = list.client.api().$operation().after(after).amount(amount);
                    $(let request = request.$of(list.$of);)?
                    $(let request = request.when(list.$option, |request, $option| request.$option($option));)?
                    let request = request.when(list.prefix, |request, prefix| request.prefix(prefix));
                    let page = request.send().await?.into_inner();
                    Ok(Page::new(page.results, page.pagination))
                })
            }
        }
    )+};
}

lists! {
    /// The list of the users; see [`Admin::users`](super::Admin::users).
    Users: models::User = list_users();
    /// The list of the groups; see [`Admin::groups`](super::Admin::groups).
    Groups: models::Group = list_groups();
    /// The list of the policies; see [`Admin::policies`](super::Admin::policies).
    Policies: models::Policy = list_policies();
    /// The list of a user's key pairs; see [`User::credentials`](super::User::credentials).
    UserCredentials: models::Credentials = list_user_credentials(user_id);
    /// The list of a user's groups; see [`User::groups`](super::User::groups).
    UserGroups: models::Group = list_user_groups(user_id);
    /// The list of a user's policies; see [`User::policies`](super::User::policies).
    UserPolicies: models::Policy = list_user_policies(user_id) effective;
    /// The list of a user's external identities; see
    /// [`User::external_principals`](super::User::external_principals).
    UserExternalPrincipals: models::ExternalPrincipal = list_user_external_principals(user_id);
    /// The list of a group's members; see [`Group::members`](super::Group::members).
    GroupMembers: models::User = list_group_members(group_id);
    /// The list of a group's policies; see [`Group::policies`](super::Group::policies).
    GroupPolicies: models::Policy = list_group_policies(group_id);
}

impl Pager<models::Policy, UserPolicies> {
    /// With those that are attached to the groups of the user.
    pub fn effective(self, yes: bool) -> Self {
        self.with(|list| list.effective = yes.then_some(true))
    }
}
