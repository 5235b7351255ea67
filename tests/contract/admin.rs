//! Administration of a server without an authorization service, which has one user and nothing else.

use lakefs::models::{SetupStatus, Statement, StatementEffect};
use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error};

#[tokio::test]
async fn admin_01_basic_authentication_has_one_user() {
    let fixture = Fixture::new().await;
    let admin = fixture.client.admin();
    let me = admin.current_user().await.unwrap();
    let users: Vec<_> = admin.users().try_collect().await.unwrap();
    assert_eq!(users, std::slice::from_ref(&me));
    let user = admin.user(&me.id);
    assert_eq!((user.get().await.unwrap(), user.exists().await.unwrap()), (me, true));

    let nobody = admin.user("nobody");
    expect_error(nobody.get().await, "get_user", 404, ErrorKind::NotFound, "user not found");
    assert_eq!(nobody.get_opt().await.unwrap(), None);
    expect_error(nobody.delete().await, "delete_user", 404, ErrorKind::NotFound, "user not found");
    expect_error(
        nobody.create_credentials().await,
        "create_credentials",
        404,
        ErrorKind::NotFound,
        "not found",
    );
    expect_error(
        admin.user("anna").create().await,
        "create_user",
        409,
        ErrorKind::AlreadyExists,
        "Already exists",
    );
    expect_unsupported(admin.user("a@b.example").create().invite(true).await, "create_user");
    let invited = admin.user("anna").create().invite(true).await;
    expect_error(invited, "create_user", 400, ErrorKind::InvalidRequest, "Invalid email format");
    assert!(!admin.capabilities().await.unwrap().invite_user.unwrap_or_default());
}

#[tokio::test]
async fn admin_02_user_has_one_access_key_and_gets_no_other() {
    let fixture = Fixture::new().await;
    let admin = fixture.client.admin();
    let user = admin.user(admin.current_user().await.unwrap().id);
    let [id, _] = fixture.access_key();
    assert_eq!(user.get_credentials(&id).await.unwrap().access_key_id, id);
    let unknown = user.get_credentials("AKIA").await;
    expect_error(unknown, "get_credentials", 404, ErrorKind::NotFound, "credentials not found");
    let more = user.create_credentials().await;
    let words = "exceeded number of allowed credentials";
    expect_error(more, "create_credentials", 400, ErrorKind::InvalidRequest, words);
    expect_unsupported(user.delete_credentials("AKIA").await, "delete_credentials");
    expect_unsupported_list(user.credentials().prefix("A"), "list_user_credentials").await;
}

#[track_caller]
fn expect_unsupported<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str) {
    expect_error(result, operation, 501, ErrorKind::Unsupported, "Not Implemented");
}

async fn expect_unsupported_list<T: std::fmt::Debug>(
    list: impl futures::Stream<Item = lakefs::Result<T>>,
    operation: &str,
) {
    expect_unsupported(list.try_collect::<Vec<_>>().await, operation);
}

/// Operations that need an authorization service are not implemented.
#[tokio::test]
async fn admin_03_groups_policies_and_external_principals_are_unsupported() {
    let fixture = Fixture::new().await;
    let admin = fixture.client.admin();
    let user = admin.user("anna");
    expect_unsupported_list(user.groups().prefix("g"), "list_user_groups").await;
    expect_unsupported_list(user.policies().effective(true).prefix("p"), "list_user_policies").await;
    expect_unsupported(user.attach_policy("p").await, "attach_policy_to_user");
    expect_unsupported(user.detach_policy("p").await, "detach_policy_from_user");
    expect_unsupported_list(user.external_principals().prefix("a"), "list_user_external_principals").await;
    let settings = serde_json::Map::new();
    expect_unsupported(user.add_external_principal("arn", settings).await, "create_user_external_principal");
    expect_unsupported(user.remove_external_principal("arn").await, "delete_user_external_principal");
    expect_unsupported(admin.external_principal("arn").await, "get_external_principal");

    let group = admin.group("readers");
    expect_unsupported_list(admin.groups().prefix("r"), "list_groups").await;
    expect_unsupported(group.create().description("may read").await, "create_group");
    expect_unsupported(group.get().await, "get_group");
    expect_unsupported(group.get_opt().await, "get_group");
    expect_unsupported(group.exists().await, "get_group");
    expect_unsupported(group.delete().await, "delete_group");
    expect_unsupported_list(group.members().prefix("a"), "list_group_members").await;
    expect_unsupported(group.add_member("anna").await, "add_group_membership");
    expect_unsupported(group.remove_member("anna").await, "delete_group_membership");
    expect_unsupported_list(group.policies().prefix("p"), "list_group_policies").await;
    expect_unsupported(group.attach_policy("p").await, "attach_policy_to_group");
    expect_unsupported(group.detach_policy("p").await, "detach_policy_from_group");
    expect_unsupported(group.acl().await, "get_group_acl");
    expect_unsupported(group.set_acl("Read").await, "set_group_acl");

    let policy = admin.policy("read");
    let statement = || Statement::new(StatementEffect::Allow, "*", ["fs:Read*"]);
    expect_unsupported_list(admin.policies().prefix("l"), "list_policies").await;
    expect_unsupported(policy.create([statement()]).await, "create_policy");
    expect_unsupported(policy.update([statement()]).await, "update_policy");
    expect_unsupported(policy.get().await, "get_policy");
    expect_unsupported(policy.get_opt().await, "get_policy");
    expect_unsupported(policy.exists().await, "get_policy");
    expect_unsupported(policy.delete().await, "delete_policy");
    // Every server rejects a policy without statements.
    expect_error(policy.create([]).await, "create_policy", 400, ErrorKind::InvalidRequest, "statement");
}

