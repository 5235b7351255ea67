//! The contract suite: how a lakeFS server behaves, as seen through the client. Each test states one rule.
//!
//! `cargo test --test contract` runs the suite on the test server. With `LAKEFS_TEST_ENDPOINT` and `LAKECTL_CREDENTIALS_*`
//! it runs on that lakeFS, in storage namespaces below `LAKEFS_TEST_STORAGE_NAMESPACE` (default: what the server gives as
//! an example). `LAKEFS_TEST_STORAGE=presigned` selects a test server whose storage supports pre-signed URLs. A test that
//! passes on a real lakeFS and fails on the test server shows a bug in the test server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod actions;
mod admin;
mod auth;
mod branches;
mod checksums;
mod commits;
mod conditional_creates;
mod conflicts;
mod diffs;
mod directories;
mod directory_names;
mod directory_sync;
mod downloads;
mod handles;
mod identity;
mod imports;
mod listing;
mod login;
mod logs;
mod merge_previews;
mod merges;
mod object_control;
mod presigned;
mod presigned_writes;
mod pull_requests;
mod reads;
mod references;
mod repositories;
mod repository_extras;
mod resets;
mod resolves;
mod reverts;
mod settings;
mod staging;
#[path = "../support/mod.rs"]
mod support;
mod tags;
mod transactions;
mod unknown_commits;
mod unknown_outcomes;
mod uploads;
#[cfg(all(feature = "config", feature = "fs"))]
mod working_copies;
#[cfg(all(feature = "config", feature = "fs"))]
mod working_copies_lakectl;
#[cfg(all(feature = "config", feature = "fs"))]
mod working_copy_safety;
mod writes;
