//! The adapters to the `object_store` crate. All tests run for both of its versions.

#![cfg(any(feature = "object_store", feature = "object_store_0_13"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::duplicate_mod, reason = "the tests are compiled for both versions of the crate")]

#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "object_store_0_13")]
mod v0_13;
#[cfg(feature = "object_store")]
mod v0_14;
