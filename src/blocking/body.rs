//! Upload bodies from blocking readers.

use std::io::{self, Read};

use bytes::Bytes;
use futures::stream::try_unfold;
use tokio::task::spawn_blocking;

use crate::transfer::write::body::Body;

/// How many bytes are read at once.
const CHUNK_SIZE: usize = 256 * 1024;

impl Body {
    /// Uploads what a reader of [`std::io`] yields until its end. [`Body::reader`] does the same for an asynchronous
    /// reader.
    ///
    /// The reader is read while the data are sent, on threads that may block. An upload from a reader cannot be
    /// retried.
    pub fn blocking_reader(reader: impl Read + Send + 'static) -> Self {
        Self::stream(try_unfold(reader, |reader| async {
            let read = spawn_blocking(move || read_chunk(reader)).await.map_err(io::Error::other)?;
            read.map(|(chunk, reader)| (!chunk.is_empty()).then_some((chunk, reader)))
        }))
    }
}

fn read_chunk<R: Read>(mut reader: R) -> io::Result<(Bytes, R)> {
    let mut chunk = Vec::new();
    reader.by_ref().take(CHUNK_SIZE as u64).read_to_end(&mut chunk)?;
    Ok((chunk.into(), reader))
}
