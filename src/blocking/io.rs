//! Readers and writers of [`std::io`].

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _,
    AsyncWrite, AsyncWriteExt as _,
};

use crate::blocking::runtime::block_on;

/// A reader or writer of [`std::io`] that wraps an asynchronous one, such as an
/// [`ObjectReader`](crate::ObjectReader) or an [`ObjectWriter`](crate::ObjectWriter).
///
/// ```no_run
/// use std::io::{BufRead as _, Write as _};
///
/// use lakefs::Client;
/// use lakefs::blocking::{BlockOn as _, SyncIo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let branch = Client::from_env()?.repository("example").branch("main");
///
/// let mut writer = SyncIo::new(branch.object("data.csv").writer().block_on()?);
/// writer.write_all(b"id\n1\n")?;
/// writer.shutdown()?;
///
/// let reader = SyncIo::new(branch.object("data.csv").reader().block_on()?);
/// for line in reader.lines() {
///     println!("{}", line?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SyncIo<T>(T);

impl<T> SyncIo<T> {
    /// Wraps an asynchronous reader or writer.
    pub fn new(inner: T) -> Self {
        Self(inner)
    }

    /// Returns a reference to the wrapped reader or writer.
    pub fn get_ref(&self) -> &T {
        &self.0
    }

    /// Returns the wrapped reader or writer.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsyncRead + Unpin> Read for SyncIo<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        block_on(self.0.read(buffer))?
    }
}

impl<T: AsyncBufRead + Unpin> BufRead for SyncIo<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        block_on(self.0.fill_buf())?
    }

    fn consume(&mut self, bytes: usize) {
        self.0.consume(bytes);
    }
}

impl<T: AsyncSeek + Unpin> Seek for SyncIo<T> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        block_on(self.0.seek(position))?
    }
}

impl<T: AsyncWrite + Unpin> Write for SyncIo<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        block_on(self.0.write(buffer))?
    }

    fn flush(&mut self) -> io::Result<()> {
        block_on(self.0.flush())?
    }
}

impl<T: AsyncWrite + Unpin> SyncIo<T> {
    /// Completes the object: sends what is buffered, and blocks until the server has stored it. Dropping an
    /// [`ObjectWriter`](crate::ObjectWriter) without this call stores nothing.
    ///
    /// # Errors
    /// Those of the wrapped writer.
    pub fn shutdown(&mut self) -> io::Result<()> {
        block_on(self.0.shutdown())?
    }
}
