//! Tokens that programs print.
#![cfg(unix)]

use std::time::Duration;

use lakefs::{Credentials, TokenCommand};

use crate::support::wait_for;
use crate::{assert_unauthenticated, authorizations, call, refusal, repository, start};

fn shell(script: &str) -> TokenCommand {
    TokenCommand::new("sh").args(["-c", script])
}

#[tokio::test]
async fn command_runs_when_its_token_is_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let script = r#"echo run >> "$0/runs"; echo " token-$(wc -l < "$0/runs" | tr -d ' ')"; echo noise >&2"#;
    let command = shell(script).arg(directory.path());
    let (server, client) = start(command, [repository(), repository(), refusal(), repository()]).await;
    for _ in 0..3 {
        call(&client).await.unwrap();
    }
    let expected = ["bearer token-1", "bearer token-1", "bearer token-1", "bearer token-2"];
    assert_eq!(authorizations(&server), expected);
}

#[tokio::test]
async fn arguments_are_not_interpreted() {
    let command = Credentials::token_command(["printf", "%s", "$HOME;`id`"]);
    let (server, client) = start(command, [repository()]).await;
    call(&client).await.unwrap();
    assert_eq!(authorizations(&server), ["bearer $home;`id`"]);
}

#[tokio::test]
async fn failed_command_shows_its_messages_and_no_token() {
    let cases = [
        (
            shell("echo hush; echo 'vault: sealed (hush)' >&2; exit 3"),
            "exit status: 3: vault: sealed (<redacted>)",
        ),
        (shell("exit 4"), "failed with exit status: 4"),
        (shell("echo"), "printed no token"),
        (shell(r"printf 'hush\377'"), "printed bytes that are not text"),
        (TokenCommand::new("no-such-program-of-any-name"), "no-such-program-of-any-name cannot be started"),
        (shell("head -c 2000000 /dev/zero"), "it is larger than 1 MiB"),
        (shell("printf 'hu\\nsh'"), "characters that cannot be sent"),
    ];
    for (command, expected) in cases {
        let (_server, client) = start(command, []).await;
        let error = call(&client).await.unwrap_err();
        assert_unauthenticated(&error, &[expected]);
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn command_that_does_not_end_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let command = TokenCommand::new("sh")
        .args(["-c", r#"echo $$ > "$0/pid"; exec sleep 600"#])
        .arg(directory.path())
        .timeout(Duration::from_millis(500));
    let (_server, client) = start(command, []).await;
    let error = wait_for("the timeout of the command", call(&client)).await.unwrap_err();
    assert_unauthenticated(&error, &["did not end within 500ms"]);
    let pid = std::fs::read_to_string(directory.path().join("pid")).unwrap();
    let path = std::path::Path::new("/proc").join(pid.trim()).join("cmdline");
    // Without `/proc`, this says nothing. A process that has been killed has no command line any more.
    let is_gone = async || std::fs::read(&path).is_ok_and(|line| line.is_empty()) || !path.exists();
    crate::support::wait_until("the process is killed", is_gone).await;
}
