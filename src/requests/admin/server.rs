//! Requests about the server as a whole, and about the caller.

use crate::error::Result;
use crate::models;
use crate::scope::ClientScope;

pub(crate) async fn current_user(client: &ClientScope) -> Result<models::User> {
    Ok(client.api().get_current_user().send().await?.into_inner().user)
}

pub(crate) async fn external_principal(
    client: &ClientScope,
    id: String,
) -> Result<models::ExternalPrincipal> {
    Ok(client.api().get_external_principal().principal_id(id).send().await?.into_inner())
}

pub(crate) async fn login(
    client: &ClientScope,
    access_key_id: String,
    secret_access_key: String,
) -> Result<models::AuthenticationToken> {
    let body = models::LoginInformation { access_key_id, secret_access_key };
    Ok(client.api().login().body(body).send().await?.into_inner())
}

pub(crate) async fn capabilities(client: &ClientScope) -> Result<models::AuthCapabilities> {
    Ok(client.api().get_auth_capabilities().send().await?.into_inner())
}

pub(crate) async fn usage_report(client: &ClientScope) -> Result<models::InstallationUsageReport> {
    Ok(client.api().get_usage_report_summary().send().await?.into_inner())
}

pub(crate) async fn setup_state(client: &ClientScope) -> Result<models::SetupState> {
    Ok(client.api().get_setup_state().send().await?.into_inner())
}
