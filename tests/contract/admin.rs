//! Administration, as a server without an authorisation service knows it: one user, and nothing else.

use lakefs::models::{SetupStateState, Statement, StatementEffect};
use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Lake, refused};

#[tokio::test]
async fn admin_01_the_one_user() {
    let lake = Lake::new().await;
    let admin = lake.client.admin();
    let me = admin.current_user().await.unwrap();
    let users: Vec<_> = admin.users().try_collect().await.unwrap();
    assert_eq!(users, std::slice::from_ref(&me));
    let user = admin.user(&me.id);
    assert_eq!((user.get().await.unwrap(), user.exists().await.unwrap()), (me, true));

    let nobody = admin.user("nobody");
    refused(nobody.get().await, "get_user", 404, ErrorKind::NotFound, "user not found");
    assert_eq!(nobody.get_opt().await.unwrap(), None);
    refused(nobody.delete().await, "delete_user", 404, ErrorKind::NotFound, "user not found");
    refused(nobody.create_credentials().await, "create_credentials", 404, ErrorKind::NotFound, "not found");
    refused(
        admin.user("anna").create().await,
        "create_user",
        409,
        ErrorKind::AlreadyExists,
        "Already exists",
    );
    unsupported(admin.user("a@b.example").create().invite(true).await, "create_user");
    let invited = admin.user("anna").create().invite(true).await;
    refused(invited, "create_user", 400, ErrorKind::InvalidRequest, "Invalid email format");
    assert!(!admin.capabilities().await.unwrap().invite_user.unwrap_or_default());
}

#[tokio::test]
async fn admin_02_its_credentials() {
    let lake = Lake::new().await;
    let admin = lake.client.admin();
    let user = admin.user(admin.current_user().await.unwrap().id);
    let [id, _] = lake.key_pair();
    assert_eq!(user.get_credentials(&id).await.unwrap().access_key_id, id);
    let unknown = user.get_credentials("AKIA").await;
    refused(unknown, "get_credentials", 404, ErrorKind::NotFound, "credentials not found");
    let more = user.create_credentials().await;
    let words = "exceeded number of allowed credentials";
    refused(more, "create_credentials", 400, ErrorKind::InvalidRequest, words);
    unsupported(user.delete_credentials("AKIA").await, "delete_credentials");
    unsupported_list(user.credentials().prefix("A"), "list_user_credentials").await;
}

#[track_caller]
fn unsupported<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str) {
    refused(result, operation, 501, ErrorKind::Unsupported, "Not Implemented");
}

async fn unsupported_list<T: std::fmt::Debug>(
    list: impl futures::Stream<Item = lakefs::Result<T>>,
    operation: &str,
) {
    unsupported(list.try_collect::<Vec<_>>().await, operation);
}

/// What needs an authorisation service says so.
#[tokio::test]
async fn admin_03_groups_policies_and_external_principals_are_unsupported() {
    let lake = Lake::new().await;
    let admin = lake.client.admin();
    let user = admin.user("anna");
    unsupported_list(user.groups().prefix("g"), "list_user_groups").await;
    unsupported_list(user.policies().effective(true).prefix("p"), "list_user_policies").await;
    unsupported(user.attach_policy("p").await, "attach_policy_to_user");
    unsupported(user.detach_policy("p").await, "detach_policy_from_user");
    unsupported_list(user.external_principals().prefix("a"), "list_user_external_principals").await;
    let settings = serde_json::Map::new();
    unsupported(user.add_external_principal("arn", settings).await, "create_user_external_principal");
    unsupported(user.remove_external_principal("arn").await, "delete_user_external_principal");
    unsupported(admin.external_principal("arn").await, "get_external_principal");

    let group = admin.group("readers");
    unsupported_list(admin.groups().prefix("r"), "list_groups").await;
    unsupported(group.create().description("may look").await, "create_group");
    unsupported(group.get().await, "get_group");
    unsupported(group.get_opt().await, "get_group");
    unsupported(group.exists().await, "get_group");
    unsupported(group.delete().await, "delete_group");
    unsupported_list(group.members().prefix("a"), "list_group_members").await;
    unsupported(group.add_member("anna").await, "add_group_membership");
    unsupported(group.remove_member("anna").await, "delete_group_membership");
    unsupported_list(group.policies().prefix("p"), "list_group_policies").await;
    unsupported(group.attach_policy("p").await, "attach_policy_to_group");
    unsupported(group.detach_policy("p").await, "detach_policy_from_group");
    unsupported(group.acl().await, "get_group_acl");
    unsupported(group.set_acl("Read").await, "set_group_acl");

    let policy = admin.policy("look");
    let look = || Statement::new(StatementEffect::Allow, "*", ["fs:Read*"]);
    unsupported_list(admin.policies().prefix("l"), "list_policies").await;
    unsupported(policy.create([look()]).await, "create_policy");
    unsupported(policy.update([look()]).await, "update_policy");
    unsupported(policy.get().await, "get_policy");
    unsupported(policy.get_opt().await, "get_policy");
    unsupported(policy.exists().await, "get_policy");
    unsupported(policy.delete().await, "delete_policy");
    // A policy without a statement is none for any server.
    refused(policy.create([]).await, "create_policy", 400, ErrorKind::InvalidRequest, "statement");
}

