//! `cargo xtask refresh-spec` against healthy and faulty servers: it replaces the contract completely, or fails with one line and
//! changes nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};

use support::*;

#[test]
fn contract_is_written_with_its_origin_and_without_prose() {
    let repository = Repository::new(None);
    let server = Server::of(&contract());
    let outcome = repository.refresh(&server, &[]);
    outcome.assert_success();
    outcome.assert_says("licence Apache-2.0");
    outcome.assert_says("added operation GetThing");

    let files = repository.files();
    let taken: Value = serde_json::from_slice(&files["lakefs.json"]).unwrap();
    assert_eq!(taken["paths"]["/things/{id}"]["get"]["operationId"], "GetThing");
    assert_eq!(taken["paths"]["/things/{id}"]["get"]["summary"], Value::Null);
    let source = String::from_utf8(files["source.toml"].clone()).unwrap();
    for line in [
        r#"server_version = "1.85.0""#,
        r#"version_context = "lakeFS""#,
        r#"path = "/openapi.json""#,
        r#"licence = "Apache-2.0""#,
        r#"attribution = "lakeFS by Treeverse, Apache-2.0""#,
    ] {
        assert!(source.lines().any(|other| other == line), "{line} is not in\n{source}");
    }
    assert!(!source.contains("127.0.0.1"), "{source}");
    assert_eq!(files.len(), 3, "nothing but lakefs.json, source.toml and docs.toml");
}

