//! Storage options.

use std::collections::HashMap;

use crate::delta::options::Options;

fn parse(options: &[(&str, &str)]) -> deltalake::DeltaResult<Options> {
    let raw = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Options::parse(&raw.collect::<HashMap<_, _>>())
}

#[test]
fn option_has_the_names_that_users_of_delta_rs_know() {
    let expected = parse(&[
        ("lakefs_endpoint", "http://localhost:8000"),
        ("lakefs_access_key_id", "id"),
        ("lakefs_secret_access_key", "secret"),
    ])
    .unwrap();
    for [endpoint, id, secret] in [
        ["endpoint", "access_key_id", "secret_access_key"],
        ["ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"],
        ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        ["aws_endpoint", "aws_access_key_id", "aws_secret_access_key"],
    ] {
        let options = [(endpoint, "http://localhost:8000"), (id, "id"), (secret, "secret")];
        let other = [("allow_http", "true"), ("region", "us-east-1"), ("aws_session_token", "of AWS")];
        let options = parse(&[&options[..], &other[..]].concat()).unwrap();
        assert!(options == expected, "{endpoint}");
    }
}

#[test]
fn option_under_two_names_must_have_one_value() {
    assert!(parse(&[("endpoint", "http://a"), ("aws_endpoint_url", "http://a")]).is_ok());
    let error = parse(&[("token", "secret 1"), ("lakefs_token", "secret 2")]).err().unwrap().to_string();
    assert!(error.contains("token\" is given under two names"), "{error}");
    assert!(!error.contains("secret "), "{error}");
}

#[test]
fn half_an_access_key_is_refused() {
    let options = parse(&[("endpoint", "http://localhost:1"), ("access_key_id", "id")]).unwrap();
    let error = options.client().unwrap_err().to_string();
    assert!(error.contains("\"secret_access_key\" is missing"), "{error}");
}

#[test]
fn equal_options_share_a_client() {
    let options = [("endpoint", "http://localhost:1"), ("token", "equal_options_share_a_client")];
    let one = parse(&options).unwrap().client().unwrap();
    let two = parse(&options).unwrap().client().unwrap();
    assert_eq!(one.repository("r"), two.repository("r"));
}
