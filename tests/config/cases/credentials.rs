//! The access key, the cached token, and providers.

use crate::case::Outcome::{Fails, Rejects};
use crate::case::{COMPLETE, Case, ID, Outcome, SECRET, sends, sends_as};

const CACHE: &str = ".lakectl/cache/lakectl_token_cache.json";
const TOKEN: &str = r#"{"token":"cached","expiration_time":9999999999}"#;
const ENDPOINT_ONLY: &str = "server: { endpoint_url: '{url}' }\n";
const INCOMPLETE: &str = "half an access key cannot be meant";
const TEXT: &str = "the YAML library of the client reads it as text, which keeps it as it is written";
const LOGIN_AGAIN: &str = "lakectl sends an expired token, which the server rejects";
const NO_CREDENTIALS: &str = "lakectl sends an empty access key";

/// There are no credentials.
fn nothing(case: Case) -> Case {
    case.but_client(no_credentials(), NO_CREDENTIALS)
}

fn no_credentials() -> Outcome {
    Fails("there are no credentials")
}

/// A row with another id in [`COMPLETE`].
fn written(name: &'static str, id: &str, outcome: Outcome) -> Case {
    Case::yaml(name, COMPLETE.replace("fid", id), outcome)
}

/// A row with an endpoint and this key of the credentials.
fn key(name: &'static str, key: &str, outcome: Outcome) -> Case {
    Case::yaml(name, format!("{ENDPOINT_ONLY}credentials: {{ {key} }}\n"), outcome)
}

/// A row with an endpoint and this token cache.
fn cached(name: &'static str, content: &str, outcome: Outcome) -> Case {
    Case::yaml(name, ENDPOINT_ONLY, outcome).file(CACHE, content)
}

/// What lakectl sends without credentials.
fn empty() -> Outcome {
    sends_as("Basic :", 5)
}

pub(super) fn cases() -> Vec<Case> {
    [access_keys(), tokens(), providers()].into_iter().flatten().collect()
}

fn access_keys() -> Vec<Case> {
    vec![
        // The access key must be text.
        written("id is a number", "12345", Rejects("credentials.access_key_id")),
        written("id is a boolean", "true", Rejects("credentials.access_key_id")),
        written("id is a number, and a variable", "12345", sends_as("Basic eid:fsecret", 5)).set(ID, "eid"),
        written("id is a date", "2020-01-01", Rejects("credentials.access_key_id"))
            .but_client(sends_as("Basic 2020-01-01:fsecret", 5), TEXT),
        written("id has leading zeros", "0012345", Rejects("credentials.access_key_id"))
            .but_client(sends_as("Basic 0012345:fsecret", 5), TEXT),
        written("id is a quoted number", "'0012345'", sends_as("Basic 0012345:fsecret", 5)),
        written("id is yes", "yes", sends_as("Basic yes:fsecret", 5)),
        written("id is tagged as text", "!!str 5", sends_as("Basic 5:fsecret", 5)),
        Case::yaml(
            "secret is a number",
            COMPLETE.replace("fsecret", "12345"),
            Rejects("credentials.secret_access_key"),
        ),
        // Both parts are needed.
        key("id only", "access_key_id: fid", sends_as("Basic fid:", 5))
            .but_client(Rejects("credentials.secret_access_key"), INCOMPLETE),
        key("secret only", "secret_access_key: fsecret", sends_as("Basic :fsecret", 5))
            .but_client(Rejects("credentials.access_key_id"), INCOMPLETE),
        written("id is null", "null", sends_as("Basic :fsecret", 5))
            .but_client(Rejects("credentials.access_key_id"), INCOMPLETE),
        written("id is empty", "''", sends_as("Basic :fsecret", 5))
            .but_client(Rejects("credentials.access_key_id"), INCOMPLETE),
        Case::new("secret of the file, id of the environment", sends_as("Basic eid:fsecret", 5))
            .file(".lakectl.yaml", format!("{ENDPOINT_ONLY}credentials: {{ secret_access_key: fsecret }}"))
            .set(ID, "eid"),
        Case::yaml("session token of the Python client", COMPLETE, sends(5))
            .set("LAKECTL_CREDENTIALS_SESSION_TOKEN", "session")
            .but_client(sends_as("Bearer session", 5), "only lakectl does not know the variable"),
    ]
}

