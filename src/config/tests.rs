//! Tests of the configuration as a whole. `tests/config/` has those that compare it with lakectl.

use super::environment::fake::FakeEnvironment;
use super::*;
use crate::error::ErrorKind;

const ENDPOINT: &str = "LAKECTL_SERVER_ENDPOINT_URL";
const ID: &str = "LAKECTL_CREDENTIALS_ACCESS_KEY_ID";
const SECRET: &str = "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY";
const PROVIDER: &str = "LAKECTL_CREDENTIALS_PROVIDER_TYPE";
const CACHE: &str = "/home/.lakectl/cache/lakectl_token_cache.json";

fn read(variables: &[(&str, &str)]) -> Result<Config> {
    Config::read(&FakeEnvironment::new(variables))
}

#[cfg(feature = "config")]
mod file {
    use super::*;

    const FILE: &str = "
server:
  endpoint_url: http://file:8000/api/v1
  retries: { enabled: true, max_attempts: 2, min_wait_interval: 1s, max_wait_interval: 1m30s }
  login_retries: { max_attempts: many }
credentials:
  access_key_id: from-file
  secret_access_key: hush
network: { http2: { enabled: false } }
options: { parallelism: 7 }
local: { symlink_support: maybe }
";

    fn read(content: &str, variables: &[(&str, &str)]) -> Result<Config> {
        Config::read(&FakeEnvironment::new(variables).file("/home/.lakectl.yaml", content))
    }

    #[test]
    fn values_of_the_file_are_used() {
        let config = read(FILE, &[]).unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("http://file:8000/api/v1"));
        assert!(format!("{:?}", config.credentials).contains("from-file"));
        let retries = RetryPolicy::default()
            .max_attempts(3)
            .initial_backoff(Duration::from_secs(1))
            .max_backoff(Duration::from_secs(90));
        assert_eq!(config.retries, retries);
        assert_eq!((config.http2, config.parallelism), (Some(false), Some(7)));
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn environment_overrides_the_file_key_by_key() {
        let variables = [
            (ENDPOINT, "https://env"),
            (ID, "from-env"),
            ("LAKECTL_SERVER_RETRIES_ENABLED", "false"),
            ("LAKECTL_NETWORK_HTTP2_ENABLED", "1"),
            ("LAKECTL_OPTIONS_PARALLELISM", "0x10"),
        ];
        let config = read(FILE, &variables).unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("https://env"));
        let expected = ConfiguredCredentials::AccessKey {
            access_key_id: "from-env".to_owned(),
            secret_access_key: "hush".to_owned(),
        };
        assert_eq!(config.credentials, Some(expected));
        assert_eq!(config.retries.get_max_attempts(), 1);
        assert_eq!((config.http2, config.parallelism), (Some(true), Some(16)));
    }

    #[test]
    fn variable_replaces_an_invalid_value_of_the_file() {
        let config = read(
            "server: { retries: { max_attempts: many } }",
            &[("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", "2")],
        );
        assert_eq!(config.unwrap().retries.get_max_attempts(), 3);
    }

    #[test]
    fn broken_file_is_ignored_and_mentioned() {
        let config = read("server: [", &[(ENDPOINT, "http://env"), (ID, "id"), (SECRET, "hush")]).unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("http://env"));
        let searched = config.searched.join("; ");
        assert!(searched.contains("/home/.lakectl.yaml (it is not valid YAML at line "), "{searched}");
    }

    #[test]
    fn error_names_the_key_the_file_and_the_variable() {
        let cases = [
            ("server: { endpoint_url: 5 }", "server.endpoint_url"),
            ("server: { retries: { enabled: no } }", "server.retries.enabled"),
            ("server: { retries: { max_attempts: -1 } }", "server.retries.max_attempts"),
            ("server: { retries: { max_attempts: 4294967296 } }", "server.retries.max_attempts"),
            ("server: { retries: { max_attempts: .nan } }", "server.retries.max_attempts"),
            ("server: { retries: { max_attempts: [2] } }", "server.retries.max_attempts"),
            ("server: { retries: { min_wait_interval: \"3600\" } }", "server.retries.min_wait_interval"),
            ("server: { retries: { max_wait_interval: \"\" } }", "server.retries.max_wait_interval"),
            ("network: { http2: { enabled: \"on\" } }", "network.http2.enabled"),
            ("options: { parallelism: many }", "options.parallelism"),
            ("credentials: { access_key_id: 12345 }", "credentials.access_key_id"),
            ("credentials: { secret_access_key: 12345 }", "credentials.secret_access_key"),
            ("credentials: { provider: { type: true } }", "credentials.provider.type"),
            (
                "credentials: { provider: { aws_iam: { token_ttl_seconds: 12345 } } }",
                "credentials.provider.aws_iam.token_ttl_seconds",
            ),
            (
                "credentials: { provider: { aws_iam: { token_request_headers: { a: [12345] } } } }",
                "credentials.provider.aws_iam.token_request_headers",
            ),
        ];
        for (content, key) in cases {
            let error = read(content, &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let message = error.to_string();
            let variable = format!("LAKECTL_{}", key.replace('.', "_").to_uppercase());
            for expected in [key, "/home/.lakectl.yaml", &variable] {
                assert!(message.contains(expected), "{expected}: {message}");
            }
            let is_secret = key.contains("access_key") || key.contains("headers");
            assert!(!is_secret || !message.contains("12345"), "{message}");
        }
    }

    #[test]
    fn provider_of_the_file_is_read() {
        let content = "
credentials:
  provider:
    type: aws_iam
    aws_iam:
      token_ttl_seconds: 1h
      url_presign_ttl_seconds: 2000000000
      refresh_interval: 0
      token_request_headers: { X-A: b, X-N: 5, X-E: }
      client_log_pre_signing_request: maybe
";
        let config = read(content, &[]).unwrap();
        let Some(ConfiguredCredentials::AwsIam(aws_iam)) = &config.credentials else {
            panic!("{config:?}");
        };
        assert_eq!(aws_iam.token_ttl, Some(Duration::from_secs(3600)));
        assert_eq!(aws_iam.url_presign_ttl, Some(Duration::from_secs(2)));
        assert_eq!(aws_iam.refresh_interval, None);
        let headers = aws_iam.token_request_headers.as_ref().unwrap();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("x-a", "b"), ("x-e", ""), ("x-n", "5")]);
        assert!(!format!("{config:?}").contains("\"b\""));
    }
}

