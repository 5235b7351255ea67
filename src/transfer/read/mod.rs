//! Reading object bytes: byte range, resumable body, reader, download.

pub(crate) mod body;
pub(crate) mod byte_range;
pub(crate) mod download;
pub(crate) mod hasher;
pub(crate) mod reader;
pub(crate) mod request;
pub(crate) mod verify;