fn tokens() -> Vec<Case> {
    vec![
        // The token of `lakectl login`.
        cached("cached token", TOKEN, sends_as("Bearer cached", 5)),
        cached("cached token with empty keys", TOKEN, sends_as("Bearer cached", 5))
            .set(ID, "")
            .set(SECRET, ""),
        cached(
            "cached token in another notation",
            r#"{"Token":"cached","Expiration_Time":9999999999,"x":1} rest"#,
            sends_as("Bearer cached", 5),
        ),
        Case::yaml("cached token and access key", COMPLETE, sends(5)).file(CACHE, TOKEN),
        cached("cached token and half an access key", TOKEN, sends_as("Basic eid:", 5))
            .set(ID, "eid")
            .but_client(Rejects("credentials.secret_access_key"), INCOMPLETE),
        cached("expired token", r#"{"token":"cached","expiration_time":1}"#, sends_as("Bearer cached", 5))
            .but_client(Fails("run `lakectl login`"), LOGIN_AGAIN),
        cached("token without an expiration", r#"{"token":"cached"}"#, sends_as("Bearer cached", 5)),
        // No credentials.
        nothing(Case::yaml("no credentials", ENDPOINT_ONLY, empty())),
        nothing(cached("broken cache", "{", empty())),
        nothing(cached(
            "expiration as text",
            r#"{"token":"cached","expiration_time":"9999999999"}"#,
            empty(),
        )),
        nothing(cached("expiration as a float", r#"{"token":"cached","expiration_time":5e9}"#, empty())),
        cached("empty token", r#"{"token":"","expiration_time":9999999999}"#, sends_as("Bearer", 5))
            .but_client(no_credentials(), NO_CREDENTIALS),
    ]
}

fn providers() -> Vec<Case> {
    let mut cases = vec![
        nothing(key("unknown provider", "provider: { type: other }", empty())),
        nothing(key("provider in another case", "provider: { type: AWS_IAM }", empty())),
        nothing(key("empty provider", "provider: { type: '' }", empty())),
        key("unknown provider and cached token", "provider: { type: other }", sends_as("Bearer cached", 5))
            .file(CACHE, TOKEN),
        key("provider is a number", "provider: { type: 5 }", Rejects("credentials.provider.type")),
        Case::yaml(
            "provider and access key",
            format!("{COMPLETE}  provider: {{ type: aws_iam }}\n"),
            sends(5),
        ),
        key("provider and cached token", "provider: { type: aws_iam }", sends_as("Bearer cached", 5))
            .file(CACHE, TOKEN)
            .but_client(
                Fails("AWS"),
                "the client requests a token of its own, for which it has no AWS credentials here",
            ),
    ];
    // Settings of a provider are checked even if it is not used.
    for (name, setting, key) in [
        (
            "token time without a unit",
            "token_ttl_seconds: '3600'",
            "credentials.provider.aws_iam.token_ttl_seconds",
        ),
        (
            "signature time is no duration",
            "url_presign_ttl_seconds: x",
            "credentials.provider.aws_iam.url_presign_ttl_seconds",
        ),
        (
            "headers are no pairs",
            "token_request_headers: abc",
            "credentials.provider.aws_iam.token_request_headers",
        ),
        (
            "header is a mapping",
            "token_request_headers: { X-A: { b: c } }",
            "credentials.provider.aws_iam.token_request_headers",
        ),
    ] {
        cases.push(Case::yaml(
            name,
            format!("{COMPLETE}  provider: {{ aws_iam: {{ {setting} }} }}\n"),
            Rejects(key),
        ));
    }
    cases
}
