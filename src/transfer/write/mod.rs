//! Writing object bytes: payload, routes, upload, writer.

pub(crate) mod body;
pub(crate) mod multipart;
pub(crate) mod payload;
pub(crate) mod presigned;
pub(crate) mod tally;
pub(crate) mod upload;
pub(crate) mod writer;
