//! The lists of users, groups, policies, credentials and external principals.

use futures::future::BoxFuture;

use crate::error::Result;
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_list};
use crate::models;
use crate::pager::{List, Page, Pager};
use crate::scope::ClientScope;

/// Defines a list with the option `prefix`: its name, its items, the request for a page, what the list belongs to, and
/// a further flag of the request.
macro_rules! lists {
    ($(
        $(#[$doc:meta])*
        $list:ident, $pages:ident: $item:ty = $operation:ident($($of:ident)?)
        $(, $(#[$flag_doc:meta])* $flag:ident)?;
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "a list sends no request until it is read"]
        pub struct $list {
            pager: Pager<$item, $pages>,
        }

        impl $list {
            pub(crate) fn new(client: ClientScope $(, $of: String)?) -> Self {
                let pages = $pages { client, $($of,)? prefix: None, $($flag: None)? };
                Self { pager: Pager::new(pages) }
            }

            /// Lists only items whose id starts with `prefix`. Default: all.
            pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
                self.pager = self.pager.with(|pages| pages.prefix = Some(prefix.into()));
                self
            }

            $(
                $(#[$flag_doc])*
                pub fn $flag(mut self, yes: bool) -> Self {
                    self.pager = self.pager.with(|pages| pages.$flag = yes.then_some(true));
                    self
                }
            )?
        }

        impl_list!($list => $item);

        #[derive(Clone, Debug)]
        struct $pages {
            client: ClientScope,
            $($of: String,)?
            prefix: Option<String>,
            $($flag: Option<bool>,)?
        }

        impl_has_options!($pages { client });

impl List for $pages {
            type Item = $item;

            fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
                let pages = self.clone();
                Box::pin(async move {
                    let request = pages.client.api().$operation().after(after).amount(amount);
                    $(let request = request.$of(pages.$of);)?
                    $(let request = request.apply_if_some(pages.$flag, |request, yes| request.$flag(yes));)?
                    let request = request.apply_if_some(pages.prefix, |request, prefix| request.prefix(prefix));
                    let page = request.send().await?.into_inner();
                    Ok(Page::new(page.results, page.pagination))
                })
            }
        }
    )+};
}

lists! {
    /// Lists the users of the server, in the order of their ids. [`Admin::users`](crate::admin::Admin::users) returns
    /// it.
    ListUsers, UserPages: models::User = list_users();

    /// Lists the groups of the server, in the order of their ids. [`Admin::groups`](crate::admin::Admin::groups)
    /// returns it.
    ListGroups, GroupPages: models::Group = list_groups();

    /// Lists the policies of the server, in the order of their ids.
    /// [`Admin::policies`](crate::admin::Admin::policies) returns it.
    ListPolicies, PolicyPages: models::Policy = list_policies();

    /// Lists the credentials of a user, without their secrets.
    /// [`User::credentials`](crate::admin::User::credentials) returns it.
    ListCredentials, CredentialsPages: models::Credentials = list_user_credentials(user_id);

    /// Lists the groups that a user is a member of. [`User::groups`](crate::admin::User::groups) returns it.
    ListUserGroups, UserGroupPages: models::Group = list_user_groups(user_id);

    /// Lists the policies that are attached to a user. [`User::policies`](crate::admin::User::policies) returns it.
    ListUserPolicies, UserPolicyPages: models::Policy = list_user_policies(user_id),
        /// Also lists the policies that are attached to the groups of the user. Default: `false`.
        effective;

    /// Lists the external principals that log in as a user.
    /// [`User::external_principals`](crate::admin::User::external_principals) returns it.
    ListExternalPrincipals, ExternalPrincipalPages: models::ExternalPrincipal =
        list_user_external_principals(user_id);

    /// Lists the members of a group. [`Group::members`](crate::admin::Group::members) returns it.
    ListGroupMembers, GroupMemberPages: models::User = list_group_members(group_id);

    /// Lists the policies that are attached to a group. [`Group::policies`](crate::admin::Group::policies) returns it.
    ListGroupPolicies, GroupPolicyPages: models::Policy = list_group_policies(group_id);
}
