//! Stores that are built from a URL and from settings that are text.

use lakefs::{ErrorKind, Verify};

use super::adapter::{ConfigKey, LakeFsStore, LakeFsStoreBuilder};
use super::object_store::path::Path;
use super::object_store::{Error, ObjectStoreExt as _};
use super::{cause, text};
use crate::support::Fixture;

const URL: &str = "lakefs://example/main/data";
const SECRET: &str = "hush-hush";

/// A builder that lacks nothing.
fn complete() -> LakeFsStoreBuilder {
    LakeFsStore::builder().with_url(URL).with_endpoint("http://localhost:1").with_access_key("id", SECRET)
}

/// Asserts that a store cannot be built, and that the message has a text and no secret.
#[track_caller]
fn assert_refused(builder: LakeFsStoreBuilder, expected: &str) {
    let debug = format!("{builder:?}");
    assert!(!debug.contains("hush"), "{debug}");
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let message = format!("{error} {error:?}");
    assert!(message.contains(expected), "{expected:?} is missing in {message}");
    assert!(!message.contains("hush"), "{message}");
}

#[test]
fn store_displays_its_url() {
    for (url, prefix, expected) in [
        ("lakefs://example", None, "lakefs://example"),
        ("lakefs://example/", Some("main/data"), "lakefs://example/main/data"),
        ("lakefs://example/main", None, "lakefs://example/main"),
        ("lakefs://example/main/", Some("/data/"), "lakefs://example/main/data"),
        ("lakefs://example/main~1/a%20b/c", Some("d~"), "lakefs://example/main~1/a b/c/d~"),
        ("lakefs://My_Repo.2/v1", None, "lakefs://My_Repo.2/v1"),
    ] {
        let mut builder = complete().with_url(url);
        if let Some(prefix) = prefix {
            builder = builder.with_prefix(prefix);
        }
        let store = builder.build().unwrap();
        assert_eq!(store.to_string(), format!("LakeFsStore({expected})"), "{url}");
        let debug = format!("{store:?}");
        assert!(!debug.contains("hush"), "{debug}");
    }
}

#[tokio::test]
async fn store_from_names_of_delta_rs_reads_and_writes() {
    let fixture = Fixture::new().await;
    let main = fixture.main("names_of_delta_rs").await;
    let [id, secret] = fixture.access_key();
    let url = format!("lakefs://{}/main/a%20table", main.repository().name());
    let api = format!("{}/api/v1/", fixture.endpoint().trim_end_matches("/api/v1"));
    for (number, names) in [
        ["endpoint", "access_key_id", "secret_access_key", "allow_http"],
        ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ALLOW_HTTP"],
        ["endpoint_url", "aws_access_key_id", "secret_access_key", "aws_allow_http"],
        ["lakefs_endpoint", "lakefs_access_key_id", "lakefs_secret_access_key", "lakefs_allow_http"],
    ]
    .into_iter()
    .enumerate()
    {
        let endpoint = if number % 2 == 0 { fixture.endpoint() } else { &api };
        let values = [endpoint, &id, &secret, "true"];
        let unknown = [("aws_region", "eu"), ("commit_timeout", "5s")];
        let options = names.into_iter().zip(values).chain(unknown);
        let store = LakeFsStore::builder().with_url(&url).with_options(options).build().unwrap();
        let location = Path::from(format!("part-{number}"));
        store.put(&location, names[0].into()).await.unwrap();
        assert_eq!(text(&store, location.as_ref()).await, names[0]);
        let object = main.object(format!("a table/part-{number}"));
        assert_eq!(object.read().await.unwrap(), names[0]);
    }
}

