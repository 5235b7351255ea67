//! Data to upload.

use std::io;

use futures::stream;
use lakefs::Body;

pub(crate) const MIB: usize = 1 << 20;

/// Returns data without repetitions.
pub(crate) fn data(length: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(length + 4);
    for number in (0_u32..).take(length.div_ceil(4)) {
        data.extend_from_slice(&number.to_be_bytes());
    }
    data.truncate(length);
    data
}

/// Returns a stream of chunks of 100,000 bytes.
pub(crate) fn chunks(data: &[u8]) -> Body {
    let chunks: Vec<_> = data.chunks(100_000).map(|chunk| Ok::<_, io::Error>(chunk.to_vec())).collect();
    Body::stream(stream::iter(chunks))
}
