//! The guide: pages about topics that concern the whole crate.
//!
//! * [Concurrency](concurrency): how to run several requests at the same time, and what happens when one is dropped.
//! * [Credentials](credentials): where a client gets its credentials from, and when it renews them.
//! * [Retries](retries): which requests are retried, and what to do when the outcome of a request is unknown.

#[doc = include_str!("concurrency.md")]
pub mod concurrency {}

#[doc = include_str!("credentials.md")]
pub mod credentials {}

#[doc = include_str!("retries.md")]
pub mod retries {}