#[tokio::test]
async fn settings_have_an_effect() {
    let fixture = Fixture::new().await;
    let main = fixture.main("settings").await;
    main.object("a").upload("abc").await.unwrap();
    let url = format!("lakefs://{}/main", main.repository().name());
    let builder = LakeFsStore::builder().with_client(fixture.client.clone()).with_url(url);
    for (verify, unverified) in [("off", 1), ("FALSE", 1), ("auto", 0), ("strict", 0)] {
        let store = builder.clone().with_config(ConfigKey::Verify, verify).build().unwrap();
        assert_eq!(text(&store, "a").await, "abc");
        assert_eq!(store.unverified_reads(), unverified, "{verify}");
    }
    let store = builder.clone().with_verify(Verify::Off).with_presign(false).build().unwrap();
    assert_eq!(text(&store, "a").await, "abc");
    assert_eq!(store.unverified_reads(), 1);

    // Settings replace those of the environment.
    let [id, secret] = fixture.access_key();
    let store = LakeFsStore::builder()
        .with_access_key(id.clone(), secret)
        .from_env()
        .with_endpoint(fixture.endpoint())
        .with_url(format!("lakefs://{}/main", main.repository().name()))
        .build()
        .unwrap();
    assert_eq!(text(&store, "a").await, "abc");

    let wrong = LakeFsStore::builder()
        .with_url(format!("lakefs://{}/main", main.repository().name()))
        .with_endpoint(fixture.endpoint())
        .with_access_key(id, "wrong")
        .build()
        .unwrap();
    let error = wrong.head(&Path::from("a")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
    assert_eq!(cause(&error).kind(), ErrorKind::Unauthenticated);
}

#[test]
fn missing_setting_is_refused() {
    let builder = LakeFsStore::builder;
    assert_refused(builder().with_endpoint("http://h").with_access_key("id", SECRET), "`lakefs_url`");
    assert_refused(builder().with_url(URL).with_access_key("id", SECRET), "`lakefs_endpoint`");
    assert_refused(builder().with_url(URL).with_endpoint("http://h"), "`lakefs_access_key_id`");
    let half = builder().with_url(URL).with_endpoint("http://h");
    assert_refused(half.clone().with_options([("aws_access_key_id", "id")]), "`lakefs_secret_access_key`");
    assert_refused(half.with_options([("secret_access_key", SECRET)]), "`lakefs_access_key_id`");
}

#[test]
fn invalid_value_is_refused_and_its_key_is_named() {
    for (name, value) in [
        ("endpoint", "hush.example.com"),
        ("aws_endpoint", "https://id:hush@example.com"),
        ("url", "s3://hush/main"),
        ("lakefs_url", "lakefs://id:hush@example/main"),
        ("presign", "maybe"),
        ("lakefs_verify", "sometimes"),
        ("aws_allow_http", ""),
        ("prefix", "a//b"),
    ] {
        assert_refused(complete().with_options([(name, value)]), &format!("`{name}`"));
    }
    let no_http = complete().with_options([("allow_http", "false")]);
    assert_refused(no_http.clone(), "`allow_http`");
    no_http.with_endpoint("https://lakefs.example.com").build().unwrap();
}

#[test]
fn contradictions_are_refused() {
    let two = [("endpoint", "http://one"), ("aws_endpoint_url", "http://two")];
    assert_refused(complete().with_options(two), "`endpoint` and `aws_endpoint_url`");
    let same = [("endpoint", "http://one"), ("aws_endpoint_url", "http://one/api/v1/")];
    complete().with_options(same).build().unwrap();
    let secrets = [("secret_access_key", SECRET), ("aws_secret_access_key", "hush")];
    assert_refused(complete().with_options(secrets), "`secret_access_key` and `aws_secret_access_key`");
    assert_refused(complete().with_token(SECRET), "`lakefs_token`");
    // A later call replaces the value of an earlier one.
    let replaced = complete().with_options([("aws_endpoint", "no URL")]).with_endpoint("http://two");
    replaced.build().unwrap();

    let client = lakefs::Client::builder().endpoint("http://h").anonymous().build().unwrap();
    let with_client = LakeFsStore::builder().with_url(URL).with_client(client);
    with_client.clone().build().unwrap();
    assert_refused(with_client.clone().with_options([("endpoint", "http://h")]), "`endpoint`");
    assert_refused(with_client.clone().with_token(SECRET), "`lakefs_token`");
    assert_refused(with_client.clone().from_env(), "from_env");
    assert_refused(with_client.with_config(ConfigKey::AllowHttp, "no"), "`lakefs_allow_http`");
}
