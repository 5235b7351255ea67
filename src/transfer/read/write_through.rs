//! Destinations that are written through: pipes, devices, and open files of a process such as `/dev/stdout`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::transfer::blocking;
use crate::transfer::jobs::Jobs;
use crate::transfer::read::destination::Target;
use crate::transfer::read::file_hasher::Batch;

/// A destination that is no regular file of its own. It gets the bytes in order, as they arrive.
pub(crate) enum WriteThrough {
    Device(Arc<File>),
    #[cfg(unix)]
    Pipe(tokio::net::unix::pipe::Sender),
}

impl WriteThrough {
    /// Opens the destination.
    pub(crate) async fn open(target: Target) -> io::Result<Self> {
        match target {
            #[cfg(unix)]
            Target::Pipe(path) => pipe::open(&path).await.map(Self::Pipe),
            Target::Device(path) | Target::File(path) => {
                blocking(move || open_device(&path)).await.map(|file| Self::Device(file.into()))
            }
        }
    }

    /// Writes the next bytes.
    pub(crate) async fn write(&mut self, batch: Arc<Batch>, jobs: &Jobs) -> io::Result<()> {
        match self {
            Self::Device(file) => {
                let file = file.clone();
                let write = move || batch.chunks.iter().try_for_each(|chunk| (&*file).write_all(chunk));
                jobs.run(write).await
            }
            #[cfg(unix)]
            Self::Pipe(sender) => {
                for chunk in &batch.chunks {
                    tokio::io::AsyncWriteExt::write_all(sender, chunk).await?;
                }
                Ok(())
            }
        }
    }
}

fn open_device(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Such a regular file is open already, often for the output of the whole program, which is kept.
    options.write(true).append(path.metadata()?.is_file());
    options.open(path)
}

#[cfg(unix)]
mod pipe {
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    use tokio::net::unix::pipe::{OpenOptions, Sender};

    /// The first and the longest pause before the next attempt to open a pipe that nobody reads yet.
    const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(100)];

    /// Opens a pipe, and waits for its reader.
    ///
    /// Only an opening that blocks a thread is notified of the reader, so this one tries again and again.
    pub(super) async fn open(path: &Path) -> io::Result<Sender> {
        let [mut pause, longest] = PAUSES;
        loop {
            match OpenOptions::new().open_sender(path) {
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                    tokio::time::sleep(pause).await;
                    pause = longest.min(pause * 2);
                }
                opened => return opened,
            }
        }
    }
}
