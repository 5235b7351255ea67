//! The temporary file that keeps the data of an upload.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::transfer::CHUNK_SIZE;
use crate::transfer::positioned::{read_exact_at, write_all_at};

/// A file without a name, which disappears when it is closed. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct SpoolFile {
    file: Arc<File>,
    /// How many bytes were written.
    length: u64,
}

impl SpoolFile {
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Starts a job that appends bytes to a file, or to a new one in a directory. Returns the longer file.
    pub(crate) fn write(
        file: Option<&Self>,
        directory: Option<PathBuf>,
        bytes: Vec<Bytes>,
    ) -> JoinHandle<io::Result<Self>> {
        let file = file.cloned();
        spawn_blocking(move || {
            let Self { file, mut length } = if let Some(file) = file {
                file
            } else {
                let directory = directory.unwrap_or_else(std::env::temp_dir);
                Self { file: Arc::new(tempfile::tempfile_in(directory)?), length: 0 }
            };
            for bytes in bytes {
                write_all_at(&file, &bytes, length)?;
                length += bytes.len() as u64;
            }
            Ok(Self { file, length })
        })
    }

    /// Starts a job that reads a chunk from a position on.
    pub(crate) fn read(&self, position: u64) -> JoinHandle<io::Result<Bytes>> {
        let Self { file, length } = self.clone();
        spawn_blocking(move || {
            let bytes = usize::try_from(length - position).unwrap_or(CHUNK_SIZE).min(CHUNK_SIZE);
            let mut chunk = vec![0; bytes];
            read_exact_at(&file, &mut chunk, position)
                .map_err(|error| io::Error::new(error.kind(), format!("the temporary file: {error}")))?;
            Ok(Bytes::from(chunk))
        })
    }
}
