//! Keys, sections and the endpoint.

use crate::case::Outcome::{Fails, NoEndpoint, Rejects};
use crate::case::{COMPLETE, Case, ENDPOINT, ID, Outcome, SECRET, sends, sends_as, sends_to};

const ACCESS_KEY: &str = "credentials: { access_key_id: fid, secret_access_key: fsecret }";
const UNKNOWN: &str = "another version of lakectl may know the key, so the client logs a warning";
const NOT_OURS: &str = "only keys that a client uses are checked";
const NO_SHADOW: &str = "lakectl ignores the variables of a section that is empty in the file";
const NO_SECTION_VARIABLE: &str =
    "lakectl ignores the file's section if a variable has the name of the section";

/// A row with these lines before the access key.
fn yaml(name: &'static str, server: &str, outcome: Outcome) -> Case {
    Case::yaml(name, format!("{server}\n{ACCESS_KEY}\n"), outcome)
}

/// A row with these lines after [`COMPLETE`].
fn extended(name: &'static str, lines: &str, outcome: Outcome) -> Case {
    Case::yaml(name, format!("{COMPLETE}{lines}\n"), outcome)
}

/// A row with another endpoint in [`COMPLETE`].
fn endpoint(name: &'static str, endpoint: &str, outcome: Outcome) -> Case {
    Case::yaml(name, COMPLETE.replace("{url}", endpoint), outcome)
}

pub(super) fn cases() -> Vec<Case> {
    [notations(), other_keys(), sections(), variables_and_endpoints()].into_iter().flatten().collect()
}

fn notations() -> Vec<Case> {
    let dotted = "server.endpoint_url: {url}\ncredentials.access_key_id: fid\ncredentials.secret_access_key: fsecret\nserver.retries.max_attempts: 2\n";
    vec![
        // Case and dots.
        Case::yaml(
            "keys in another case",
            "SERVER: { Endpoint_URL: '{url}', Retries: { MAX_Attempts: 2 } }\nCredentials: { ACCESS_KEY_ID: fid, Secret_access_key: fsecret }",
            sends(3),
        ),
        Case::yaml("dotted keys", dotted, sends(3)),
        Case::yaml(
            "dotted keys in another case",
            dotted.replace("server", "SERVER").replace("retries", "Retries"),
            sends(3),
        ),
        yaml(
            "dotted key in a section",
            "server: { endpoint_url: '{url}', retries.max_attempts: 2 }",
            sends(3),
        ),
        yaml(
            "dotted key beside its section",
            "server.retries.max_attempts: 2\nserver: { endpoint_url: '{url}' }",
            sends(3),
        ),
        yaml(
            "dotted key before its section",
            "server.retries.max_attempts: 2\nserver: { endpoint_url: '{url}', retries: { max_attempts: 1 } }",
            sends(3),
        ),
        // Anchors and tags.
        yaml(
            "merged section",
            "server: { endpoint_url: '{url}', login_retries: &r { max_attempts: 2 }, retries: { <<: *r, enabled: true } }",
            sends(3),
        ),
        Case::yaml("tag", COMPLETE.replace("fid", "!x fid"), sends(5)),
    ]
}

