//! A client for lakeFS.
