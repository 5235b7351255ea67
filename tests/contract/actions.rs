//! Actions and their runs. The test server accepts action files and does not run them.

use lakefs::models::{ActionRunStatus, HookRunStatus};
use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error};

/// An action that rejects commits without the metadata key `ok`.
const ACTION: &str = r#"
name: check
on:
  pre-commit:
    branches:
hooks:
  - id: first
    type: lua
    properties:
      script: |
        print("checked")
        if action.commit.metadata["ok"] == nil then error("not ok") end
  - id: second
    type: lua
    properties:
      script: print("second")
"#;

#[tokio::test]
async fn actions_01_failing_hook_prevents_the_commit_and_its_run_is_listed() {
    let fixture = Fixture::new().await;
    let main = fixture.main("actions_01").await;
    let repository = main.repository();
    main.object("_lakefs_actions/check.yaml").upload(ACTION).await.unwrap();

    let refusal = main.commit("not ok").await;
    if fixture.server.is_some() {
        refusal.unwrap();
        assert_eq!(repository.action_runs().try_collect::<Vec<_>>().await.unwrap(), []);
        return;
    }
    let error = expect_error(refusal, "commit", 412, ErrorKind::HookFailed, "not ok");
    let failed = repository.action_run(error.action_run_id().unwrap());
    let run = failed.get().await.unwrap();
    assert_eq!((run.run_id.as_str(), run.event_type.as_str()), (failed.id(), "pre-commit"));
    assert_eq!((run.branch.as_str(), run.status), ("main", ActionRunStatus::Failed));
    assert!(failed.exists().await.unwrap());

    let hooks: Vec<_> = failed.hooks().page_size(1).try_collect().await.unwrap();
    let outcomes: Vec<_> = hooks.iter().map(|hook| (hook.hook_id.as_str(), hook.status.as_str())).collect();
    assert_eq!(outcomes, [("first", "failed"), ("second", "skipped")]);
    assert_eq!((hooks[0].action.as_str(), &hooks[0].status), ("check", &HookRunStatus::Failed));
    let output = async |hook: &str| {
        let output = failed.hook_output(hook).await.unwrap();
        let bytes: Vec<_> = output.map_ok(|chunk| chunk.to_vec()).try_collect().await.unwrap();
        String::from_utf8(bytes.concat()).unwrap()
    };
    let log = output(&hooks[0].hook_run_id).await;
    assert!(log.contains("checked") && log.contains("not ok"), "{log}");
    assert_eq!(output(&hooks[1].hook_run_id).await, "");
    let nothing = failed.hook_output("nope").await;
    expect_error(nothing, "get_run_hook_output", 404, ErrorKind::NotFound, "not found");

    let commit = main.commit("ok").metadata("ok", "yes").await.unwrap();
    let runs: Vec<_> = repository.action_runs().try_collect().await.unwrap();
    assert!(runs.is_sorted_by_key(|run| run.run_id.clone()));
    let completed: Vec<_> = runs.iter().filter(|run| run.status == ActionRunStatus::Completed).collect();
    assert_eq!((runs.len(), completed.len()), (2, 1));
    assert_eq!(completed[0].commit_id, commit.id);
    let on_main: Vec<_> = repository.action_runs().branch("main").page_size(1).try_collect().await.unwrap();
    assert_eq!(on_main, runs);
    let elsewhere: Vec<_> = repository.action_runs().branch("nope").try_collect().await.unwrap();
    assert_eq!(elsewhere, []);
    let of_commit: Vec<_> = repository.action_runs().commit(&commit.id).try_collect().await.unwrap();
    assert_eq!(of_commit, [completed[0].clone()]);
}

#[tokio::test]
async fn actions_01_missing_runs_and_hook_outputs_are_not_found() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("actions_01").await;
    let list = async |runs: lakefs::requests::ListActionRuns| runs.try_collect::<Vec<_>>().await;
    assert_eq!(list(repository.action_runs()).await.unwrap(), []);
    let both = list(repository.action_runs().branch("main").commit("abc")).await;
    expect_error(both, "list_repository_runs", 400, ErrorKind::InvalidRequest, "parameters conflict");

    let missing = repository.action_run("4onscrhksdubejidbkj0");
    expect_error(missing.get().await, "get_run", 404, ErrorKind::NotFound, "not found");
    assert_eq!(missing.get_opt().await.unwrap(), None);
    assert!(!missing.exists().await.unwrap());
    // The server lists no hooks of a missing run; the client reports that the run is missing.
    let hooks = missing.hooks().try_collect::<Vec<_>>().await;
    expect_error(hooks, "get_run", 404, ErrorKind::NotFound, "not found");
    let output = missing.hook_output("0000_0000").await;
    expect_error(output, "get_run_hook_output", 404, ErrorKind::NotFound, "not found");
}
