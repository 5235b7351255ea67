//! Files that are streams: pipes, devices, and files of `/proc`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
#[cfg(unix)]
use bytes::BytesMut;
use futures::stream::{self, StreamExt as _};
#[cfg(unix)]
use tokio::{io::AsyncReadExt as _, net::unix::pipe};

use crate::http::request_body::Chunks;
use crate::transfer::{CHUNK_SIZE, blocking, with_path};

/// How many bytes are read from a pipe at once: as many as a pipe of Linux has.
#[cfg(unix)]
const PIPE_SIZE: usize = 64 * 1024;

/// How long to wait for a file that has no bytes ready, such as a terminal.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Opens a file without waiting for the other end of a pipe or the carrier of a line.
#[cfg(unix)]
pub(super) fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    match rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        // Another program has a lease on a regular file, and has to return it first.
        Err(rustix::io::Errno::WOULDBLOCK) => File::open(path),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Returns the bytes of an open file up to its end.
///
/// No thread waits for a pipe. Other files are read in jobs on the blocking thread pool, which do not wait for bytes either.
pub(super) fn chunks(file: File, path: PathBuf, first: Bytes) -> io::Result<Chunks> {
    let reader = Reader::new(file).map_err(|error| with_path(&path, &error))?;
    let first = (!first.is_empty()).then_some(Ok(first));
    let rest = stream::try_unfold((reader, path), |(mut reader, path)| async {
        let chunk = reader.read().await.map_err(|error| with_path(&path, &error))?;
        Ok((!chunk.is_empty()).then_some((chunk, (reader, path))))
    });
    Ok(stream::iter(first).chain(rest).boxed())
}

enum Reader {
    #[cfg(unix)]
    Pipe(pipe::Receiver),
    Jobs(Arc<File>),
}

impl Reader {
    #[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "it can fail on Unix"))]
    fn new(file: File) -> io::Result<Self> {
        #[cfg(unix)]
        if std::os::unix::fs::FileTypeExt::is_fifo(&file.metadata()?.file_type()) {
            return pipe::Receiver::from_file(file).map(Self::Pipe);
        }
        Ok(Self::Jobs(Arc::new(file)))
    }

    /// Returns the next bytes, and none at the end.
    async fn read(&mut self) -> io::Result<Bytes> {
        match self {
            #[cfg(unix)]
            Self::Pipe(pipe) => {
                let mut chunk = BytesMut::with_capacity(PIPE_SIZE);
                pipe.read_buf(&mut chunk).await?;
                Ok(chunk.freeze())
            }
            Self::Jobs(file) => loop {
                let file = file.clone();
                match blocking(move || read_block(&file, CHUNK_SIZE)).await {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        tokio::time::sleep(POLL_INTERVAL).await;
                    }
                    read => return read,
                }
            },
        }
    }
}

/// Reads up to `size` bytes at the position of the file.
pub(super) fn read_block(mut file: &File, size: usize) -> io::Result<Bytes> {
    let mut chunk = vec![0; size];
    loop {
        match file.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(read) => {
                chunk.truncate(read);
                return Ok(chunk.into());
            }
        }
    }
}