fn other_keys() -> Vec<Case> {
    vec![
        // Unknown keys.
        extended("unknown key", "other: 1", Fails("invalid keys: other")).but_client(sends(5), UNKNOWN),
        extended("unknown key of a section", "  session_token: x", Fails("invalid keys: session_token"))
            .but_client(sends(5), UNKNOWN),
        extended("unknown section", "metastore: { hive: { uri: x } }", Fails("invalid keys: metastore"))
            .but_client(sends(5), UNKNOWN),
        extended("unknown key without a value", "other:", sends(5)),
        extended("key that is a number", "5: x", Fails("invalid keys: 5")).but_client(sends(5), UNKNOWN),
        extended("key that is null", "~: x", sends(5)),
        // Keys that only lakectl uses.
        extended(
            "keys of lakectl",
            "local: { skip_non_regular_files: true, symlink_support: 0 }\nexperimental: { local: { posix_permissions: { enabled: false, include_uid: false, include_gid: true } } }",
            sends(5),
        ),
        extended(
            "invalid key of lakectl",
            "local: { symlink_support: maybe }",
            Rejects("local.symlink_support"),
        )
        .but_client(sends(5), NOT_OURS),
        yaml(
            "login retries",
            "server: { endpoint_url: '{url}', login_retries: { enabled: true, max_attempts: 3, min_wait_interval: 1s, max_wait_interval: 2s } }",
            sends(5),
        ),
        yaml(
            "invalid login retries",
            "server: { endpoint_url: '{url}', login_retries: { max_attempts: many } }",
            Rejects("server.login_retries.max_attempts"),
        )
        .but_client(sends(5), NOT_OURS),
        // Keys that do not show in requests.
        extended("parallelism", r#"options: { parallelism: "4" }"#, sends(5)),
        extended("parallelism 0", "options: { parallelism: 0 }", sends(5)),
        extended("invalid parallelism", "options: { parallelism: many }", Rejects("options.parallelism")),
        extended("HTTP/2 off", "network: { http2: { enabled: false } }", sends(5)),
        extended(
            "HTTP/2 neither on nor off",
            "network: { http2: { enabled: no } }",
            Rejects("network.http2.enabled"),
        ),
    ]
}

fn sections() -> Vec<Case> {
    vec![
        // Sections.
        yaml("section is a number", "server: 5", Rejects("server")),
        Case::environment("section is a number, environment is complete", Rejects("server"))
            .file(".lakectl.yaml", "server: 5"),
        Case::environment("section is a list", Rejects("server")).file(".lakectl.yaml", "server: []"),
        Case::environment("section is text", Rejects("server")).file(".lakectl.yaml", "server: ''"),
        yaml(
            "inner section is a number",
            "server: { endpoint_url: '{url}', retries: 3 }",
            Rejects("server.retries"),
        ),
        yaml("inner section is empty", "server: { endpoint_url: '{url}', retries: }", sends(5)),
        extended("empty provider", "  provider:", sends(5)),
        Case::environment("empty section in braces", sends_as("Basic eid:esecret", 5))
            .file(".lakectl.yaml", "server: {}"),
        Case::environment("empty endpoint in the file", sends_as("Basic eid:esecret", 5))
            .file(".lakectl.yaml", "server: { endpoint_url: }"),
        Case::environment("empty section", NoEndpoint)
            .file(".lakectl.yaml", "server:")
            .but_client(sends_as("Basic eid:esecret", 5), NO_SHADOW),
        Case::environment("empty credentials", sends_as("Basic :", 5))
            .file(".lakectl.yaml", "credentials:")
            .but_client(sends_as("Basic eid:esecret", 5), NO_SHADOW),
        Case::yaml("variable of a section", COMPLETE, NoEndpoint)
            .set("LAKECTL_SERVER", "x")
            .but_client(sends(5), NO_SECTION_VARIABLE),
        Case::yaml("variable of the credentials", COMPLETE, sends_as("Basic :", 5))
            .set("LAKECTL_CREDENTIALS", "x")
            .but_client(sends(5), NO_SECTION_VARIABLE),
    ]
}

fn variables_and_endpoints() -> Vec<Case> {
    vec![
        // Variables.
        Case::yaml(
            "variables over the file",
            COMPLETE.replace("{url}", "http://127.0.0.1:1"),
            sends_as("Basic eid:fsecret", 5),
        )
        .set(ENDPOINT, "{url}")
        .set(ID, "eid"),
        Case::yaml("empty variables", COMPLETE, sends(5)).set(ENDPOINT, "").set(ID, "").set(SECRET, ""),
        Case::yaml("variable in lower case", COMPLETE, sends(5))
            .set("lakectl_credentials_access_key_id", "low"),
        // The endpoint.
        endpoint("endpoint with a slash", "{url}/", sends(5)),
        endpoint("endpoint with the path of the API", "{url}/api/v1", sends(5)),
        endpoint("endpoint with the path of the API and a slash", "{url}/api/v1/", sends(5)),
        endpoint(
            "endpoint with another path",
            "{url}/x",
            sends_to("/x/repositories", "Basic fid:fsecret", 5),
        ),
        endpoint("endpoint with two slashes", "{url}//", sends_to("//repositories", "Basic fid:fsecret", 5))
            .but_client(sends(5), "the client ignores slashes at the end"),
        endpoint("endpoint after a space", "' {url}'", Fails("first path segment"))
            .but_client(sends(5), "the client ignores spaces around the URL"),
        endpoint("endpoint without a scheme", "localhost:8000", Fails("unsupported protocol scheme"))
            .but_client(Fails("the endpoint "), "the words differ"),
        endpoint("endpoint is a number", "5", Rejects("server.endpoint_url")),
        endpoint("endpoint is empty", "''", NoEndpoint),
    ]
}
