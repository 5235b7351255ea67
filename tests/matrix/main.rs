//! Every operation under every fault: nothing is applied twice, nothing is lost, and no error is certain that should not
//! be. Every operation with responses that are not lakeFS's: none of them is believed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cancelled;
mod case;
mod cases;
mod contract;
mod endpoint;
mod expectation;
mod fault;
mod foreign;
mod healthy;
mod lab;
mod observation;
mod other_writers;
mod pairs;
mod tls_front;
mod world;
