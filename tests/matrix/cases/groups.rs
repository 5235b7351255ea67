//! Groups and policies, which the test server does not implement.

use lakefs::TryStreamExt as _;
use lakefs::models::{Statement, StatementEffect};

use super::accounts::{EXISTS, MISSING, NONE};
use crate::case::Effect::{Checked, Idempotent, Once, Read};
use crate::case::{Case, case, value};

const GROUP: &str = r#"{"id":"readers","creation_date":NOW}"#;
const GROUPS: &str = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"id":"readers","creation_date":NOW}]}"#;
const MEMBERS: &str = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"id":"anna","creation_date":NOW}]}"#;
const POLICY: &str = r#"{"id":"read","creation_date":NOW,"statement":[{"effect":"allow","resource":"*","action":["fs:Read*"]}]}"#;
const POLICIES: &str = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"id":"read","creation_date":NOW,"statement":[{"effect":"allow","resource":"*","action":["fs:Read*"]}]}]}"#;
const ACL: &str = r#"{"permission":"Read"}"#;

fn statements() -> [Statement; 1] {
    [Statement::new(StatementEffect::Allow, "*", ["fs:Read*"])]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = groups();
    cases.extend(policies());
    cases
}

fn groups() -> Vec<Case> {
    vec![
        case("list_groups", Read, |w, _| async move {
            value(w.client.admin().groups().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, GROUPS)]),
        case("create_group", Once, |w, _| async move {
            value(w.client.admin().group("readers").create().await?.id)
        })
        .emulated([(201, GROUP), (409, EXISTS)])
        .read_by("get_group", (404, MISSING), (200, GROUP)),
        case("get_group", Read, |w, _| async move { value(w.client.admin().group("readers").get().await?) })
            .emulated([(200, GROUP)]),
        case("delete_group", Checked, |w, _| async move {
            value(w.client.admin().group("readers").delete().await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("get_group", (200, GROUP), (404, MISSING)),
        case("list_group_members", Read, |w, _| async move {
            value(w.client.admin().group("readers").members().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, MEMBERS)]),
        case("add_group_membership", Idempotent, |w, _| async move {
            value(w.client.admin().group("readers").add_member("anna").await?)
        })
        .emulated([(201, "")]),
        case("delete_group_membership", Checked, |w, _| async move {
            value(w.client.admin().group("readers").remove_member("anna").await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("list_group_members", (200, MEMBERS), (200, NONE)),
        case("list_group_policies", Read, |w, _| async move {
            value(w.client.admin().group("readers").policies().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, POLICIES)]),
        case("attach_policy_to_group", Idempotent, |w, _| async move {
            value(w.client.admin().group("readers").attach_policy("read").await?)
        })
        .emulated([(201, "")]),
        case("detach_policy_from_group", Checked, |w, _| async move {
            value(w.client.admin().group("readers").detach_policy("read").await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("list_group_policies", (200, POLICIES), (200, NONE)),
        case("set_group_acl", Idempotent, |w, _| async move {
            value(w.client.admin().group("readers").set_acl("Read").await?)
        })
        .emulated([(201, "")]),
        case(
            "get_group_acl",
            Read,
            |w, _| async move { value(w.client.admin().group("readers").acl().await?) },
        )
        .emulated([(200, ACL)]),
    ]
}

fn policies() -> Vec<Case> {
    vec![
        case("list_policies", Read, |w, _| async move {
            value(w.client.admin().policies().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, POLICIES)]),
        case("create_policy", Once, |w, _| async move {
            value(w.client.admin().policy("read").create(statements()).await?.id)
        })
        .emulated([(201, POLICY), (409, EXISTS)])
        .read_by("get_policy", (404, MISSING), (200, POLICY)),
        case("get_policy", Read, |w, _| async move { value(w.client.admin().policy("read").get().await?) })
            .emulated([(200, POLICY)]),
        case("update_policy", Idempotent, |w, _| async move {
            value(w.client.admin().policy("read").update(statements()).await?.id)
        })
        .emulated([(200, POLICY)]),
        case("delete_policy", Checked, |w, _| async move {
            value(w.client.admin().policy("read").delete().await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("get_policy", (200, POLICY), (404, MISSING)),
        case("list_user_groups", Read, |w, _| async move {
            value(w.client.admin().user("anna").groups().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, GROUPS)]),
        case("list_user_policies", Read, |w, _| async move {
            value(w.client.admin().user("anna").policies().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, POLICIES)]),
        case("attach_policy_to_user", Idempotent, |w, _| async move {
            value(w.client.admin().user("anna").attach_policy("read").await?)
        })
        .emulated([(201, "")]),
        case("detach_policy_from_user", Checked, |w, _| async move {
            value(w.client.admin().user("anna").detach_policy("read").await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("list_user_policies", (200, POLICIES), (200, NONE)),
    ]
}
