//! `credentials.provider.aws_iam`: how lakectl exchanges the identity of AWS for a token.
//!
//! Without the feature `aws`, the client reads the settings and cannot use them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::check_all;
use crate::program::{Program, Setup};
use crate::recorder::{Mode, Recorder};

const PREFIX: &str = "LAKECTL_CREDENTIALS_PROVIDER_";

/// Settings below `aws_iam`, and the request for a token.
struct Row {
    settings: &'static str,
    /// Variables without [`PREFIX`].
    variables: &'static [(&'static str, &'static str)],
    token_seconds: i64,
    signature_seconds: &'static str,
    signed_headers: &'static [&'static str],
    client: Client,
}

/// What the client does.
enum Client {
    /// The same as lakectl.
    Same,
    /// The same, with another validity of the signature.
    Signs(&'static str),
    /// Rejects the value of `token_ttl_seconds`.
    Rejects,
}

const DEFAULT: Row = Row {
    settings: "",
    variables: &[],
    token_seconds: 216_000,
    signature_seconds: "60",
    signed_headers: &["host", "x-lakefs-server-id"],
    client: Client::Same,
};

/// The client differs in three ways. It reads `refresh_interval` as the time before the expiry at which the token is
/// renewed, as it is documented; lakectl takes it for the validity of the signature. It rejects a validity of less than a
/// second, which an integer without a unit is. It rejects a negative validity.
const ROWS: &[Row] = &[
    DEFAULT,
    Row { settings: "token_ttl_seconds: 1h", token_seconds: 3600, ..DEFAULT },
    Row { settings: "token_ttl_seconds: 90.7s", token_seconds: 90, ..DEFAULT },
    Row { settings: "token_ttl_seconds: 0", ..DEFAULT },
    Row { settings: "token_ttl_seconds: 3600", token_seconds: 0, client: Client::Rejects, ..DEFAULT },
    Row { settings: "token_ttl_seconds: -1h", token_seconds: -3600, client: Client::Rejects, ..DEFAULT },
    Row { settings: "url_presign_ttl_seconds: 2m", signature_seconds: "120", ..DEFAULT },
    Row {
        settings: "refresh_interval: 10m",
        signature_seconds: "600",
        client: Client::Signs("60"),
        ..DEFAULT
    },
    Row {
        settings: "url_presign_ttl_seconds: 2m, refresh_interval: 10m",
        signature_seconds: "600",
        client: Client::Signs("120"),
        ..DEFAULT
    },
    Row {
        settings: "token_request_headers: { X-Foo: bar, X-N: 5 }",
        signed_headers: &["host", "x-foo", "x-n"],
        ..DEFAULT
    },
    Row {
        settings: "token_request_headers: 'X-Foo=bar, X-B = b=c'",
        signed_headers: &["host", "x-b", "x-foo"],
        ..DEFAULT
    },
    Row { settings: "token_request_headers: ''", signed_headers: &["host"], ..DEFAULT },
    Row { settings: "token_request_headers: {}", signed_headers: &["host"], ..DEFAULT },
    Row { settings: "token_request_headers: ", ..DEFAULT },
    Row {
        variables: &[
            ("AWS_IAM_TOKEN_TTL_SECONDS", "2h"),
            ("AWS_IAM_URL_PRESIGN_TTL_SECONDS", "3m"),
            ("AWS_IAM_TOKEN_REQUEST_HEADERS", "X-A=b,X-C=d"),
            ("AWS_IAM_CLIENT_LOG_PRE_SIGNING_REQUEST", "true"),
        ],
        token_seconds: 7200,
        signature_seconds: "180",
        signed_headers: &["host", "x-a", "x-c"],
        ..DEFAULT
    },
];

impl Row {
    fn check(&self, program: &Program) -> Option<String> {
        let recorder = Recorder::start(Mode::Unavailable);
        let mut setup = Setup::new(recorder.endpoint());
        setup.write(
            ".lakectl.yaml",
            &format!(
                "server: {{ endpoint_url: '{{url}}' }}\ncredentials: {{ provider: {{ type: aws_iam, aws_iam: {{ {} }} }} }}",
                self.settings
            ),
        );
        for (name, value) in self.variables {
            setup.set(&format!("{PREFIX}{name}"), value);
        }
        for (name, value) in
            [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "us-east-1")]
        {
            setup.set(name, value);
        }
        let report = setup.list(program);
        let requests = recorder.requests();
        let signature_seconds = match (program, &self.client) {
            (Program::Lakectl(_), _) | (Program::Client, Client::Same) => self.signature_seconds,
            (Program::Client, Client::Signs(seconds)) => seconds,
            (Program::Client, Client::Rejects) => {
                let is_rejected = requests.is_empty() && report.error.contains("token_ttl_seconds");
                return (!is_rejected).then(|| format!("{:?}: {report:?}", self.settings));
            }
        };
        if matches!(program, Program::Client) && !cfg!(feature = "aws") {
            let is_missing = requests.is_empty() && report.error.contains("feature `aws`");
            return (!is_missing).then(|| format!("{:?}: {report:?}", self.settings));
        }
        let Some((login, rest)) = requests.split_first() else { return Some(format!("{report:?}")) };
        let body: Value = serde_json::from_slice(&login.body).unwrap();
        let identity = body["identityRequest"]["identity_token"].as_str().unwrap();
        let identity: Value = serde_json::from_slice(&BASE64_STANDARD.decode(identity).unwrap()).unwrap();
        let is_expected = login.path == "/api/v1/auth/external/principal/login"
            && login.authorization.is_empty()
            && body["token_expiration_duration"] == self.token_seconds
            && identity["expiration_duration"] == signature_seconds
            && identity["signed_headers"] == serde_json::json!(self.signed_headers)
            && rest.len() == 5
            && rest.iter().all(|request| request.authorization == "Bearer iam");
        (!is_expected).then(|| format!("{:?}: {body} {identity} {report:?}", self.settings))
    }
}

#[test]
fn identity_is_exchanged_as_in_the_table() {
    check_all(ROWS, Row::check);
}
