//! Users, their credentials and external principals. The test server has one user, so most operations are emulated.

use lakefs::{TryStreamExt as _, models};

use crate::case::Effect::{Checked, Idempotent, Once, Read};
use crate::case::{Case, case, value};

const USER: &str = r#"{"id":"anna","creation_date":NOW}"#;
pub(super) const EXISTS: &str = r#"{"message":"Already exists"}"#;
pub(super) const MISSING: &str = r#"{"message":"not found"}"#;
pub(super) const NONE: &str =
    r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":0},"results":[]}"#;
const CREDENTIALS: &str = r#"{"access_key_id":"AKIA","creation_date":NOW,"secret_access_key":"hush"}"#;
const CREDENTIALS_LIST: &str = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"access_key_id":"AKIA","creation_date":NOW}]}"#;
const PRINCIPAL: &str = r#"{"id":"arn","user_id":"anna"}"#;
const PRINCIPALS: &str = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"id":"arn","user_id":"anna"}]}"#;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("list_users", Read, |w, _| async move {
            value(w.client.admin().users().try_collect::<Vec<_>>().await?)
        }),
        case(
            "create_user",
            Once,
            |w, _| async move { value(w.client.admin().user("anna").create().await?.id) },
        )
        .emulated([(201, USER), (409, EXISTS)])
        .read_by("get_user", (404, MISSING), (200, USER)),
        case("create_user (exist_ok)", Once, |w, _| async move {
            value(w.client.admin().user("anna").create().exist_ok(true).await?.id)
        })
        .emulated([(201, USER), (409, EXISTS)])
        .read_by("get_user", (404, MISSING), (200, USER)),
        case("get_user", Read, |w, _| async move { value(w.client.admin().user("admin").get().await?) }),
        case(
            "delete_user",
            Checked,
            |w, _| async move { value(w.client.admin().user("anna").delete().await?) },
        )
        .emulated([(204, ""), (404, MISSING)])
        .read_by("get_user", (200, USER), (404, MISSING)),
        case("list_user_credentials", Read, |w, _| async move {
            value(w.client.admin().user("anna").credentials().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, CREDENTIALS_LIST)]),
        case("create_credentials", Once, |w, _| async move {
            value(w.client.admin().user("anna").create_credentials().await?.access_key_id)
        })
        .emulated([(201, CREDENTIALS)]),
        case("delete_credentials", Checked, |w, _| async move {
            value(w.client.admin().user("anna").delete_credentials("AKIA").await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("get_credentials", (200, CREDENTIALS), (404, MISSING))
        .read_by("list_user_credentials", (200, CREDENTIALS_LIST), (200, NONE)),
        case("get_credentials", Read, |w, _| async move {
            let id = w.server.access_key_id().to_owned();
            value(w.client.admin().user("admin").get_credentials(id).await?)
        }),
        case("create_user_external_principal", Once, |w, _| async move {
            let settings = serde_json::Map::new();
            value(w.client.admin().user("anna").add_external_principal("arn", settings).await?)
        })
        .emulated([(201, ""), (409, EXISTS)])
        .read_by("get_external_principal", (404, MISSING), (200, PRINCIPAL)),
        case("delete_user_external_principal", Checked, |w, _| async move {
            value(w.client.admin().user("anna").remove_external_principal("arn").await?)
        })
        .emulated([(204, ""), (404, MISSING)])
        .read_by("get_external_principal", (200, PRINCIPAL), (404, MISSING))
        .read_by("list_user_external_principals", (200, PRINCIPALS), (200, NONE)),
        case("list_user_external_principals", Read, |w, _| async move {
            value(w.client.admin().user("anna").external_principals().try_collect::<Vec<_>>().await?)
        })
        .emulated([(200, PRINCIPALS)]),
        case("get_external_principal", Read, |w, _| async move {
            value(w.client.admin().external_principal("arn").await?)
        })
        .emulated([(200, PRINCIPAL)]),
        case("get_current_user", Read, |w, _| async move { value(w.client.admin().current_user().await?) }),
        // A second token does no harm, and the first one expires.
        case("login", Idempotent, |w, _| async move {
            let (id, secret) = (w.server.access_key_id(), w.server.secret_access_key());
            let login = w.client.admin().login(id, secret).await?;
            value(!login.token.is_empty())
        }),
        // The proof of identity is valid for some minutes, and a second token does no harm.
        case("external_principal_login", Idempotent, |w, _| async move {
            let body = models::ExternalLoginInformation::new(serde_json::Map::new());
            value(w.api().external_principal_login().body(body).send().await?.into_inner().token)
        })
        .emulated([(200, r#"{"token":"token"}"#)]),
        // The identity provider accepts a code once.
        case("sts_login", Once, |w, _| async move {
            let body = models::StsAuthRequest::new("code", "state", "https://client.example/");
            value(w.api().sts_login().body(body).send().await?.into_inner().token)
        })
        .emulated([(200, r#"{"token":"token"}"#), (401, r#"{"message":"error authenticating request"}"#)]),
    ]
}
