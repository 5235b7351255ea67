//! The object store registry of `DataFusion` for `lakefs://`.