#[test]
fn identical_contract_changes_nothing() {
    let repository = Repository::new(None);
    let server = Server::of(&contract());
    repository.refresh(&server, &[]).assert_success();
    // The date alone is not a change.
    let source = repository.path().join("source.toml");
    let text = fs::read_to_string(&source).unwrap();
    let before: String = text
        .lines()
        .map(|line| {
            if line.starts_with("refreshed") {
                "refreshed = \"2020-02-02\"\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    fs::write(&source, &before).unwrap();

    for arguments in [&[][..], &["--check"]] {
        let outcome = repository.refresh(&server, arguments);
        outcome.assert_success();
        outcome.assert_says("up to date");
        assert_eq!(fs::read_to_string(&source).unwrap(), before);
    }
}

#[test]
fn origin_of_another_contract_is_replaced() {
    let repository = Repository::new(None);
    let server = Server::of(&contract());
    repository.refresh(&server, &[]).assert_success();
    let files = repository.files();
    fs::write(repository.path().join("source.toml"), "").unwrap();
    repository.refresh(&server, &[]).assert_success();
    assert_eq!(repository.files(), files);
}

#[test]
fn every_change_is_reported_on_a_line() {
    let repository = Repository::new(Some(&contract()));
    let mut new = contract();
    new["paths"]["/things"] =
        json!({"get": {"operationId": "ListThings", "responses": {"204": {"description": ""}}}});
    new["paths"]["/things/{id}"]["get"]["parameters"] =
        json!([{"name": "verbose", "in": "query", "schema": {"type": "boolean"}}]);
    let thing = &mut new["components"]["schemas"]["Thing"];
    thing["properties"]["size"] = json!({"type": "integer"});
    thing["properties"]["id"]["format"] = json!("uuid");
    thing["properties"]["kind"]["enum"] = json!(["common", "rare"]);
    thing["properties"].as_object_mut().unwrap().remove("note");
    let server = Server::of(&new);

    let checked = repository.unchanged_by(|| repository.refresh(&server, &["--check"]));
    checked.assert_refused(&["lakefs.json", "cargo xtask refresh-spec"]);
    let refreshed = repository.refresh(&server, &[]);
    refreshed.assert_success();
    for outcome in [checked, refreshed] {
        outcome.assert_says("added operation ListThings");
        outcome.assert_says("added parameter verbose of GetThing");
        outcome.assert_says("added field Thing.size");
        outcome.assert_says("removed field Thing.note");
        outcome.assert_says(r#"altered field Thing.id: format none → "uuid""#);
        outcome.assert_says(r#"added enum value "rare" of Thing.kind"#);
        // Missing and unused documentation is reported, and is not an error.
        outcome.assert_says("docs.toml: document operation list_things");
        outcome.assert_says("docs.toml: remove field Thing.note");
    }
    repository.refresh(&server, &["--check"]).assert_success();
}

#[test]
fn another_licence_requires_its_name() {
    let repository = Repository::new(Some(&contract()));
    let mut other = contract();
    other["info"]["license"] = json!({"name": "Other 1.0", "url": "https://example.com/other"});
    let server = Server::of(&other);
    for arguments in [&[][..], &["--accept-licence", "Apache-2.0"], &["--check"]] {
        repository.refused(&server, arguments, &["openapi.json", "Other 1.0", "--accept-licence"]);
    }
    let outcome = repository.refresh(&server, &["--accept-licence", "Other 1.0"]);
    outcome.assert_success();
    outcome.assert_says("licence Other 1.0");
    let source = fs::read_to_string(repository.path().join("source.toml")).unwrap();
    assert!(source.contains(r#"licence = "Other 1.0""#), "{source}");
}

#[test]
fn unreachable_server_is_reported() {
    let repository = Repository::new(Some(&contract()));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = repository.unchanged_by(|| repository.run(&format!("http://{closed}"), &[]));
    outcome.assert_refused(&[&format!("http://{closed}/openapi.json"), "refused"]);
}

#[test]
fn status_other_than_200_is_reported() {
    for (status, says) in
        [("404 Not Found", "404"), ("500 Internal Server Error", "500"), ("204 No Content", "204")]
    {
        refused_contract(&answer(status, "application/json", "{}"), &[says]);
    }
}

#[test]
fn response_that_is_not_a_contract_is_rejected() {
    let ok = |body: &str| answer("200 OK", "application/json", body);
    refused_contract(
        &answer("200 OK", "text/html", "<!doctype html>\n<title>lakeFS</title>"),
        &["HTML page"],
    );
    refused_contract(&ok("not\njson"), &["not a JSON document"]);
    refused_contract(&ok(""), &["not a JSON document"]);
    refused_contract(&ok(r#"{"message": "hello"}"#), &["not an OpenAPI document"]);
    refused_contract(&ok("[]"), &["not an OpenAPI document"]);
    refused_contract(&ok(&"[".repeat(100_000)), &["not a JSON document"]);
    refused_contract(&ok(r#"{"openapi": "3.0.3", "paths": 1}"#), &["not an OpenAPI 3.0 document"]);
    let no_text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\"\xff\"";
    refused_contract(no_text, &["not UTF-8 text"]);
}

#[test]
fn contract_of_another_openapi_version_is_rejected() {
    for version in ["3.1.0", "4.0.0"] {
        let mut other = contract();
        other["openapi"] = json!(version);
        refused_contract(&published(&other), &[version, "not 3.0"]);
    }
}

#[test]
fn contract_that_cannot_be_generated_is_rejected() {
    let mut two_kinds = contract();
    two_kinds["paths"]["/things/{id}"]["get"]["responses"]["204"] = json!({"description": ""});
    refused_contract(&published(&two_kinds), &["GetThing"]);

    for (target, says) in [("Gone", "does not resolve"), ("Circle", "leads to itself")] {
        let mut lost = contract();
        lost["components"]["parameters"] =
            json!({"Circle": {"$ref": format!("#/components/parameters/{target}")}});
        refused_contract(&published(&lost), &[says, &format!("#/components/parameters/{target}")]);
    }

    let mut nameless = contract();
    nameless["paths"]["/things"] = json!({"get": {"responses": {"204": {"description": ""}}}});
    refused_contract(&published(&nameless), &["the contract cannot be generated", "/things"]);

    let mut two_bodies = contract();
    two_bodies["paths"]["/things/{id}"]["get"]["requestBody"] =
        json!({"content": {"text/plain": {}, "application/json": {}}});
    refused_contract(&published(&two_bodies), &["GetThing", "cannot be generated"]);
}

#[test]
fn redirect_is_not_followed() {
    let elsewhere = Server::of(&contract());
    let location = format!("{}{CONTRACT}", elsewhere.address);
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    refused_contract(redirect.as_bytes(), &["302", &location, "not followed"]);
    assert_eq!(elsewhere.requests(), 0);
}

#[test]
fn endless_response_is_rejected() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    refused_contract(&[head.as_slice(), &vec![b' '; 17 << 20]].concat(), &["larger than 16 MiB"]);
}

#[test]
fn truncated_response_is_rejected() {
    let mut cut = published(&contract());
    cut.truncate(cut.len() / 2);
    refused_contract(&cut, &[]);
}

#[test]
fn missing_response_times_out() {
    let repository = Repository::new(Some(&contract()));
    // The connection is accepted by the system, and never served.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let outcome = repository.unchanged_by(|| repository.run(&address, &["--timeout", "1"]));
    outcome.assert_refused(&[&format!("{address}/openapi.json"), "timed out"]);
}

#[test]
fn unknown_version_is_rejected() {
    for (response, says) in [
        (
            answer("401 Unauthorized", "application/json", r#"{"message":"error authenticating request"}"#),
            "401",
        ),
        (answer("404 Not Found", "text/plain", ""), "404"),
        (answer("200 OK", "text/html", "<html>"), "HTML page"),
        (answer("200 OK", "application/json", "{}"), "not the version of a lakeFS"),
        (answer("200 OK", "application/json", r#"{"version":""}"#), "empty"),
    ] {
        let repository = Repository::new(Some(&contract()));
        let mut new = contract();
        new["components"]["schemas"]["Other"] = json!({"type": "object"});
        let server = Server::start([(CONTRACT, published(&new)), (VERSION, response)]);
        repository.refused(&server, &[], &[VERSION, says]);
    }
}

#[test]
fn credentials_are_required_and_never_printed() {
    let repository = Repository::new(Some(&contract()));
    let server = Server::of(&contract());
    let mut command = repository.command(&server.address, &[]);
    command.env_remove("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY");
    let outcome = repository.unchanged_by(|| Outcome::of(&mut command));
    outcome.assert_refused(&["LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY"]);
    assert_eq!(server.requests(), 0);

    let address = server.address.replace("http://", &format!("http://key:{SECRET}@"));
    repository.unchanged_by(|| repository.run(&address, &[])).assert_refused(&["--server"]);
}

#[test]
fn invalid_server_url_is_rejected() {
    let repository = Repository::new(Some(&contract()));
    for address in
        ["", "localhost:8000", "https://localhost:8000", "ftp://localhost", "http://", "http://a b"]
    {
        repository.unchanged_by(|| repository.run(address, &[])).assert_refused(&["--server", address]);
    }
}

#[test]
fn missing_directory_is_reported() {
    let repository = Repository::new(None);
    let gone = repository.path().join("gone");
    let server = Server::of(&contract());
    let gone = gone.to_str().unwrap();
    repository.refused(&server, &["--directory", gone], &[gone]);
}

#[test]
fn invalid_docs_are_reported() {
    let repository = Repository::new(None);
    fs::write(repository.path().join("docs.toml"), "[models\nThing = 1").unwrap();
    repository.refused(&Server::of(&contract()), &[], &["docs.toml"]);
}

/// The contract is replaced first. If `source.toml` cannot be replaced, the contract is restored.
#[test]
fn failure_of_the_second_file_restores_the_first() {
    for old in [None, Some(&contract())] {
        let repository = Repository::new(old);
        let source = repository.path().join("source.toml");
        let _ = fs::remove_file(&source);
        fs::create_dir(&source).unwrap();
        let mut new = contract();
        new["components"]["schemas"]["Other"] = json!({"type": "object"});
        repository.refused(&Server::of(&new), &[], &["source.toml"]);
    }
}

#[cfg(unix)]
#[test]
fn read_only_directory_is_reported() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    let repository = Repository::new(Some(&contract()));
    let mut new = contract();
    new["components"]["schemas"]["Other"] = json!({"type": "object"});
    let server = Server::of(&new);
    let mut command = repository.command(&server.address, &[]);
    // Root can write to read-only directories, so the task is run as another user.
    let as_root = fs::metadata(repository.path()).unwrap().uid() == 0;
    let elsewhere = tempfile::tempdir().unwrap();
    if as_root {
        let program = elsewhere.path().join("xtask");
        fs::copy(env!("CARGO_BIN_EXE_xtask"), &program).unwrap();
        fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command = repository.command_of(&program, &server.address, &[]);
        command.uid(65_534).current_dir("/");
    }
    fs::set_permissions(repository.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let outcome = repository.unchanged_by(|| Outcome::of(&mut command));
    fs::set_permissions(repository.path(), fs::Permissions::from_mode(0o755)).unwrap();
    outcome.assert_refused(&["lakefs.json", "cannot be replaced"]);
}

/// A limit on the size of files fails a write as a full disk does.
#[cfg(unix)]
#[test]
fn full_disk_is_reported() {
    let repository = Repository::new(Some(&contract()));
    let mut new = contract();
    new["components"]["schemas"]["Other"] = json!({"type": "object"});
    let server = Server::of(&new);
    let inner = repository.command(&server.address, &[]);
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 1; exec "$@""#, "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    repository
        .unchanged_by(|| Outcome::of(&mut command))
        .assert_refused(&["lakefs.json", "cannot be replaced"]);
}
