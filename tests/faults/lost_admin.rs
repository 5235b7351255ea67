//! Lost responses to requests about users, groups and policies. The test server does not implement them, so it emulates
//! them.

use std::time::{SystemTime, UNIX_EPOCH};

use lakefs::{ErrorKind, RetryPolicy};

use crate::support::Fixture;

/// Returns a creation date this many seconds ago.
fn seconds_ago(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - seconds
}

#[tokio::test]
async fn admin_01_group_is_found_by_its_date_and_content() {
    let fixture = Fixture::in_memory().await;
    let (server, admin) = (fixture.test_server(), fixture.client.admin());
    let faults = server.faults();
    let group =
        |date, text| format!(r#"{{"id":"g","name":"g","creation_date":{date},"description":"{text}"}}"#);
    let exists = r#"{"message":"Already exists"}"#;
    let create = || admin.group("g").create().description("mine");
    let sent = || server.requests_for("createGroup").len();

    faults.emulate("createGroup", [(201, group(seconds_ago(0), "mine"))]);
    faults.emulate(
        "getGroup",
        [(404, r#"{"message":"not found"}"#.to_owned()), (200, group(seconds_ago(0), "mine"))],
    );
    faults.on("createGroup").drop_response();
    assert_eq!(create().await.unwrap().description.as_deref(), Some("mine"));
    assert_eq!(sent(), 1);

    // The group is older than the request by the clock of lakeFS, or has other content.
    for (found, is_certain) in
        [(group(seconds_ago(60), "mine"), false), (group(seconds_ago(0), "theirs"), true)]
    {
        faults.emulate("createGroup", [(409, exists)]);
        faults.emulate("getGroup", [(200, found)]);
        faults.on("createGroup").drop_connection();
        let error = create().await.unwrap_err();
        let kind = if is_certain { ErrorKind::AlreadyExists } else { ErrorKind::Transport };
        assert_eq!((error.kind(), error.is_outcome_unknown()), (kind, !is_certain), "{error}");
        assert!(admin.group("g").create().exist_ok(true).await.is_ok());
    }
}

#[tokio::test]
async fn admin_02_deletion_and_detachment_are_checked_and_not_retried() {
    let fixture = Fixture::in_memory().await;
    let client = fixture.builder().retries(RetryPolicy::none()).build().unwrap();
    let (server, admin) = (fixture.test_server(), client.admin());
    let faults = server.faults();
    let page = |results: &str| {
        format!(
            r#"{{"pagination":{{"has_more":false,"next_offset":"","results":1,"max_per_page":0}},"results":[{results}]}}"#
        )
    };
    let policy = r#"{"id":"p","statement":[{"action":["fs:*"],"effect":"allow","resource":"*"}]}"#;
    faults.emulate("deletePolicy", [(204, "")]);
    faults.emulate("detachPolicyFromUser", [(204, "")]);
    for is_gone in [true, false] {
        let (status, body) = if is_gone { (404, r#"{"message":"not found"}"#) } else { (200, policy) };
        faults.emulate("getPolicy", [(status, body)]);
        faults.emulate("listUserPolicies", [(200, page(if is_gone { "" } else { policy }))]);
        faults.on("deletePolicy").drop_response();
        faults.on("detachPolicyFromUser").drop_response();
        for result in [admin.policy("p").delete().await, admin.user("u").detach_policy("p").await] {
            match result {
                Ok(()) => assert!(is_gone),
                Err(error) => assert!(!is_gone && error.is_outcome_unknown(), "{error}"),
            }
        }
    }
    assert_eq!(server.requests_for("deletePolicy").len(), 2);
    assert_eq!(server.requests_for("detachPolicyFromUser").len(), 2);
}