/// A server that has been set up is not set up again, and says so to everybody.
#[tokio::test]
async fn admin_04_setup() {
    let lake = Lake::new().await;
    let stranger = lake.stranger().build().unwrap();
    let state = stranger.admin().setup_state().await.unwrap();
    assert_eq!(state.state, Some(SetupStateState::Initialized));
    let again = stranger.admin().setup("admin").access_key("id", "secret").email("a@b.example").await;
    refused(again, "setup", 409, ErrorKind::AlreadyExists, "lakeFS already initialized");
    for (email, words) in [("", "email is required"), ("nowhere", "invalid email address")] {
        let told =
            stranger.admin().communication_preferences(email).feature_updates(true).name("A", "B").await;
        let status = told.as_ref().err().and_then(lakefs::Error::status);
        if state.comm_prefs_missing == Some(false) && status == Some(409) {
            // Behind 1.84.0, a server that knows them or is not to ask for them does not look at what it is told.
            refused(told, "setup_comm_prefs", 409, ErrorKind::AlreadyExists, "already set");
        } else {
            refused(told, "setup_comm_prefs", 400, ErrorKind::InvalidRequest, words);
        }
    }
}

/// A server that nobody has set up knows nobody, until it is set up, and then the key pair that it was set up with.
#[tokio::test]
async fn admin_04_setup_of_a_fresh_server() {
    let lake = Lake::fresh().await;
    let [id, secret] = lake.key_pair();
    let stranger = lake.stranger().build().unwrap();
    let early = lake.builder().access_key(&id, &secret).build().unwrap();
    let state = stranger.admin().setup_state().await.unwrap();
    assert_eq!((state.state, state.comm_prefs_missing), (Some(SetupStateState::NotInitialized), Some(true)));
    let nobody = early.repositories().try_next().await;
    let words = "error authenticating request";
    refused(nobody, "list_repositories", 401, ErrorKind::Unauthenticated, words);
    let tell = || {
        let told = stranger.admin().communication_preferences("founder@company.com").company("Company");
        told.name("A", "Founder").feature_updates(true).security_updates(true)
    };
    // By its contract a server is told once, and when it is set up. 1.84.0 itself may be told at any time.
    let untimely = |told: lakefs::Result<()>, status, kind, words| {
        if lake.server.is_some() || told.is_err() {
            refused(told, "setup_comm_prefs", status, kind, words);
        }
    };
    untimely(tell().await, 412, ErrorKind::PreconditionFailed, "lakeFS is not initialized");
    let setup = || stranger.admin().setup("founder").access_key(&id, &secret);
    let nameless = stranger.admin().setup("").await;
    refused(nameless, "setup", 400, ErrorKind::InvalidRequest, "empty user display name");
    let unreachable = setup().email("nowhere").await;
    refused(unreachable, "setup", 400, ErrorKind::InvalidRequest, "invalid email address");

    let credentials = setup().await.unwrap();
    assert_eq!((credentials.access_key_id, credentials.secret_access_key), (id.clone(), secret.clone()));
    let state = stranger.admin().setup_state().await.unwrap();
    assert_eq!((state.state, state.comm_prefs_missing), (Some(SetupStateState::Initialized), Some(true)));
    let client = lake.builder().access_key(&id, &secret).build().unwrap();
    assert_eq!(client.admin().current_user().await.unwrap().id, "founder");
    assert_eq!(client.repositories().try_next().await.unwrap(), None);
    refused(setup().await, "setup", 409, ErrorKind::AlreadyExists, "lakeFS already initialized");

    tell().await.unwrap();
    let state = stranger.admin().setup_state().await.unwrap();
    assert_eq!(state.comm_prefs_missing, Some(false));
    untimely(tell().await, 409, ErrorKind::AlreadyExists, "already set");
}

#[tokio::test]
async fn admin_05_usage() {
    let lake = Lake::new().await;
    match lake.client.admin().usage_report().await {
        Ok(report) => assert!(!report.installation_id.is_empty()),
        // Where no report is kept.
        Err(error) => {
            assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)), "{error}");
        }
    }
}