/// A server that is set up rejects another setup, and reports its state to clients without credentials.
#[tokio::test]
async fn admin_04_server_is_set_up_only_once() {
    let fixture = Fixture::new().await;
    let anonymous = fixture.anonymous().build().unwrap();
    let state = anonymous.admin().setup_state().await.unwrap();
    assert_eq!(state.state, Some(SetupStatus::Initialized));
    let again = anonymous.admin().setup("admin").access_key("id", "secret").email("a@b.example").await;
    expect_error(again, "setup", 409, ErrorKind::AlreadyExists, "lakeFS already initialized");
    for (email, words) in [("", "email is required"), ("nowhere", "invalid email address")] {
        let result =
            anonymous.admin().communication_preferences(email).feature_updates(true).name("A", "B").await;
        let status = result.as_ref().err().and_then(lakefs::Error::status);
        if state.comm_prefs_missing == Some(false) && status == Some(409) {
            // After 1.84.0, a server that has the preferences or does not collect them ignores the values.
            expect_error(result, "setup_comm_prefs", 409, ErrorKind::AlreadyExists, "already set");
        } else {
            expect_error(result, "setup_comm_prefs", 400, ErrorKind::InvalidRequest, words);
        }
    }
}

/// A fresh server accepts no credentials before its setup, and afterwards the access key of its setup.
#[tokio::test]
async fn admin_04_fresh_server_accepts_the_access_key_of_its_setup() {
    let fixture = Fixture::not_set_up().await;
    let [id, secret] = fixture.access_key();
    let anonymous = fixture.anonymous().build().unwrap();
    let early = fixture.builder().access_key(&id, &secret).build().unwrap();
    let state = anonymous.admin().setup_state().await.unwrap();
    assert_eq!((state.state, state.comm_prefs_missing), (Some(SetupStatus::NotInitialized), Some(true)));
    let nobody = early.repositories().try_next().await;
    let words = "error authenticating request";
    expect_error(nobody, "list_repositories", 401, ErrorKind::Unauthenticated, words);
    let set_preferences = || {
        let preferences =
            anonymous.admin().communication_preferences("founder@company.com").company("Company");
        preferences.name("A", "Founder").feature_updates(true).security_updates(true)
    };
    // By its contract a server accepts the preferences once, after its setup. 1.84.0 accepts them at any time.
    let reject_or_ignore = |result: lakefs::Result<()>, status, kind, words| {
        if fixture.server.is_some() || result.is_err() {
            expect_error(result, "setup_comm_prefs", status, kind, words);
        }
    };
    reject_or_ignore(
        set_preferences().await,
        412,
        ErrorKind::PreconditionFailed,
        "lakeFS is not initialized",
    );
    let setup = || anonymous.admin().setup("founder").access_key(&id, &secret);
    let nameless = anonymous.admin().setup("").await;
    expect_error(nameless, "setup", 400, ErrorKind::InvalidRequest, "empty user display name");
    let unreachable = setup().email("nowhere").await;
    expect_error(unreachable, "setup", 400, ErrorKind::InvalidRequest, "invalid email address");

    let credentials = setup().await.unwrap();
    assert_eq!((credentials.access_key_id, credentials.secret_access_key), (id.clone(), secret.clone()));
    let state = anonymous.admin().setup_state().await.unwrap();
    assert_eq!((state.state, state.comm_prefs_missing), (Some(SetupStatus::Initialized), Some(true)));
    let client = fixture.builder().access_key(&id, &secret).build().unwrap();
    assert_eq!(client.admin().current_user().await.unwrap().id, "founder");
    assert_eq!(client.repositories().try_next().await.unwrap(), None);
    expect_error(setup().await, "setup", 409, ErrorKind::AlreadyExists, "lakeFS already initialized");

    set_preferences().await.unwrap();
    let state = anonymous.admin().setup_state().await.unwrap();
    assert_eq!(state.comm_prefs_missing, Some(false));
    reject_or_ignore(set_preferences().await, 409, ErrorKind::AlreadyExists, "already set");
}

#[tokio::test]
async fn admin_05_usage_report_is_returned_or_not_found() {
    let fixture = Fixture::new().await;
    match fixture.client.admin().usage_report().await {
        Ok(report) => assert!(!report.installation_id.is_empty()),
        // The server keeps no report.
        Err(error) => {
            assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)), "{error}");
        }
    }
}
