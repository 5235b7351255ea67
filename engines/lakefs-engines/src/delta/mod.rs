//! The factories of delta-rs for `lakefs://`.
