//! A lakeFS that lives in memory.
