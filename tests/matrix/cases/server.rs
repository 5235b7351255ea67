//! The server itself: setup, configuration, health, statistics.

use lakefs::models;

use crate::case::Effect::{Once, Read};
use crate::case::{Case, case, value};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("setup", Once, |w, _| async move {
            let setup = w.client.admin().setup("admin").access_key("AKIA", "hush");
            value(setup.await?.access_key_id)
        })
        .emulated([
            (200, r#"{"access_key_id":"AKIA","creation_date":1,"secret_access_key":"hush"}"#),
            (409, r#"{"message":"lakeFS already initialized"}"#),
        ]),
        case("setup_comm_prefs", Once, |w, _| async move {
            value(w.client.admin().communication_preferences("a@b.example").await?)
        })
        .emulated([(200, ""), (409, r#"{"message":"communication preferences already set"}"#)]),
        case("get_setup_state", Read, |w, _| async move { value(w.client.admin().setup_state().await?) }),
        case(
            "get_auth_capabilities",
            Read,
            |w, _| async move { value(w.client.admin().capabilities().await?) },
        ),
        case("get_usage_report_summary", Read, |w, _| async move {
            value(w.client.admin().usage_report().await?)
        }),
        // A client of its own, because a client keeps the configuration.
        case(
            "get_config",
            Read,
            |w, _| async move { value(w.api().get_config().send().await?.into_inner()) },
        ),
        case("get_storage_config", Read, |w, _| async move {
            value(w.api().get_storage_config().send().await?.into_inner())
        }),
        case("get_lake_fs_version", Read, |w, _| async move {
            value(w.api().get_lake_fs_version().send().await?.into_inner())
        }),
        case("get_garbage_collection_config", Read, |w, _| async move {
            value(w.api().get_garbage_collection_config().send().await?.into_inner())
        }),
        case(
            "health_check",
            Read,
            |w, _| async move { value(w.api().health_check().send().await?.into_inner()) },
        ),
        case("post_stats_events", Once, |w, _| async move {
            let events = models::StatsEventsList::new([models::StatsEvent::new("class", "name", 1)]);
            value(w.api().post_stats_events().body(events).send().await?.into_inner())
        }),
        // The identity provider accepts a code once.
        case("oauth_callback", Once, |w, _| async move {
            value(w.api().oauth_callback().send().await?.into_inner())
        })
        .emulated([(302, ""), (401, r#"{"message":"error authenticating request"}"#)]),
    ]
}
