//! The tests, compiled for version 0.13.

use ::object_store_0_13 as object_store;
use lakefs::object_store_0_13 as adapter;

#[path = "suite/mod.rs"]
mod suite;

/// How many creations the writers contend for on the test server. The full number is that of one version, because it takes
/// a while.
const CREATIONS: usize = 100;
