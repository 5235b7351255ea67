//! The guide: pages about topics that concern the whole crate.
//!
//! * [Concurrency](concurrency): how to run several requests at the same time, and what happens when one is dropped.
//! * [Credentials](credentials): where a client gets its credentials from, and when it renews them.
#![cfg_attr(
    any(feature = "object_store", feature = "object_store_0_13"),
    doc = "* [Engines](engines): stores for DataFusion, Delta Lake and other engines that use the crate `object_store`."
)]
//! * [Observability](observability): spans, trace context and metrics.
//! * [Retries](retries): which requests are retried, and what to do when the outcome of a request is unknown.
//! * [Transactions](transactions): how several changes take effect together, and what to do about conflicts.
#![cfg_attr(
    feature = "fs",
    doc = "* [Transfers](transfers): how bytes get from and to lakeFS, and what is verified."
)]
#![cfg_attr(
    all(feature = "config", feature = "fs"),
    doc = "* [Working copies](working_copies): a local directory that is linked to a prefix, like a checkout of git."
)]

#[doc = include_str!("concurrency.md")]
pub mod concurrency {}

#[doc = include_str!("credentials.md")]
pub mod credentials {}

#[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
#[doc = include_str!("engines.md")]
pub mod engines {}

#[doc = include_str!("observability.md")]
pub mod observability {}

#[doc = include_str!("retries.md")]
pub mod retries {}

#[doc = include_str!("transactions.md")]
pub mod transactions {}

#[cfg(feature = "fs")]
#[doc = include_str!("transfers.md")]
pub mod transfers {}

#[cfg(all(feature = "config", feature = "fs"))]
#[doc = include_str!("working_copies.md")]
pub mod working_copies {}
