//! Helpers that several test programs share: servers, clients, objects, assertions and waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(dead_code, unused_imports, reason = "each test program uses a part of this module")]

mod assertions;
mod directories;
mod fault_proxy;
mod fixture;
mod objects;
mod progress;
mod scripted_server;
mod wait;

pub(crate) use assertions::{expect_error, expect_failed_paths, failed_paths, is_id};
pub(crate) use directories::{contents, directory_with, file_names, files, write_files};
pub(crate) use fault_proxy::{FaultProxy, ProxyFault};
pub(crate) use fixture::Fixture;
pub(crate) use objects::{
    changed_paths, changes, commit_objects, create_tag, object_paths, read_text, string_map, upload_objects,
};
pub(crate) use progress::ProgressLog;
pub(crate) use scripted_server::{ScriptedResponse, ScriptedServer};
pub(crate) use wait::{wait_for, wait_until};