#[test]
fn missing_values_are_accepted() {
    let config = read(&[]).unwrap();
    assert!(config.endpoint.is_none() && config.credentials.is_none());
    assert_eq!(config.retries, RetryPolicy::default());
    assert_eq!((config.http2, config.parallelism), (None, None));
    let searched = config.searched.join("; ");
    for place in ["LAKECTL_*", "lakectl", CACHE] {
        assert!(searched.contains(place), "{searched}");
    }
}

#[test]
fn empty_variable_counts_as_missing() {
    let config =
        read(&[(ENDPOINT, ""), (ID, ""), (SECRET, ""), ("LAKECTL_SERVER_RETRIES_ENABLED", "")]).unwrap();
    assert!(config.endpoint.is_none() && config.credentials.is_none());
    assert_eq!(config.retries.get_max_attempts(), 5);
}

#[test]
fn error_names_the_variable() {
    let cases = [
        ("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", "many"),
        ("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", "2.0"),
        ("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", "3600"),
        ("LAKECTL_SERVER_RETRIES_ENABLED", "no"),
        ("LAKECTL_NETWORK_HTTP2_ENABLED", "on"),
        ("LAKECTL_OPTIONS_PARALLELISM", "many"),
        ("LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_TOKEN_TTL_SECONDS", "3600"),
        ("LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_TOKEN_TTL_SECONDS", "-1h"),
        ("LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_TOKEN_REQUEST_HEADERS", "hush"),
    ];
    for (name, value) in cases {
        let error = read(&[(name, value)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(name) && !error.to_string().contains("hush"), "{error}");
    }
    for (name, missing) in [(ID, SECRET), (SECRET, ID)] {
        let message = read(&[(name, "hush")]).unwrap_err().to_string();
        assert!(message.contains(missing) && !message.contains("hush"), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn variable_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStringExt as _;

    let mut environment = FakeEnvironment::default();
    environment.variables.insert(SECRET.to_owned(), std::ffi::OsString::from_vec(vec![0xff]));
    let error = Config::read(&environment).unwrap_err();
    assert!(error.to_string().contains(SECRET), "{error}");
}

#[test]
fn session_token_has_precedence_over_an_access_key() {
    let config =
        read(&[(ID, "id"), (SECRET, "hush"), ("LAKECTL_CREDENTIALS_SESSION_TOKEN", "hush")]).unwrap();
    assert_eq!(config.credentials, Some(ConfiguredCredentials::SessionToken("hush".to_owned())));
    assert_eq!(format!("{:?}", config.credentials), "Some(SessionToken(<redacted>))");
}

#[test]
fn cached_token_is_used_without_an_access_key() {
    let cached = |content: &str, variables: &[(&str, &str)]| {
        Config::read(&FakeEnvironment::new(variables).file(CACHE, content)).unwrap()
    };
    for content in [
        r#"{"token":"hush","expiration_time":7}"#,
        r#"{"Token":"hush","EXPIRATION_TIME":7,"other":[]} and more"#,
    ] {
        let config = cached(content, &[]);
        assert_eq!(config.credentials, Some(ConfiguredCredentials::TokenCache(CACHE.into())));
        let key = cached(content, &[(ID, "id"), (SECRET, "secret")]);
        assert!(matches!(key.credentials, Some(ConfiguredCredentials::AccessKey { .. })));
        let aws_iam = cached(content, &[(PROVIDER, "aws_iam")]);
        assert!(matches!(aws_iam.credentials, Some(ConfiguredCredentials::AwsIam(_))));
    }
    for content in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"token":""}"#,
        r#"{"token":"hush","expiration_time":"7"}"#,
        r#"{"token":"hush","expiration_time":5e9}"#,
    ] {
        let config = cached(content, &[]);
        assert_eq!(config.credentials, None, "{content}");
        let searched = config.searched.join("; ");
        assert!(searched.contains("it contains no token") && !searched.contains("hush"), "{searched}");
    }
}

#[test]
fn unknown_provider_is_ignored_and_mentioned() {
    for provider in ["AWS_IAM", "other"] {
        let config = read(&[(PROVIDER, provider)]).unwrap();
        assert_eq!(config.credentials, None);
        assert!(config.searched.join("; ").contains(provider));
    }
}

#[test]
fn headers_are_read_from_a_variable() {
    let variable = "LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_TOKEN_REQUEST_HEADERS";
    let config = read(&[(PROVIDER, "aws_iam"), (variable, "X-Foo=bar, X-B = b=c")]).unwrap();
    let Some(ConfiguredCredentials::AwsIam(aws_iam)) = config.credentials else { panic!() };
    let headers = aws_iam.token_request_headers.unwrap();
    assert_eq!(headers.get("X-Foo").map(String::as_str), Some("bar"));
    assert_eq!(headers.get("X-B").map(String::as_str), Some("b=c"));
}

#[test]
fn negative_waits_are_no_waits() {
    let config = read(&[("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", "-1s")]).unwrap();
    assert_eq!(config.retries.get_initial_backoff(), Duration::ZERO);
}

#[test]
fn parallelism_below_1_is_ignored() {
    for files in ["0", "-1"] {
        assert_eq!(read(&[("LAKECTL_OPTIONS_PARALLELISM", files)]).unwrap().parallelism, None);
    }
}

#[test]
fn total_time_has_room_for_the_configured_retries() {
    let elapsed = |attempts: &str, min: &str, max: &str| {
        let variables = [
            ("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", attempts),
            ("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", min),
            ("LAKECTL_SERVER_RETRIES_MAX_WAIT_INTERVAL", max),
        ];
        read(&variables).unwrap().retries.get_max_elapsed()
    };
    let default = RetryPolicy::default().get_max_elapsed();
    assert_eq!(elapsed("4", "200ms", "30s"), default);
    // 1 + 2 + 4 + 8 + 16 + 95 × 30 seconds.
    assert_eq!(elapsed("100", "1s", "30s"), Duration::from_secs(31 + 95 * 30));
    assert_eq!(elapsed("4294967295", "0", "30s"), default);
    // 1 + 2 + … + 2²¹ + 978 × 2562047 hours.
    let hours = ((1 << 22) - 1) + 978 * 2_562_047;
    assert_eq!(elapsed("1000", "1h", "2562047h"), Duration::from_secs(hours * 3600));
    assert_eq!(elapsed("4294967295", "2562047h", "2562047h"), Duration::MAX);
}
