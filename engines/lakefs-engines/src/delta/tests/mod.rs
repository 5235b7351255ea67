//! Tests on the test server.

mod cleanup;
mod conflicts;
mod operations;
mod options;
mod support;
