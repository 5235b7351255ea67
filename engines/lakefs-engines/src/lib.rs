//! lakeFS as the storage of query engines and table formats.
//!
//! The client, [`lakefs`], depends on no engine. This crate connects it to them, each behind a feature:
//!
//! * `datafusion`: an object store registry, so that a `DataFusion` or Ballista session reads and writes
//!   `lakefs://<repository>/<ref>/<path>` with nothing registered by hand.
//! * `delta`: the factories of delta-rs for `lakefs://`.

#[cfg(feature = "datafusion")]
pub mod datafusion;
#[cfg(feature = "delta")]
pub mod delta;
