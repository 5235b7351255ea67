//! The tests, compiled for version 0.14.

use ::object_store;
use lakefs::object_store as adapter;

#[path = "suite/mod.rs"]
mod suite;
