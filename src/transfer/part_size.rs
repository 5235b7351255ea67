//! Sizes of requests to the storage, and sizes and numbers of the parts of a multipart upload.

pub(crate) const MIB: u64 = 1024 * 1024;

/// The minimum number of bytes that are sent to the storage, or read from it, if the caller has not chosen the route. A
/// pre-signed URL takes one or two further requests, which is faster only if the data take longer than that.
pub(crate) const MIN_PRESIGNED_LENGTH: u64 = MIB;

/// The largest body that S3 accepts in one request: of an object, or of a part.
pub(crate) const MAX_REQUEST_LENGTH: u64 = 5 * 1024 * MIB;

/// The default size of a part that can be read again from its source when it is sent.
pub(crate) const DEFAULT_PART_SIZE: u64 = 8 * MIB;

/// The default size of a part of a stream. The part is buffered in memory, so that it can be sent again.
pub(crate) const DEFAULT_STREAM_PART_SIZE: u64 = 5 * MIB;

/// The smallest part that storages accept, except for the last one.
pub(crate) const MIN_PART_SIZE: u64 = 5 * MIB;

/// The largest part that storages accept.
pub(crate) const MAX_PART_SIZE: u64 = MAX_REQUEST_LENGTH;

/// The largest number of parts that storages accept.
pub(crate) const MAX_PARTS: u64 = 10_000;

/// Returns the smallest part size, in whole MiB, with which `length` bytes fit into `parts` parts.
pub(crate) fn even_part_size(length: u64, parts: u64) -> u64 {
    length.div_ceil(parts).next_multiple_of(MIB)
}

/// Returns the part size for an upload of `length` bytes: the requested or default size, within the limits of storages.
pub(crate) fn part_size(length: Option<u64>, requested: Option<u64>, default: u64) -> u64 {
    let min = length.map_or(MIN_PART_SIZE, |length| even_part_size(length, MAX_PARTS));
    requested.unwrap_or(default).clamp(MIN_PART_SIZE, MAX_PART_SIZE).max(min)
}
