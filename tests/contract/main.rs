//! The contract suite: what the client and a lakeFS server owe each other, one test a rule.
//!
//! `cargo test --test contract` runs it on the test server. With `LAKEFS_TEST_ENDPOINT` and `LAKECTL_CREDENTIALS_*` it
//! runs on that lakeFS, under `LAKEFS_TEST_STORAGE_NAMESPACE` (taken from the server's own example where that is not
//! set). With `LAKEFS_TEST_STORAGE=presigned` the test server is one whose storage clients use by themselves. A test that holds on one and not on the other shows a bug in the test server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod actions;
mod admin;
mod auth;
mod branches;
mod commits;
mod diffs;
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
mod reverts;
mod settings;
mod staging;
mod storage;
mod support;
mod tags;
mod transactions;
mod tree_edges;
mod trees;
mod uploads;
mod writes;
