//! Storage options.

use std::collections::HashMap;

use deltalake::{DeltaResult, DeltaTable, DeltaTableBuilder};

use crate::delta::register_handlers;

fn build(url: &str, options: &[(&str, &str)]) -> DeltaResult<DeltaTable> {
    register_handlers(None);
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let options: HashMap<_, _> = options.collect();
    DeltaTableBuilder::from_url(url.parse().unwrap())?.with_storage_options(options).build()
}

fn error_of(options: &[(&str, &str)]) -> String {
    build("lakefs://tables/main/events", options).unwrap_err().to_string()
}

#[test]
fn options_have_the_names_that_users_of_delta_rs_know() {
    for [endpoint, id, secret] in [
        ["lakefs_endpoint", "lakefs_access_key_id", "lakefs_secret_access_key"],
        ["endpoint", "access_key_id", "secret_access_key"],
        ["ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"],
        ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        ["aws_endpoint", "aws_access_key_id", "aws_secret_access_key"],
    ] {
        let options = [
            (endpoint, "http://localhost:8000"),
            (id, "id"),
            (secret, "secret"),
            ("allow_http", "true"),
            ("aws_region", "us-east-1"),
            ("max_retries", "3"),
        ];
        build("lakefs://tables/main/events", &options).unwrap();
    }
}

#[test]
fn option_under_two_names_must_have_one_value() {
    let error = error_of(&[("endpoint", "http://a"), ("aws_endpoint_url", "http://b")]);
    assert!(error.contains("have different values"), "{error}");
}

#[test]
fn half_an_access_key_is_refused() {
    let error = error_of(&[("endpoint", "http://localhost:1"), ("secret_access_key", "hidden")]);
    assert!(error.contains("`lakefs_access_key_id` is not"), "{error}");
    assert!(!error.contains("hidden"), "{error}");
}

#[test]
fn location_without_a_ref_is_refused() {
    let options = [("endpoint", "http://localhost:1"), ("token", "t")];
    let error = build("lakefs://tables", &options).unwrap_err().to_string();
    assert!(error.contains("no branch, tag or commit"), "{error}");
}
